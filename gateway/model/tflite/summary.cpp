// SPDX-License-Identifier: Apache-2.0
#include "model/tflite/summary.hpp"

#include <fmt/format.h>

#include <map>

#include "frugal/runtime.h"
#include "model/tflite/names.hpp"
#include "model/tflite/refusal.hpp"
#include "model/tflite/structure.hpp"
#include "model/tflite/weights.hpp"

namespace frugal::model {

namespace {

using base::ErrorKind;
using base::Result;

TensorSummary summarize_tensor(const flat::Model& model, base::ByteView bytes,
                               std::uint32_t index) {
    const flat::Tensor& tensor = *model.subgraphs()->Get(0)->tensors()->Get(index);
    TensorSummary summary;
    summary.index = index;
    summary.name = tensor.name() == nullptr ? "" : tensor.name()->str();
    summary.shape = values_of(tensor.shape());
    summary.type = tensor.type();
    summary.type_name = tensor_type_name(tensor.type());
    summary.size_bytes = tensor_size(tensor);
    if (const auto* quantization = tensor.quantization()) {
        summary.quantization.scales = values_of(quantization->scale());
        summary.quantization.zero_points = values_of(quantization->zero_point());
        summary.quantization.dimension = quantization->quantized_dimension();
    }
    if (const auto* data = tensor_data(model, tensor)) {
        summary.constant =
            ByteRange{static_cast<std::uint64_t>(data->data() - bytes.data()), data->size()};
    }
    return summary;
}

OperatorSummary summarize_code(const flat::OperatorCode& code) {
    OperatorSummary summary;
    summary.code = operator_code(code);
    summary.version = code.version();
    summary.name = operator_name(summary.code);
    if (summary.code == kCustomOperator && code.custom_code() != nullptr) {
        summary.name = fmt::format("CUSTOM({})", code.custom_code()->string_view());
    }
    summary.is_built_in = fr_operator_version_max(summary.code) >= summary.version;
    return summary;
}

std::vector<OperatorSummary> summarize_operators(const flat::Model& model) {
    std::map<std::tuple<std::int32_t, std::int32_t, std::string>, OperatorSummary> kinds;
    const auto* operators = model.subgraphs()->Get(0)->operators();
    for (std::uint32_t index = 0; operators != nullptr && index < operators->size(); ++index) {
        OperatorSummary one =
            summarize_code(*model.operator_codes()->Get(operators->Get(index)->opcode_index()));
        auto [place, is_new] = kinds.try_emplace(std::tuple(one.code, one.version, one.name), one);
        ++place->second.count;
        place->second.places.push_back(index);
    }
    std::vector<OperatorSummary> list;
    for (auto& [key, kind] : kinds) {
        list.push_back(std::move(kind));
    }
    return list;
}

std::vector<std::uint32_t> port_tensors(const flatbuffers::Vector<std::int32_t>* ports) {
    std::vector<std::uint32_t> list;
    for (std::int32_t index : values_of(ports)) {
        list.push_back(static_cast<std::uint32_t>(index));
    }
    return list;
}

/// Asks the node's runtime: whether it runs the model, with what memory, or why not.
Result<void> ask_runtime(base::ByteView bytes, ModelSummary& summary) {
    fr_model_t model;
    fr_model_problem_t problem;
    fr_status_t status = fr_model_open(&model, bytes.data(), bytes.size(), &problem);
    if (status == FR_ERROR_UNSUPPORTED || status == FR_ERROR_LIMIT) {
        bool is_named = problem.reason == FR_MODEL_OPERATOR_MISSING ||
                        problem.reason == FR_MODEL_OPERATOR_VERSION;
        if (!is_named || summary.missing.empty()) {
            summary.missing.push_back(describe_refusal(problem));
        }
        return {};
    }
    if (status != FR_OK) {
        return base::fail(ErrorKind::kInvalidInput, "model: " + describe_refusal(problem),
                          "the file is damaged", "Export the model again.");
    }
    std::vector<std::uint8_t> scratch(fr_model_plan_scratch_size(&model));
    fr_plan_t plan;
    if (fr_model_plan(&model, scratch.data(), scratch.size(), &plan) != FR_OK) {
        summary.missing.push_back(
            fmt::format("its activations need more than {} bytes", FR_MODEL_ARENA_MAX));
        return {};
    }
    summary.arena_bytes = plan.arena_size_bytes;
    summary.state_bytes = plan.state_size_bytes;
    summary.work = plan.work;
    summary.is_runnable = true;
    return {};
}

void list_missing_operators(ModelSummary& summary) {
    for (const OperatorSummary& one : summary.operators) {
        std::int32_t newest = fr_operator_version_max(one.code);
        if (newest == 0) {
            summary.missing.push_back(
                fmt::format("{} version {} is not built in", one.name, one.version));
        } else if (one.version > newest) {
            summary.missing.push_back(
                fmt::format("{} version {} is not built in, only versions up to {} are", one.name,
                            one.version, newest));
        }
    }
}

}  // namespace

std::string_view to_string(WeightLayout layout) {
    switch (layout) {
        case WeightLayout::kOutHeightWidthIn:
            return "OHWI";
        case WeightLayout::kHeightWidthOut:
            return "1HWO";
        case WeightLayout::kOutIn:
            return "OI";
        case WeightLayout::kVector:
            return "vector";
        case WeightLayout::kOther:
            return "other";
    }
    return "other";
}

Result<ModelSummary> read_model(base::ByteView given) {
    const auto checked = check_structure(given);
    if (!checked) {
        return tl::unexpected(checked.error());
    }
    const flat::Model& model = **checked;
    const base::ByteView bytes = checked->bytes();
    const flat::SubGraph& subgraph = *model.subgraphs()->Get(0);
    ModelSummary summary;
    summary.file_size_bytes = bytes.size();
    summary.subgraph_count = model.subgraphs()->size();
    if (model.description() != nullptr) {
        summary.description = model.description()->str();
    }
    summary.operators = summarize_operators(model);
    for (std::uint32_t index = 0; index < subgraph.tensors()->size(); ++index) {
        summary.tensors.push_back(summarize_tensor(model, bytes, index));
    }
    summary.inputs = port_tensors(subgraph.inputs());
    summary.outputs = port_tensors(subgraph.outputs());
    summary.weights = collect_weights(model, bytes);
    for (const WeightSummary& weight : summary.weights) {
        summary.weight_bytes += weight.range.size;
    }
    summary.arena_bytes = peak_activation_bytes(model);
    list_missing_operators(summary);
    Result<void> asked = ask_runtime(bytes, summary);
    if (!asked) {
        return tl::unexpected(asked.error());
    }
    return summary;
}

}  // namespace frugal::model
