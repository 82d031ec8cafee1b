// SPDX-License-Identifier: Apache-2.0
#include "inference/run_bonsai.hpp"

#include <fmt/format.h>

#include <array>
#include <cstring>

#include "base/assert.hpp"
#include "model/bonsai/bonsai.hpp"

namespace frugal::inference {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;

RunTensor number(std::string name, std::int32_t value) {
    RunTensor tensor;
    tensor.name = std::move(name);
    tensor.type_name = "INT32";
    tensor.shape = {1};
    tensor.data = {static_cast<double>(value)};
    tensor.bytes.resize(sizeof value);
    std::memcpy(tensor.bytes.data(), &value, sizeof value);
    return tensor;
}

std::vector<RunTensor> infer(const fr_bonsai_t& model, const std::int8_t* input) {
    std::array<std::int32_t, FR_CLASSES_MAX> scores{};
    fr_classification_t answer{};
    const bool ran = fr_bonsai_scores(&model, input, model.input_count, scores.data()) == FR_OK &&
                     fr_bonsai_classify(&model, input, model.input_count, &answer) == FR_OK;
    FRUGAL_ASSERT(ran);
    RunTensor tensor;
    tensor.name = "scores";
    tensor.type_name = "INT32";
    tensor.shape = {1, model.score_count};
    tensor.data.assign(scores.begin(), scores.begin() + model.score_count);
    tensor.bytes.resize(sizeof(std::int32_t) * model.score_count);
    std::memcpy(tensor.bytes.data(), scores.data(), tensor.bytes.size());
    tensor.scale = 1.0 / 4096;
    return {std::move(tensor), number("class", answer.class_index),
            number("confidence_q8", answer.confidence_q8)};
}

}  // namespace

Result<RunOutput> run_bonsai(base::ByteView model, base::ByteView input) {
    auto opened = model::open_bonsai(model);
    auto summary = model::read_bonsai(model);
    if (!opened || !summary) {
        return tl::unexpected(opened ? summary.error() : opened.error());
    }
    if (input.empty() || input.size() % opened->input_count != 0) {
        return fail(ErrorKind::kInvalidInput,
                    fmt::format("model input: {} bytes given, {} expected", input.size(),
                                opened->input_count),
                    "an input is that many int8 elements",
                    "give the raw bytes of one or more inputs, one after another");
    }
    RunOutput result;
    result.work = summary->work;
    result.arena_bytes = summary->inputs;  // as model inspect: room for one input
    for (; !input.empty(); input = input.subspan(opened->input_count)) {
        result.steps.push_back(infer(*opened, reinterpret_cast<const std::int8_t*>(input.data())));
    }
    return result;
}

}  // namespace frugal::inference
