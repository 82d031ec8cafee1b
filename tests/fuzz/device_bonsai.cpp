// SPDX-License-Identifier: Apache-2.0
// Any bytes as a Bonsai container: refused, or every input gets a class that exists.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "frugal/bonsai.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
    // A copy without slack, so that a read past the end is seen.
    std::unique_ptr<std::uint8_t[]> bytes(new std::uint8_t[size]);
    std::copy_n(input, size, bytes.get());
    fr_bonsai_t model;
    if (fr_bonsai_open(&model, bytes.get(), size) != FR_OK) {
        return 0;
    }
    std::vector<std::int8_t> sample(model.input_count);
    for (std::size_t i = 0; i < sample.size(); ++i) {
        sample[i] = static_cast<std::int8_t>(input[size - 1] + 37 * i);
    }
    fr_classification_t answer;
    if (fr_bonsai_classify(&model, sample.data(), sample.size(), &answer) != FR_OK ||
        answer.class_index >= model.class_count || answer.confidence_q8 < 128) {
        __builtin_trap();
    }
    return 0;
}
