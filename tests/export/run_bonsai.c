// SPDX-License-Identifier: Apache-2.0
// A firmware's use of an exported Bonsai tree, on the host: reads inputs from standard input and
// writes their classes.
#include <stdio.h>

#include EXPORTED_HEADER

int main(void) {
    fr_bonsai_t model;
    fr_classification_t answer;
    static int8_t input[EXPORTED_INPUT_0_SIZE_BYTES];
    if (fr_bonsai_open(&model, exported_model, EXPORTED_SIZE_BYTES) != FR_OK ||
        model.class_count != EXPORTED_CLASSES) {
        return 1;
    }
    while (fread(input, 1, sizeof input, stdin) == sizeof input) {
        if (fr_bonsai_classify(&model, input, sizeof input, &answer) != FR_OK) {
            return 1;
        }
        printf("%u ", answer.class_index);
    }
    printf("\n");
    return 0;
}
