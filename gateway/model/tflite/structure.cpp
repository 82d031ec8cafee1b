// SPDX-License-Identifier: Apache-2.0
#include "model/tflite/structure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "model/tflite/damage.hpp"
#include "model/tflite/foreign_file.hpp"
#include "model/tflite/names.hpp"

namespace frugal::model {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;

constexpr std::uint64_t kElementsMax = 1ull << 32;

tl::unexpected<base::Error> malformed(std::string message) {
    return fail(ErrorKind::kInvalidInput, "model: " + std::move(message), "the file is damaged",
                "Export the model again.");
}

tl::unexpected<base::Error> beyond(std::string_view what, std::uint64_t value,
                                   std::uint64_t limit) {
    return fail(ErrorKind::kLimit, fmt::format("model: {} {}", value, what),
                fmt::format("the limit is {}", limit), "Use a smaller model.");
}

/// The verifier says only that something is wrong.
tl::unexpected<base::Error> damaged(base::ByteView bytes) {
    const auto damage = find_damage(bytes);
    if (!damage) {
        return malformed("its FlatBuffers structure does not verify");
    }
    const std::string place = damage->place.empty() ? damage->place : damage->place + ": ";
    if (!damage->is_beyond_end) {
        return malformed(place + damage->what);
    }
    return fail(ErrorKind::kInvalidInput, "model: " + place + damage->what,
                "the file seems cut short, or is damaged there",
                "Copy the file again, or export the model again.");
}

template <typename T>
std::uint32_t size_of(const flatbuffers::Vector<T>* vector) {
    return vector == nullptr ? 0 : vector->size();
}

Result<void> check_shape(const flat::SubGraph& subgraph, std::uint32_t index) {
    const flat::Tensor& tensor = *subgraph.tensors()->Get(index);
    std::uint32_t rank = size_of(tensor.shape());
    if (rank > kRankMax) {
        return beyond("dimensions of " + describe_tensor(subgraph, index), rank, kRankMax);
    }
    std::uint64_t count = 1;
    for (std::uint32_t axis = 0; axis < rank; ++axis) {
        std::int32_t length = tensor.shape()->Get(axis);
        if (length < 0) {
            return malformed(fmt::format("{}: dimension {} is {}", describe_tensor(subgraph, index),
                                         axis, length));
        }
        count *= std::max<std::uint64_t>(1, static_cast<std::uint64_t>(length));
        if (count > kElementsMax) {
            return beyond("elements of " + describe_tensor(subgraph, index), count, kElementsMax);
        }
    }
    return {};
}

Result<void> check_quantization(const flat::SubGraph& subgraph, std::uint32_t index) {
    const flat::QuantizationParameters* quantization =
        subgraph.tensors()->Get(index)->quantization();
    if (quantization == nullptr) {
        return {};
    }
    std::uint32_t scales = size_of(quantization->scale());
    std::uint32_t zero_points = size_of(quantization->zero_point());
    if (zero_points != 0 && zero_points != scales) {
        return malformed(fmt::format("{}: {} scales but {} zero points",
                                     describe_tensor(subgraph, index), scales, zero_points));
    }
    return {};
}

Result<void> check_data(const flat::Model& model, const flat::SubGraph& subgraph,
                        std::uint32_t index) {
    const flat::Tensor& tensor = *subgraph.tensors()->Get(index);
    std::uint32_t buffers = size_of(model.buffers());
    if (tensor.buffer() >= buffers) {
        return malformed(fmt::format("{}: buffer {} of {}", describe_tensor(subgraph, index),
                                     tensor.buffer(), buffers));
    }
    if (model.buffers()->Get(tensor.buffer())->offset() > 1) {
        return fail(ErrorKind::kUnsupported, "model: weights stand after the model",
                    "the file is of the kind for models above 2 GB", "Export a smaller model.");
    }
    const auto* data = tensor_data(model, tensor);
    std::uint64_t expected = tensor_size(tensor);
    bool is_dense = tensor.sparsity() == nullptr && expected != 0;
    if (data != nullptr && is_dense && data->size() != expected) {
        return malformed(fmt::format("{}: {} bytes where its shape needs {}",
                                     describe_tensor(subgraph, index), data->size(), expected));
    }
    return {};
}

/// Every index of the list names a tensor; -1 is allowed for inputs left out.
Result<void> check_indexes(const flatbuffers::Vector<std::int32_t>* list, std::uint32_t tensors,
                           std::int32_t lowest, const std::string& where) {
    for (std::uint32_t i = 0; i < size_of(list); ++i) {
        std::int32_t index = list->Get(i);
        if (index < lowest || index >= static_cast<std::int64_t>(tensors)) {
            return malformed(fmt::format("{}: tensor index {}, but there are {} tensors", where,
                                         index, tensors));
        }
    }
    return {};
}

Result<void> check_operator(const flat::Model& model, const flat::SubGraph& subgraph,
                            std::uint32_t index) {
    const flat::Operator& one = *subgraph.operators()->Get(index);
    std::uint32_t codes = size_of(model.operator_codes());
    if (one.opcode_index() >= codes) {
        return malformed(
            fmt::format("operator {}: code {} of {}", index, one.opcode_index(), codes));
    }
    std::uint32_t tensors = size_of(subgraph.tensors());
    auto inputs = check_indexes(one.inputs(), tensors, -1, fmt::format("operator {} input", index));
    if (!inputs) {
        return inputs;
    }
    return check_indexes(one.outputs(), tensors, 0, fmt::format("operator {} output", index));
}

Result<void> check_subgraph(const flat::Model& model, const flat::SubGraph& subgraph) {
    std::uint32_t tensors = size_of(subgraph.tensors());
    std::uint32_t operators = size_of(subgraph.operators());
    if (tensors == 0) {
        return malformed("it has no tensors");
    }
    if (tensors > kTensorsMax) {
        return beyond("tensors", tensors, kTensorsMax);
    }
    if (operators > kOperatorsMax) {
        return beyond("operators", operators, kOperatorsMax);
    }
    for (std::uint32_t index = 0; index < tensors; ++index) {
        Result<void> checked = check_shape(subgraph, index);
        checked = checked ? check_quantization(subgraph, index) : checked;
        checked = checked ? check_data(model, subgraph, index) : checked;
        if (!checked) {
            return checked;
        }
    }
    for (std::uint32_t index = 0; index < operators; ++index) {
        Result<void> checked = check_operator(model, subgraph, index);
        if (!checked) {
            return checked;
        }
    }
    Result<void> checked = check_indexes(subgraph.inputs(), tensors, 0, "model input");
    return checked ? check_indexes(subgraph.outputs(), tensors, 0, "model output") : checked;
}

/// An offset of 0 leads to itself: the verifier takes it for a table without fields.
template <typename T>
Result<void> check_gaps(const flatbuffers::Vector<flatbuffers::Offset<T>>* vector,
                        const std::string& entry) {
    const auto offsets =
        values_of(reinterpret_cast<const flatbuffers::Vector<flatbuffers::uoffset_t>*>(vector));
    const auto gap = std::find(offsets.begin(), offsets.end(), 0U);
    if (gap == offsets.end()) {
        return {};
    }
    return malformed(fmt::format("{} {} is missing in its list", entry, gap - offsets.begin()));
}

Result<void> check_gaps(const flat::Model& model) {
    Result<void> whole = check_gaps(model.subgraphs(), "subgraph");
    whole = whole ? check_gaps(model.operator_codes(), "operator code") : whole;
    whole = whole ? check_gaps(model.buffers(), "buffer") : whole;
    for (std::uint32_t i = 0; whole && i < model.subgraphs()->size(); ++i) {
        const flat::SubGraph& subgraph = *model.subgraphs()->Get(i);
        whole = check_gaps(subgraph.tensors(), fmt::format("subgraph {}, tensor", i));
        whole = whole ? check_gaps(subgraph.operators(), fmt::format("subgraph {}, operator", i))
                      : whole;
    }
    return whole;
}

}  // namespace

CheckedModel::CheckedModel(base::ByteView bytes) : bytes_(bytes) {
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(std::max_align_t) != 0) {
        aligned_.assign(bytes.begin(), bytes.end());
        bytes_ = aligned_;
    }
}

Result<CheckedModel> check_structure(base::ByteView bytes) {
    if (bytes.size() > kFileSizeMax) {
        return beyond("bytes", bytes.size(), kFileSizeMax);
    }
    if (bytes.size() < 8 || !flat::ModelBufferHasIdentifier(bytes.data())) {
        const ForeignFile foreign = recognise(bytes);
        return fail(ErrorKind::kInvalidInput, "model: not a .tflite file",
                    std::string(foreign.what), std::string(foreign.remedy));
    }
    CheckedModel checked(bytes);
    flatbuffers::Verifier verifier(checked.bytes_.data(), checked.bytes_.size(), kDepthMax,
                                   kTablesMax);
    if (!flat::VerifyModelBuffer(verifier)) {
        return damaged(checked.bytes_);
    }
    checked.model_ = flat::GetModel(checked.bytes_.data());
    if (checked->version() != 3) {
        return fail(ErrorKind::kUnsupported,
                    fmt::format("model: schema version {}", checked->version()),
                    "only version 3 is known", "Convert the model with a current converter.");
    }
    if (size_of(checked->subgraphs()) == 0) {
        return malformed("it has no subgraph");
    }
    Result<void> sound = check_gaps(*checked);
    sound = sound ? check_subgraph(*checked, *checked->subgraphs()->Get(0)) : sound;
    if (!sound) {
        return tl::unexpected(sound.error());
    }
    return checked;
}

std::int32_t operator_code(const flat::OperatorCode& code) {
    return std::max<std::int32_t>(code.deprecated_builtin_code(), code.builtin_code());
}

std::uint64_t element_count(const flat::Tensor& tensor) {
    std::uint64_t count = 1;
    for (std::uint32_t axis = 0; axis < size_of(tensor.shape()); ++axis) {
        count *= static_cast<std::uint64_t>(tensor.shape()->Get(axis));
    }
    return count;
}

std::uint64_t tensor_size(const flat::Tensor& tensor) {
    return (element_count(tensor) * tensor_type_bits(tensor.type()) + 7) / 8;
}

const flatbuffers::Vector<std::uint8_t>* tensor_data(const flat::Model& model,
                                                     const flat::Tensor& tensor) {
    const auto* data = model.buffers()->Get(tensor.buffer())->data();
    return size_of(data) == 0 ? nullptr : data;
}

std::string describe_tensor(const flat::SubGraph& subgraph, std::uint32_t index) {
    if (index >= size_of(subgraph.tensors())) {
        return fmt::format("tensor {}", index);
    }
    const auto* name = subgraph.tensors()->Get(index)->name();
    return size_of(name) == 0 ? fmt::format("tensor {}", index)
                              : fmt::format("tensor {} ({})", index, name->string_view());
}

}  // namespace frugal::model
