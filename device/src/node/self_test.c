// SPDX-License-Identifier: Apache-2.0
#include "frugal/self_test.h"

#include <string.h>

#include "frugal/sha256.h"

uint32_t fr_self_test_input(uint32_t seed, uint8_t* input, size_t size) {
    uint32_t state = seed;
    for (size_t i = 0; i < size; ++i) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        input[i] = (uint8_t)(state >> 24);
    }
    return state;
}

fr_status_t fr_self_test_run(const fr_interpreter_t* interpreter, uint32_t seed,
                             uint8_t digest[FR_SELF_TEST_DIGEST_SIZE]) {
    uint8_t full[32];
    uint8_t* input = NULL;
    const uint8_t* output = NULL;
    size_t size = 0;
    for (uint32_t port = 0; fr_interpreter_input(interpreter, port, &input, &size) == FR_OK;
         ++port) {
        seed = fr_self_test_input(seed, input, size);
    }
    fr_status_t status =
        fr_state_reset(interpreter->model, interpreter->state, interpreter->state_size);
    if (status == FR_OK) {
        status = fr_interpreter_invoke(interpreter);
    }
    if (status != FR_OK) {
        return status;
    }
    fr_sha256_t sha;
    fr_sha256_init(&sha);
    for (uint32_t port = 0; fr_interpreter_output(interpreter, port, &output, &size) == FR_OK;
         ++port) {
        fr_sha256_update(&sha, output, size);
    }
    fr_sha256_final(&sha, full);
    memcpy(digest, full, FR_SELF_TEST_DIGEST_SIZE);
    return FR_OK;
}
