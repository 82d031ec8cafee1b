// SPDX-License-Identifier: Apache-2.0
#include "model/tflite/graph.hpp"

#include <fmt/format.h>

#include <cstring>
#include <map>
#include <string_view>

#include "model/tflite/names.hpp"
#include "model/tflite/structure.hpp"
#include "model/tflite/table_view.hpp"

namespace frugal::model {

namespace {

using base::Bytes;
using base::ByteView;
using base::ErrorKind;
using base::fail;
using base::Result;

/// The scalar fields of an operator's options, in order: b a byte, i or f four bytes.
struct KnownOptions {
    std::int32_t code;
    std::string_view fields;
};

constexpr KnownOptions kKnownOptions[] = {
    {0, "bb"},       // ADD: activation, pot_scale_int16
    {1, "biiiib"},   // AVERAGE_POOL_2D
    {2, "ib"},       // CONCATENATION
    {3, "biibii"},   // CONV_2D
    {4, "biiibii"},  // DEPTHWISE_CONV_2D
    {6, ""},         // DEQUANTIZE
    {9, "bbbb"},     // FULLY_CONNECTED
    {14, ""},        // LOGISTIC
    {17, "biiiib"},  // MAX_POOL_2D
    {18, "b"},       // MUL
    {19, ""},        // RELU
    {21, ""},        // RELU6
    {22, ""},        // RESHAPE: the shape is that of its output
    {25, "f"},       // SOFTMAX
    {34, ""},        // PAD
    {40, "b"},       // MEAN
    {114, ""},       // QUANTIZE
};

const KnownOptions* known_options(std::int32_t code) {
    for (const KnownOptions& known : kKnownOptions) {
        if (known.code == code) {
            return &known;
        }
    }
    return nullptr;
}

std::vector<GraphOption> read_options(ByteView file, const flat::Operator& one,
                                      std::string_view fields) {
    std::vector<GraphOption> options;
    if (one.builtin_options() == nullptr) {
        return options;
    }
    const TableView table(file, one.builtin_options());
    for (std::uint16_t field = 0; field < fields.size(); ++field) {
        const std::uint32_t size = fields[field] == 'b' ? 1 : 4;
        const ByteView bytes = table.bytes_of(field);
        if (bytes.size() >= size) {
            GraphOption option{field, size, 0};
            std::memcpy(&option.bits, bytes.data(), size);
            options.push_back(option);
        }
    }
    return options;
}

class Writer {
public:
    explicit Writer(const Graph& graph) : graph_(graph) {}

    Bytes write() {
        buffers_.push_back(flat::CreateBuffer(builder_));  // buffer 0 is empty by convention
        const auto tensors = write_tensors();
        const auto operators = write_operators();
        const auto inputs = builder_.CreateVector(graph_.inputs);
        const auto outputs = builder_.CreateVector(graph_.outputs);
        const auto subgraph = flat::CreateSubGraph(builder_, tensors, inputs, outputs, operators);
        const auto subgraphs = builder_.CreateVector(&subgraph, 1);
        const auto codes = builder_.CreateVector(codes_);
        const auto buffers = builder_.CreateVector(buffers_);
        const auto model = flat::CreateModel(builder_, 3, codes, subgraphs, 0, buffers);
        flat::FinishModelBuffer(builder_, model);
        return {builder_.GetBufferPointer(), builder_.GetBufferPointer() + builder_.GetSize()};
    }

private:
    std::uint32_t buffer_of(const Bytes& data) {
        if (data.empty()) {
            return 0;
        }
        const auto [known, is_new] =
            buffer_indexes_.emplace(data, static_cast<std::uint32_t>(buffers_.size()));
        if (is_new) {
            builder_.ForceVectorAlignment(data.size(), 1, 16);
            const auto vector = builder_.CreateVector(data);
            buffers_.push_back(flat::CreateBuffer(builder_, vector));
        }
        return known->second;
    }

    flatbuffers::Offset<flat::QuantizationParameters> write_quantization(
        const Quantization& quantization) {
        if (quantization.scales.empty()) {
            return 0;
        }
        const auto scales = builder_.CreateVector(quantization.scales);
        const auto zeros = builder_.CreateVector(quantization.zero_points);
        return flat::CreateQuantizationParameters(builder_, 0, 0, scales, zeros, 0, 0,
                                                  quantization.dimension);
    }

    flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<flat::Tensor>>> write_tensors() {
        std::vector<flatbuffers::Offset<flat::Tensor>> list;
        for (const GraphTensor& tensor : graph_.tensors) {
            const std::uint32_t buffer = buffer_of(tensor.data);
            const auto shape = builder_.CreateVector(tensor.shape);
            const auto quantization = write_quantization(tensor.quantization);
            list.push_back(flat::CreateTensor(
                builder_, shape, static_cast<std::int8_t>(tensor.type), buffer, 0, quantization));
        }
        return builder_.CreateVector(list);
    }

    std::uint32_t code_index(const GraphOperator& one) {
        const auto [known, is_new] = code_indexes_.emplace(
            std::pair(one.code, one.version), static_cast<std::uint32_t>(codes_.size()));
        if (is_new) {
            const auto narrow = static_cast<std::int8_t>(one.code < 127 ? one.code : 127);
            codes_.push_back(flat::CreateOperatorCode(builder_, narrow, 0, one.version, one.code));
        }
        return known->second;
    }

    flatbuffers::Offset<flat::Opaque> write_options(const GraphOperator& one) {
        if (one.options_type == 0) {
            return 0;
        }
        const auto start = builder_.StartTable();
        for (const GraphOption& option : one.options) {
            const auto slot = static_cast<flatbuffers::voffset_t>(4 + 2 * option.field);
            if (option.size_bytes == 1) {
                builder_.AddElement<std::uint8_t>(slot, static_cast<std::uint8_t>(option.bits));
            } else {
                builder_.AddElement<std::uint32_t>(slot, option.bits);
            }
        }
        return builder_.EndTable(start);
    }

    flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<flat::Operator>>>
    write_operators() {
        std::vector<flatbuffers::Offset<flat::Operator>> list;
        for (const GraphOperator& one : graph_.operators) {
            const std::uint32_t code = code_index(one);
            const auto inputs = builder_.CreateVector(one.inputs);
            const auto outputs = builder_.CreateVector(one.outputs);
            const auto options = write_options(one);
            list.push_back(
                flat::CreateOperator(builder_, code, inputs, outputs, one.options_type, options));
        }
        return builder_.CreateVector(list);
    }

    const Graph& graph_;
    flatbuffers::FlatBufferBuilder builder_;
    std::vector<flatbuffers::Offset<flat::Buffer>> buffers_;
    std::vector<flatbuffers::Offset<flat::OperatorCode>> codes_;
    std::map<Bytes, std::uint32_t> buffer_indexes_;
    std::map<std::pair<std::int32_t, std::int32_t>, std::uint32_t> code_indexes_;
};

GraphTensor read_tensor(const flat::Model& model, const flat::Tensor& tensor) {
    GraphTensor read;
    read.shape = values_of(tensor.shape());
    read.type = tensor.type();
    if (const auto* data = tensor_data(model, tensor)) {
        read.data.assign(data->begin(), data->end());
    }
    if (const auto* quantization = tensor.quantization()) {
        read.quantization.scales = values_of(quantization->scale());
        read.quantization.zero_points = values_of(quantization->zero_point());
        read.quantization.dimension = quantization->quantized_dimension();
    }
    return read;
}

Result<GraphOperator> read_operator(const flat::Model& model, ByteView file,
                                    const flat::Operator& one) {
    const flat::OperatorCode& code = *model.operator_codes()->Get(one.opcode_index());
    GraphOperator read;
    read.code = operator_code(code);
    read.version = code.version();
    const KnownOptions* known = known_options(read.code);
    if (known == nullptr) {
        return fail(ErrorKind::kUnsupported,
                    "model: operator " + operator_name(read.code) + " cannot be written anew",
                    "its options are not known here", "Use a model of simpler operators.");
    }
    read.inputs = values_of(one.inputs());
    read.outputs = values_of(one.outputs());
    read.options = read_options(file, one, known->fields);
    read.options_type = known->fields.empty() ? 0 : one.builtin_options_type();
    return read;
}

}  // namespace

Result<Graph> read_graph(ByteView file) {
    const auto model = check_structure(file);
    if (!model) {
        return tl::unexpected(model.error());
    }
    if ((*model)->subgraphs()->size() != 1) {
        return fail(ErrorKind::kUnsupported, "model: it has several subgraphs",
                    "only models of one can be written anew", "Use a model without control flow.");
    }
    const flat::SubGraph& subgraph = *(*model)->subgraphs()->Get(0);
    Graph graph;
    for (std::uint32_t i = 0; i < subgraph.tensors()->size(); ++i) {
        graph.tensors.push_back(read_tensor(**model, *subgraph.tensors()->Get(i)));
    }
    const auto* operators = subgraph.operators();
    for (std::uint32_t i = 0; operators != nullptr && i < operators->size(); ++i) {
        auto one = read_operator(**model, model->bytes(), *operators->Get(i));
        if (!one) {
            return fail(one.error(), fmt::format("operator {}", i));
        }
        graph.operators.push_back(std::move(*one));
    }
    graph.inputs = values_of(subgraph.inputs());
    graph.outputs = values_of(subgraph.outputs());
    return graph;
}

Bytes write_graph(const Graph& graph) {
    return Writer(graph).write();
}

}  // namespace frugal::model
