// SPDX-License-Identifier: Apache-2.0
// The one status type of the node library: every function that can fail returns it, and its
// result must be used. Values are stable; they never travel on the wire (wire reasons are
// frugal.v1.Reason).
#ifndef FRUGAL_STATUS_H
#define FRUGAL_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    FR_OK = 0,
    FR_ERROR_ARGUMENT = 1,   ///< a caller's mistake: null pointer, zero size, wrong order of calls
    FR_ERROR_TRUNCATED = 2,  ///< input ended before the structure did
    FR_ERROR_MALFORMED = 3,  ///< input breaks its format
    FR_ERROR_UNSUPPORTED = 4,  ///< well formed, but a version, operator or option not built in
    FR_ERROR_NO_SPACE = 5,     ///< a caller-given buffer, slot, ring or arena is too small
    FR_ERROR_DIGEST = 6,       ///< bytes do not match the digest that names them
    FR_ERROR_SIGNATURE = 7,    ///< the signature does not verify under the key
    FR_ERROR_STORAGE = 8,      ///< the flash port failed, or what it holds is damaged
    FR_ERROR_NOT_FOUND = 9,    ///< no such slot, task, record or tensor
    FR_ERROR_STATE = 10,       ///< not possible in the present state
    FR_ERROR_LIMIT = 11        ///< a declared limit (limits.h) would be exceeded
} fr_status_t;

#ifdef __cplusplus
}
#endif

#if defined(__GNUC__)
#define FR_MUST_USE __attribute__((warn_unused_result))
#else
#define FR_MUST_USE
#endif

#endif
