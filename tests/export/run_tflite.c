// SPDX-License-Identifier: Apache-2.0
// A firmware's use of an exported .tflite, on the host: reads inputs from standard input, step
// after step, and writes the outputs.
#include <stdio.h>
#include <string.h>

#include EXPORTED_HEADER
#include "frugal/limits.h"
#include "frugal/runtime.h"
#include "frugal/sha256.h"

static uint8_t arena[EXPORTED_ARENA_BYTES];
static uint8_t state[EXPORTED_STATE_BYTES + 1u];

static int run_step(const fr_interpreter_t* interpreter) {
    uint8_t* input = NULL;
    const uint8_t* output = NULL;
    size_t size = 0;
    if (fr_interpreter_input(interpreter, 0, &input, &size) != FR_OK ||
        size != EXPORTED_INPUT_0_SIZE_BYTES) {
        return -1;
    }
    if (fread(input, 1, size, stdin) != size) {
        return 0;
    }
    if (fr_interpreter_invoke(interpreter) != FR_OK ||
        fr_interpreter_output(interpreter, 0, &output, &size) != FR_OK ||
        size != EXPORTED_OUTPUT_0_SIZE_BYTES) {
        return -1;
    }
    for (size_t i = 0; i < size; i++) {
        printf("%u ", output[i]);
    }
    return 1;
}

int main(void) {
    fr_model_t model;
    fr_interpreter_t interpreter;
    uint8_t digest[FR_SHA256_SIZE];
    static const int32_t shape[] = EXPORTED_INPUT_0_SHAPE;
    fr_sha256(exported_model, EXPORTED_SIZE_BYTES, digest);
    if (memcmp(digest, exported_digest, sizeof digest) != 0 ||
        (uintptr_t)exported_model % 16 != 0 ||
        sizeof shape / sizeof shape[0] != EXPORTED_INPUT_0_RANK ||
        fr_model_open_with(&model, &exported_operators, exported_model, EXPORTED_SIZE_BYTES,
                           NULL) != FR_OK ||
        fr_interpreter_init(&interpreter, &model, arena, sizeof arena) != FR_OK ||
        fr_interpreter_bind_state(&interpreter, state, EXPORTED_STATE_BYTES) != FR_OK ||
        fr_state_reset(&model, state, EXPORTED_STATE_BYTES) != FR_OK) {
        return 1;
    }
    int more = 1;
    while (more > 0) {
        more = run_step(&interpreter);
    }
    printf("\n");
    return more < 0 ? 1 : 0;
}
