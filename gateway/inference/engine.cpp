// SPDX-License-Identifier: Apache-2.0
#include "inference/engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "frugal/classify.h"
#include "inference/onnx_format.hpp"

namespace frugal::inference {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;

float score_of(const fr_tensor_t& tensor, base::ByteView bytes, std::size_t index) {
    if (tensor.type == FR_TENSOR_FLOAT32) {
        float value = 0;
        std::memcpy(&value, bytes.data() + 4 * index, sizeof value);
        return value;
    }
    int score = tensor.type == FR_TENSOR_INT8 ? static_cast<std::int8_t>(bytes[index])
                                              : static_cast<int>(bytes[index]);
    return std::bit_cast<float>(tensor.scale_bits) * static_cast<float>(score - tensor.zero_point);
}

float probability_of(const fr_tensor_t& tensor, base::ByteView bytes, std::size_t index) {
    if (tensor.element_count != 1) {
        return score_of(tensor, bytes, index);
    }
    const float yes = score_of(tensor, bytes, 0);
    return index != 0 ? yes : 1 - yes;
}

Result<void> check_classifier(const LoadedModel& model) {
    if (model.inputs().size() != 1 || model.outputs().size() != 1) {
        return fail(ErrorKind::kUnsupported,
                    fmt::format("model: {} inputs and {} outputs", model.inputs().size(),
                                model.outputs().size()),
                    "a classifier has one of each", "export the model with one input and output");
    }
    fr_classification_t unread;
    fr_status_t status =
        fr_classify_output(&model.outputs()[0].tensor, model.output(0).data(), &unread);
    if (status != FR_OK) {
        return fail(ErrorKind::kUnsupported,
                    fmt::format("model: output '{}' is no list of class probabilities",
                                model.outputs()[0].name),
                    fmt::format("it has {} elements", model.outputs()[0].tensor.element_count),
                    "end the model with a softmax over 2 to 64 classes, or one logistic score");
    }
    return {};
}

Result<Classification> classify_with(LoadedModel& model, base::ByteView input) {
    Result<void> ran = model.run(input);
    if (!ran) {
        return tl::unexpected(ran.error());
    }
    const fr_tensor_t& tensor = model.outputs()[0].tensor;
    base::ByteView bytes = model.output(0);
    fr_classification_t best;
    if (fr_classify_output(&tensor, bytes.data(), &best) != FR_OK) {
        model.clear();
        return fail(ErrorKind::kInternal, "model: its output cannot be classified");
    }
    Classification result{best.class_index, best.confidence_q8, best.margin_q8, {}, {}};
    for (std::uint32_t index = 0; index < fr_class_count(&tensor); ++index) {
        result.probability_q8.push_back(fr_probability_q8(&tensor, bytes.data(), index));
        result.probability.push_back(probability_of(tensor, bytes, index));
    }
    model.clear();
    return result;
}

std::uint8_t q8_of(float probability) {
    return static_cast<std::uint8_t>(std::clamp(probability * 256, 0.0F, 255.0F));
}

Result<Classification> classify_with(OnnxNetwork& network, base::ByteView input) {
    auto probabilities = network.run(input);
    if (!probabilities) {
        return tl::unexpected(probabilities.error());
    }
    Classification result;
    for (const float probability : *probabilities) {
        result.probability_q8.push_back(q8_of(probability));
    }
    const auto best = std::max_element(probabilities->begin(), probabilities->end());
    result.class_index = static_cast<std::uint16_t>(best - probabilities->begin());
    result.confidence_q8 = result.probability_q8[result.class_index];
    std::uint8_t second = 0;
    for (std::size_t index = 0; index < result.probability_q8.size(); ++index) {
        if (index != result.class_index) {
            second = std::max(second, result.probability_q8[index]);
        }
    }
    result.margin_q8 = static_cast<std::uint8_t>(result.confidence_q8 - second);
    result.probability = std::move(*probabilities);
    return result;
}

}  // namespace

Result<Engine> Engine::load(base::Bytes bytes) {
    if (is_onnx(bytes)) {
        auto network = OnnxNetwork::load(bytes);
        if (!network) {
            return tl::unexpected(network.error());
        }
        return Engine(std::move(*network));
    }
    auto model = LoadedModel::load(std::move(bytes));
    if (!model) {
        return tl::unexpected(model.error());
    }
    Result<void> checked = check_classifier(*model);
    if (!checked) {
        return tl::unexpected(checked.error());
    }
    return Engine(std::move(*model));
}

std::size_t Engine::input_size() const {
    return std::visit([](const auto& model) { return model.input_size(); }, model_);
}

std::size_t Engine::class_count() const {
    const auto* own = model();
    return own != nullptr ? fr_class_count(&own->outputs().front().tensor)
                          : std::get<OnnxNetwork>(model_).class_count();
}

Result<Classification> Engine::classify(base::ByteView input) {
    return std::visit([input](auto& model) { return classify_with(model, input); }, model_);
}

// Both take one sample at a time; what a batch saves here is the way to it.
std::vector<Result<Classification>> Engine::classify_batch(std::span<const base::ByteView> inputs) {
    std::vector<Result<Classification>> results;
    results.reserve(inputs.size());
    for (const base::ByteView input : inputs) {
        results.push_back(classify(input));
    }
    return results;
}

}  // namespace frugal::inference
