// SPDX-License-Identifier: Apache-2.0
// The inner products all dense kernels spend their time in: a patch of input values, widened once
// to 16 bits with the zero point taken off, against the weights of a block of output channels. The
// caller guarantees at most FR_ACCUMULATE_MAX products in one sum, so that it cannot overflow.
#ifndef FRUGAL_RUNTIME_DOT_H
#define FRUGAL_RUNTIME_DOT_H

#include <stdint.h>

#define FR_PATCH_SIZE 128u  ///< input values widened at a time, on the stack

/// Widens `count` values.
static inline void fr_patch_fill(int16_t* patch, const int8_t* values, uint32_t count,
                                 int32_t offset) {
    int16_t shift = (int16_t)offset;
    for (uint32_t i = 0; i < count; i++) {
        patch[i] = (int16_t)(values[i] + shift);
    }
}

/// Adds the products with four rows of weights, `stride` apart, to four sums.
static inline void fr_dot_four(int32_t* sums, const int8_t* weights, uint32_t stride,
                               const int16_t* patch, uint32_t count) {
    const int8_t* second = weights + stride;
    const int8_t* third = second + stride;
    const int8_t* fourth = third + stride;
    int32_t a = 0;
    int32_t b = 0;
    int32_t c = 0;
    int32_t d = 0;
    for (uint32_t i = 0; i < count; i++) {
        a += weights[i] * patch[i];
        b += second[i] * patch[i];
        c += third[i] * patch[i];
        d += fourth[i] * patch[i];
    }
    sums[0] += a;
    sums[1] += b;
    sums[2] += c;
    sums[3] += d;
}

/// Adds the products with `rows` rows of weights to as many sums.
static inline void fr_dot_rows(int32_t* sums, uint32_t rows, const int8_t* weights, uint32_t stride,
                               const int16_t* patch, uint32_t count) {
    uint32_t row = 0;
    for (; row + 4u <= rows; row += 4u) {
        fr_dot_four(sums + row, weights + row * stride, stride, patch, count);
    }
    for (; row < rows; row++) {
        const int8_t* single = weights + row * stride;
        int32_t sum = 0;
        for (uint32_t i = 0; i < count; i++) {
            sum += single[i] * patch[i];
        }
        sums[row] += sum;
    }
}

#endif
