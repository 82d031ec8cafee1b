// SPDX-License-Identifier: Apache-2.0
#include "inference/device_model.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/assert.hpp"
#include "model/bonsai/bonsai.hpp"
#include "model/tflite/summary.hpp"

namespace frugal::inference {

using base::Bytes;
using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

Result<Bytes> run_form(LoadedModel& model, base::ByteView input) {
    model.clear();  // a streaming model begins anew, as a node's self-test lets it
    if (auto ran = model.run(input); !ran) {
        return tl::unexpected(ran.error());
    }
    Bytes outputs;
    for (std::uint32_t port = 0; port < model.outputs().size(); ++port) {
        const auto output = model.output(port);
        outputs.insert(outputs.end(), output.begin(), output.end());
    }
    return outputs;
}

Result<Bytes> run_tree(const fr_bonsai_t& tree, base::ByteView input) {
    if (input.size() != tree.input_count) {
        return fail(
            ErrorKind::kInvalidInput,
            fmt::format("model input: {} bytes given, {} expected", input.size(), tree.input_count),
            "an input is that many int8 elements", "give the raw bytes of one input");
    }
    std::array<std::int32_t, FR_CLASSES_MAX> scores{};
    const auto* elements = reinterpret_cast<const std::int8_t*>(input.data());
    const bool ran = fr_bonsai_scores(&tree, elements, input.size(), scores.data()) == FR_OK;
    FRUGAL_ASSERT(ran);
    Bytes outputs;
    for (std::uint32_t i = 0; i < tree.score_count; ++i) {
        for (int shift = 0; shift < 32; shift += 8) {
            outputs.push_back(
                static_cast<std::uint8_t>(static_cast<std::uint32_t>(scores[i]) >> shift));
        }
    }
    return outputs;
}

}  // namespace

Result<DeviceModel> DeviceModel::load(Bytes bytes) {
    return model::is_bonsai(bytes) ? load_tree(std::move(bytes)) : load_tflite(std::move(bytes));
}

Result<DeviceModel> DeviceModel::load_tree(Bytes bytes) {
    Tree tree{std::move(bytes), {}};
    const auto summary = model::read_bonsai(tree.bytes);
    const auto opened = model::open_bonsai(tree.bytes);
    if (!summary || !opened) {
        return tl::unexpected(summary ? opened.error() : summary.error());
    }
    tree.model = *opened;
    DeviceNeeds needs{.arena_bytes = summary->inputs,  // where a self-test's input lies
                      .state_bytes = 0,
                      .work = static_cast<std::uint32_t>(summary->work),
                      .input_bytes = summary->inputs,
                      .classes = summary->classes,
                      .operators = {FR_OPERATOR_BONSAI}};
    return DeviceModel(std::move(tree), std::move(needs));
}

Result<DeviceModel> DeviceModel::load_tflite(Bytes bytes) {
    const auto summary = model::read_model(bytes);
    if (!summary) {
        return tl::unexpected(summary.error());
    }
    if (!summary->is_runnable) {
        return fail(
            ErrorKind::kUnsupported, "the device runtime cannot run this model",
            fmt::format("{}", fmt::join(summary->missing, "; ")),
            "Convert it with supported operators; frugalctl model inspect FILE lists them.");
    }
    auto loaded = LoadedModel::load(std::move(bytes));
    if (!loaded) {
        return tl::unexpected(loaded.error());
    }
    DeviceNeeds needs{.arena_bytes = static_cast<std::uint32_t>(loaded->arena_size()),
                      .state_bytes = static_cast<std::uint32_t>(loaded->state_size()),
                      .work = loaded->work(),
                      .input_bytes = static_cast<std::uint32_t>(loaded->input_size()),
                      .classes = fr_class_count(&loaded->outputs().front().tensor),
                      .operators = {}};
    for (const auto& one : summary->operators) {
        needs.operators.push_back(static_cast<std::uint32_t>(one.code) * 256 +
                                  static_cast<std::uint32_t>(one.version));
    }
    std::sort(needs.operators.begin(), needs.operators.end());
    return DeviceModel(std::move(*loaded), std::move(needs));
}

Result<Bytes> DeviceModel::run(base::ByteView input) {
    auto* tree = std::get_if<Tree>(&form_);
    return tree != nullptr ? run_tree(tree->model, input)
                           : run_form(std::get<LoadedModel>(form_), input);
}

}  // namespace frugal::inference
