// SPDX-License-Identifier: Apache-2.0
// Decodes and encodes again with nanopb: the third opinion on every vector. Test support.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// @param name message name without package, e.g. "Hello"
/// @return bytes written; 0 if nanopb refuses the bytes or does not know the message.
size_t nanopb_roundtrip(const char* name, const uint8_t* bytes, size_t size, uint8_t* out,
                        size_t capacity);

#ifdef __cplusplus
}
#endif
