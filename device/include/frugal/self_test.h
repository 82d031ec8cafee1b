// SPDX-License-Identifier: Apache-2.0
// Golden vectors of a manifest: how inputs are made from a seed and outputs become a digest. The
// device checks with this, the signer computes with this. Pure functions on the caller's memory.
#ifndef FRUGAL_SELF_TEST_H
#define FRUGAL_SELF_TEST_H

#include <stddef.h>
#include <stdint.h>

#include "frugal/runtime.h"
#include "frugal/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FR_SELF_TEST_DIGEST_SIZE 16u

/// Fills `input` with the xorshift32 sequence from `seed` (not 0): for each byte the state is
/// stepped (x ^= x << 13; x ^= x >> 17; x ^= x << 5), then its top byte is taken. The sequence runs
/// on over all inputs of a model. @return the state to go on with.
uint32_t fr_self_test_input(uint32_t seed, uint8_t* input, size_t size);

/// Runs one vector: resets the state of a streaming model, fills all inputs, invokes, digests all
/// output tensors in order.
/// @return FR_OK; or what the interpreter said.
FR_MUST_USE fr_status_t fr_self_test_run(const fr_interpreter_t* interpreter, uint32_t seed,
                                         uint8_t digest[FR_SELF_TEST_DIGEST_SIZE]);

#ifdef __cplusplus
}
#endif

#endif
