// SPDX-License-Identifier: Apache-2.0
// What a container tells without running it. Apart from the reader, so that a firmware without
// trees can recognize one and still carries none of their code.
#include <string.h>

#include "frugal/bonsai.h"

bool fr_bonsai_is_tree(const uint8_t* bytes, size_t size) {
    static const uint8_t kMagic[] = {'F', 'R', 'B', 'N'};
    return size >= sizeof kMagic && memcmp(bytes, kMagic, sizeof kMagic) == 0;
}

uint32_t fr_bonsai_work(const fr_bonsai_t* model) {
    const uint32_t row = model->feature_count + 1u;
    const uint32_t nodes = model->depth + 1u;
    return model->branches - model->rows + row * model->depth +
           2u * row * nodes * model->score_count;
}
