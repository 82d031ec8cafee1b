// SPDX-License-Identifier: Apache-2.0
// The error value of the gateway: what kind, what happened where, why, and what to do about it.
// Plain value, any thread. Context is added on the way up; whoever stops propagating logs it once.
#pragma once

#include <string>
#include <string_view>

namespace frugal::base {

enum class ErrorKind {
    kInvalidInput,  ///< malformed or out of range: the caller must change what it sent
    kNotFound,      ///< the named thing does not exist
    kConflict,      ///< not possible in the present state, or somebody was faster
    kDenied,        ///< not signed in, wrong signature, revoked, not allowed
    kLimit,         ///< a declared limit is reached
    kUnavailable,   ///< a peer, port or file cannot be reached now; trying later may help
    kCorrupt,       ///< stored bytes do not match what was written
    kStorage,       ///< the disk or database failed; the outcome may be unknown
    kUnsupported,   ///< well formed, but a version or feature not built in
    kInternal,      ///< a library failed in a way that is not the caller's doing
};

std::string_view to_string(ErrorKind kind);

struct Error {
    ErrorKind kind = ErrorKind::kInternal;
    std::string message;  ///< what happened, where: names the file, key, device, offset
    std::string cause;    ///< why, if known
    std::string remedy;   ///< what the reader can do, if anything

    /// Returns this error with "context: " put before its message.
    Error with_context(std::string_view context) const;

    /// "message (cause). remedy" for a terminal or a log line.
    std::string describe() const;
};

}  // namespace frugal::base
