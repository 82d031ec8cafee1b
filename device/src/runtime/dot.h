// SPDX-License-Identifier: Apache-2.0
// The inner product all dense kernels spend their time in. The caller guarantees at most
// FR_ACCUMULATE_MAX products in one accumulator, so that it cannot overflow.
#ifndef FRUGAL_RUNTIME_DOT_H
#define FRUGAL_RUNTIME_DOT_H

#include <stdint.h>

/// sum of weights[i] * (values[i] + offset); both factors fit 16 bits, which is what lets the
/// compiler use its widening multiply-add.
static inline int32_t fr_dot(const int8_t* weights, const int8_t* values, uint32_t count,
                             int32_t offset) {
    int16_t shift = (int16_t)offset;
    int32_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        sum += weights[i] * (int16_t)(values[i] + shift);
    }
    return sum;
}

#endif
