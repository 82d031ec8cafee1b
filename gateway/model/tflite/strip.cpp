// SPDX-License-Identifier: Apache-2.0
#include "model/tflite/strip.hpp"

#include <fmt/format.h>

#include <cstring>
#include <map>

#include "model/tflite/structure.hpp"
#include "model/tflite/table_view.hpp"

namespace frugal::model {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

using Builder = flatbuffers::FlatBufferBuilder;

constexpr std::size_t kBufferAlignment = 16;
constexpr flatbuffers::voffset_t kFirstField = 4;  // of a table, in its vtable
constexpr std::size_t kInt32s = 4;                 // element sizes of vectors in options
constexpr std::size_t kText = 1;

tl::unexpected<base::Error> unknown(const std::string& what) {
    return fail(ErrorKind::kUnsupported, "strip: " + what,
                "this part of the format cannot be rewritten", "Pack the file without --strip.");
}

/// Vectors inside the options of an operator: the rest of options is plain numbers.
std::size_t vector_element(std::uint8_t options_type, std::uint32_t field) {
    constexpr std::uint8_t kConcatEmbeddings = 3;
    constexpr std::uint8_t kReshape = 17;
    constexpr std::uint8_t kSqueeze = 30;
    constexpr std::uint8_t kVarHandle = 111;
    constexpr std::uint8_t kBucketize = 115;
    switch (options_type) {
        case kConcatEmbeddings:
            return field == 1 || field == 2 ? kInt32s : 0;
        case kReshape:
        case kSqueeze:
        case kBucketize:
            return field == 0 ? kInt32s : 0;
        case kVarHandle:
            return field <= 1 ? kText : 0;
        default:
            return 0;
    }
}

constexpr std::uint8_t kOptionsTypeMax = 127;

class Stripper {
public:
    explicit Stripper(const CheckedModel& model) : model_(*model), file_(model.bytes()) {}

    Result<base::Bytes> run() {
        if (auto checked = check(); !checked) {
            return tl::unexpected(checked.error());
        }
        const auto buffers = write_buffers();
        std::vector<flatbuffers::Offset<flat::SubGraph>> subgraphs;
        for (const auto* subgraph : *model_.subgraphs()) {
            const auto written = write_subgraph(*subgraph);
            if (!written) {
                return tl::unexpected(written.error());
            }
            subgraphs.push_back(*written);
        }
        const auto codes = write_codes();
        const auto all = builder_.CreateVector(subgraphs);
        builder_.Finish(flat::CreateModel(builder_, model_.version(), codes, all, 0, buffers),
                        flat::ModelIdentifier());
        return base::Bytes(builder_.GetBufferPointer(),
                           builder_.GetBufferPointer() + builder_.GetSize());
    }

private:
    Result<void> check() const {
        if (model_.operator_codes() == nullptr || model_.buffers() == nullptr) {
            return unknown("the file has no operator codes or no buffers");
        }
        for (const auto* buffer : *model_.buffers()) {
            if (buffer->offset() > 1) {
                return unknown("a buffer lies outside the FlatBuffer");
            }
        }
        for (const auto* subgraph : *model_.subgraphs()) {
            if (subgraph->tensors() == nullptr || has_unknown_fields(*subgraph, 5)) {
                return unknown("a subgraph with unknown fields or without tensors");
            }
            for (const auto* tensor : *subgraph->tensors()) {
                if (auto checked = check_tensor(*tensor); !checked) {
                    return checked;
                }
            }
        }
        return {};
    }

    /// A field id this file's schema does not know means something else must rewrite the file.
    template <typename T>
    bool has_unknown_fields(const T& table, std::uint32_t known) const {
        const TableView view(file_, &table);
        for (std::uint32_t field = known; field < view.field_count(); ++field) {
            if (view.has(field)) {
                return true;
            }
        }
        return false;
    }

    Result<void> check_tensor(const flat::Tensor& tensor) const {
        constexpr std::uint32_t kKnownWithRank = 9;
        const auto* quantization = tensor.quantization();
        if (tensor.sparsity() != nullptr || has_unknown_fields(tensor, kKnownWithRank)) {
            return unknown("a tensor with sparsity or unknown fields");
        }
        if (quantization != nullptr &&
            (quantization->details() != nullptr || has_unknown_fields(*quantization, 7))) {
            return unknown("a tensor with custom quantization");
        }
        if (tensor.buffer() >= model_.buffers()->size()) {
            return fail(ErrorKind::kInvalidInput,
                        "strip: a tensor names a buffer that is not there", "the file is damaged",
                        "Export the model again.");
        }
        return {};
    }

    template <typename T>
    flatbuffers::Offset<flatbuffers::Vector<T>> copy(const flatbuffers::Vector<T>* vector) {
        if (vector == nullptr) {
            return 0;
        }
        const std::vector<T> values = values_of(vector);
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(values.data());
        base::Bytes key(bytes, bytes + values.size() * sizeof(T));
        key.push_back(sizeof(T));
        const auto known = vectors_.find(key);
        if (known != vectors_.end()) {
            return known->second;
        }
        const auto offset = builder_.CreateVector(values);
        vectors_.emplace(std::move(key), offset.o);
        return offset;
    }

    std::uint32_t add_buffer(std::uint32_t index) {
        const auto* data = model_.buffers()->Get(index)->data();
        if (data == nullptr || data->size() == 0) {
            return 0;  // the empty buffer: an activation
        }
        base::Bytes bytes(data->begin(), data->end());
        const auto [place, is_new] = contents_.emplace(std::move(bytes), next_buffer_);
        if (is_new) {
            ++next_buffer_;
            builder_.ForceVectorAlignment(data->size(), 1, kBufferAlignment);
            const auto copied = builder_.CreateVector(data->data(), data->size());
            buffers_.push_back(flat::CreateBuffer(builder_, copied));
        }
        return place->second;
    }

    flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<flat::Buffer>>> write_buffers() {
        std::vector<std::uint32_t> used;
        for (const auto* subgraph : *model_.subgraphs()) {
            for (const auto* tensor : *subgraph->tensors()) {
                used.push_back(tensor->buffer());
            }
        }
        buffers_.push_back(flat::CreateBuffer(builder_));
        for (const std::uint32_t index : used) {
            renumbered_[index] = add_buffer(index);
        }
        return builder_.CreateVector(buffers_);
    }

    flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<flat::OperatorCode>>>
    write_codes() {
        std::vector<flatbuffers::Offset<flat::OperatorCode>> codes;
        for (const auto* code : *model_.operator_codes()) {
            const auto custom = code->custom_code() == nullptr
                                    ? flatbuffers::Offset<flatbuffers::String>(0)
                                    : builder_.CreateString(code->custom_code());
            codes.push_back(flat::CreateOperatorCode(builder_, code->deprecated_builtin_code(),
                                                     custom, code->version(),
                                                     code->builtin_code()));
        }
        return builder_.CreateVector(codes);
    }

    flatbuffers::Offset<flat::Tensor> write_tensor(const flat::Tensor& tensor) {
        flatbuffers::Offset<flat::QuantizationParameters> quantization = 0;
        if (const auto* old = tensor.quantization();
            old != nullptr && old->scale() != nullptr && old->scale()->size() > 0) {
            const auto scale = copy(old->scale());
            const auto zero_point = copy(old->zero_point());
            quantization = flat::CreateQuantizationParameters(builder_, 0, 0, scale, zero_point, 0,
                                                              0, old->quantized_dimension());
        }
        const auto shape = copy(tensor.shape());
        const auto signature = copy(tensor.shape_signature());
        return flat::CreateTensor(builder_, shape, tensor.type(), renumbered_[tensor.buffer()], 0,
                                  quantization, tensor.is_variable(), 0, signature);
    }

    Result<flatbuffers::Offset<flat::SubGraph>> write_subgraph(const flat::SubGraph& subgraph) {
        std::vector<flatbuffers::Offset<flat::Tensor>> tensors;
        for (const auto* tensor : *subgraph.tensors()) {
            tensors.push_back(write_tensor(*tensor));
        }
        std::vector<flatbuffers::Offset<flat::Operator>> operators;
        const std::uint32_t count =
            subgraph.operators() == nullptr ? 0 : subgraph.operators()->size();
        for (std::uint32_t i = 0; i < count; ++i) {
            const auto written = write_operator(*subgraph.operators()->Get(i));
            if (!written) {
                return tl::unexpected(written.error().with_context(fmt::format("operator {}", i)));
            }
            operators.push_back(*written);
        }
        const auto all_tensors = builder_.CreateVector(tensors);
        const auto inputs = copy(subgraph.inputs());
        const auto outputs = copy(subgraph.outputs());
        const auto all_operators = builder_.CreateVector(operators);
        return flat::CreateSubGraph(builder_, all_tensors, inputs, outputs, all_operators);
    }

    Result<flatbuffers::Offset<flat::Operator>> write_operator(const flat::Operator& one) {
        if (has_unknown_fields(one, 9)) {
            return unknown("an operator with unknown fields");
        }
        flatbuffers::Offset<flat::Opaque> options = 0;
        if (one.builtin_options() != nullptr) {
            const auto written = write_options(one);
            if (!written) {
                return tl::unexpected(written.error());
            }
            options = *written;
        }
        const auto inputs = copy(one.inputs());
        const auto outputs = copy(one.outputs());
        const auto custom = copy(one.custom_options());
        const auto mutating = copy(one.mutating_variable_inputs());
        const auto intermediates = copy(one.intermediates());
        return flat::CreateOperator(builder_, one.opcode_index(), inputs, outputs,
                                    one.builtin_options_type(), options, custom,
                                    one.custom_options_format(), mutating, intermediates);
    }

    /// Options as bytes: numbers are copied with the padding behind them, vectors are rewritten.
    Result<flatbuffers::Offset<flat::Opaque>> write_options(const flat::Operator& one) {
        const std::uint8_t type = one.builtin_options_type();
        if (type > kOptionsTypeMax) {
            return unknown(fmt::format("options of type {}", type));
        }
        const TableView view(file_, one.builtin_options());
        if (view.field_count() > TableView::kFieldsMax) {
            return unknown(fmt::format("options of {} fields", view.field_count()));
        }
        std::map<std::uint32_t, flatbuffers::uoffset_t> vectors;
        for (std::uint32_t field = 0; field < view.field_count(); ++field) {
            if (view.has(field) && view.bytes_of(field).empty()) {
                return fail(ErrorKind::kInvalidInput,
                            fmt::format("strip: field {} lies outside its options", field),
                            "the file is damaged", "Export the model again.");
            }
            const std::size_t element = vector_element(type, field);
            if (!view.has(field) || element == 0) {
                continue;
            }
            const auto elements = view.vector_of(field, element);
            if (!elements) {
                return unknown("a vector in options that leaves the file");
            }
            vectors[field] = element == kText ? write_text(*elements) : write_int32s(*elements);
        }
        return write_fields(view, vectors);
    }

    flatbuffers::uoffset_t write_int32s(base::ByteView elements) {
        std::vector<std::uint32_t> values(elements.size() / kInt32s);
        if (!values.empty()) {
            std::memcpy(values.data(), elements.data(), elements.size());
        }
        return builder_.CreateVector(values).o;
    }

    flatbuffers::uoffset_t write_text(base::ByteView elements) {
        return builder_
            .CreateString(reinterpret_cast<const char*>(elements.data()), elements.size())
            .o;
    }

    flatbuffers::Offset<flat::Opaque> write_fields(
        const TableView& view, const std::map<std::uint32_t, flatbuffers::uoffset_t>& vectors) {
        const auto start = builder_.StartTable();
        for (std::uint32_t field = 0; field < view.field_count(); ++field) {
            const auto place = static_cast<flatbuffers::voffset_t>(kFirstField + 2 * field);
            if (!view.has(field)) {
                continue;
            }
            if (const auto vector = vectors.find(field); vector != vectors.end()) {
                builder_.AddOffset(place, flatbuffers::Offset<void>(vector->second));
            } else {
                write_number(place, view.bytes_of(field));
            }
        }
        return builder_.EndTable(start);
    }

    /// A number of 1, 2, 4 or 8 bytes: as many as there is room for.
    void write_number(flatbuffers::voffset_t place, base::ByteView room) {
        builder_.ForceDefaults(true);
        const auto position = static_cast<std::size_t>(room.data() - file_.data());
        if (room.size() >= 8 && position % 8 == 0) {
            write_as<std::uint64_t>(place, room);
        } else if (room.size() >= 4) {
            write_as<std::uint32_t>(place, room);
        } else if (room.size() >= 2) {
            write_as<std::uint16_t>(place, room);
        } else {
            write_as<std::uint8_t>(place, room);
        }
        builder_.ForceDefaults(false);
    }

    template <typename T>
    void write_as(flatbuffers::voffset_t place, base::ByteView room) {
        T value{};
        std::memcpy(&value, room.data(), sizeof value);
        builder_.AddElement<T>(place, value, 0);
    }

    const flat::Model& model_;
    base::ByteView file_;
    Builder builder_;
    std::map<base::Bytes, flatbuffers::uoffset_t> vectors_;
    std::map<base::Bytes, std::uint32_t> contents_;
    std::map<std::uint32_t, std::uint32_t> renumbered_;
    std::vector<flatbuffers::Offset<flat::Buffer>> buffers_;
    std::uint32_t next_buffer_ = 1;
};

}  // namespace

Result<base::Bytes> strip_model(base::ByteView file) {
    const auto model = check_structure(file);
    if (!model) {
        return tl::unexpected(model.error());
    }
    auto stripped = Stripper(*model).run();
    if (!stripped) {
        return stripped;
    }
    if (const auto again = check_structure(*stripped); !again) {
        return fail(ErrorKind::kInternal, "strip: the result does not read back",
                    again.error().describe(), "Report the model file.");
    }
    if (stripped->size() >= file.size()) {
        return base::Bytes(file.begin(), file.end());
    }
    return stripped;
}

}  // namespace frugal::model
