// SPDX-License-Identifier: Apache-2.0
// What the files of the Bonsai reader share: the header's fields and the arithmetic of the
// container, with 12 fraction bits unless said otherwise. Pure functions.
#ifndef FRUGAL_BONSAI_INTERNAL_H
#define FRUGAL_BONSAI_INTERNAL_H

#include "bytes/little_endian.h"
#include "frugal/bonsai.h"

enum {
    FR_BONSAI_VERSION_AT = 4,
    FR_BONSAI_FEATURES_AT = 5,
    FR_BONSAI_DEPTH_AT = 6,
    FR_BONSAI_CLASSES_AT = 7,
    FR_BONSAI_INPUTS_AT = 8,
    FR_BONSAI_ZERO_AT = 10,
    FR_BONSAI_PROJECTION_SHIFT_AT = 11,
    FR_BONSAI_GATE_SHIFT_AT = 12,
    FR_BONSAI_SCORE_SHIFT_AT = 13,
    FR_BONSAI_CONFIDENCE_SHIFT_AT = 14,
    FR_BONSAI_RESERVED_AT = 15
};

/// value / 2^shift, rounded half up.
static inline int64_t fr_bonsai_shift(int64_t value, uint32_t shift) {
    return (value + ((int64_t)1 << shift >> 1)) >> shift;
}

/// tanh with 15 fraction bits.
int32_t fr_bonsai_tanh(int64_t value);

#endif
