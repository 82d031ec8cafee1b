// SPDX-License-Identifier: Apache-2.0
#include "simulation/world/edge_model.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "frugal/classify.h"
#include "simulation/world/release_shelf.hpp"

namespace frugal::simulation {

EdgeModel::EdgeModel(base::Bytes tflite) : tflite_(std::move(tflite)), arena_(1U << 20) {
    FRUGAL_ASSERT(fr_model_open(&model_, tflite_.data(), tflite_.size(), nullptr) == FR_OK);
    FRUGAL_ASSERT(fr_interpreter_init(&interpreter_, &model_, arena_.data(), arena_.size()) ==
                  FR_OK);
    const auto digest = sha256(tflite_);
    for (std::size_t i = 0; i < 4; ++i) {
        short_name_ = short_name_ << 8 | digest[i];
    }
}

base::Result<core::EdgeAnswer> EdgeModel::classify(base::ByteView input) {
    std::uint8_t* place = nullptr;
    const std::uint8_t* output = nullptr;
    std::size_t size = 0;
    fr_tensor_t tensor;
    fr_classification_t answer{};
    if (fr_interpreter_input(&interpreter_, 0, &place, &size) != FR_OK || size != input.size()) {
        return base::fail(base::ErrorKind::kInvalidInput, "input of another size");
    }
    std::copy(input.begin(), input.end(), place);
    fr_status_t status = fr_interpreter_invoke(&interpreter_);
    if (status == FR_OK) {
        status = fr_interpreter_output(&interpreter_, 0, &output, &size);
    }
    if (status == FR_OK) {
        status = fr_model_output(&model_, 0, &tensor);
    }
    if (status == FR_OK) {
        status = fr_classify_output(&tensor, output, &answer);
    }
    fr_interpreter_clear(&interpreter_);
    if (status != FR_OK) {
        return base::fail(base::ErrorKind::kInternal, "the edge model cannot be run");
    }
    return core::EdgeAnswer{answer.class_index, answer.confidence_q8, short_name_};
}

}  // namespace frugal::simulation
