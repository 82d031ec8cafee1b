// SPDX-License-Identifier: Apache-2.0
// Builds small .tflite files in memory for tests, option tables included. Test code only.
#pragma once

#include <flatbuffers/flatbuffers.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace frugal::test {

inline constexpr std::int8_t kFloat32 = 0;
inline constexpr std::int8_t kInt32 = 2;
inline constexpr std::int8_t kUint8 = 3;
inline constexpr std::int8_t kInt8 = 9;
inline constexpr std::int8_t kResource = 13;

struct TensorSpec {
    std::vector<std::int32_t> shape;
    std::int8_t type = kInt8;
    std::vector<float> scales;
    std::vector<std::int64_t> zero_points;
    std::int32_t quantized_dimension = 0;
    std::vector<std::uint8_t> data;  ///< empty: an activation
    std::string name;
};

/// One scalar of an options table.
struct OptionSpec {
    std::uint16_t field = 0;
    std::uint32_t size = 4;  ///< 1 or 4 bytes
    std::uint32_t value = 0;
};

struct OperatorSpec {
    std::int32_t code = 0;
    std::int32_t version = 1;
    std::vector<std::int32_t> inputs;
    std::vector<std::int32_t> outputs;
    std::uint8_t options_type = 0;
    std::vector<OptionSpec> options;
    std::string custom_code;
    std::string text{};  ///< option number 1 of VAR_HANDLE: the variable's name
};

/// A subgraph that CALL_ONCE names: number 1 of the file.
struct OnceSpec {
    std::vector<TensorSpec> tensors;
    std::vector<OperatorSpec> operators;
};

struct ModelSpec {
    std::vector<TensorSpec> tensors;
    std::vector<OperatorSpec> operators;
    std::vector<std::int32_t> inputs;
    std::vector<std::int32_t> outputs;
    std::uint32_t version = 3;
    OnceSpec once{};  ///< absent if it has no tensors
};

inline std::uint32_t float_bits(float value) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

inline std::vector<std::uint8_t> int8_data(const std::vector<int>& values) {
    return std::vector<std::uint8_t>(values.begin(), values.end());
}

inline std::vector<std::uint8_t> int32_data(const std::vector<std::int32_t>& values) {
    std::vector<std::uint8_t> bytes(4 * values.size());
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
}

inline TensorSpec activation(std::vector<std::int32_t> shape, float scale, std::int64_t zero_point,
                             std::int8_t type = kInt8) {
    return TensorSpec{std::move(shape), type, {scale}, {zero_point}, 0, {}, ""};
}

inline TensorSpec weights(std::vector<std::int32_t> shape, const std::vector<int>& values,
                          std::vector<float> scales, std::int32_t dimension = 0) {
    std::vector<std::int64_t> zeros(scales.size(), 0);
    return TensorSpec{std::move(shape),  kInt8, std::move(scales), std::move(zeros), dimension,
                      int8_data(values), ""};
}

inline TensorSpec bias(const std::vector<std::int32_t>& values, float scale) {
    return TensorSpec{{static_cast<std::int32_t>(values.size())},
                      kInt32,
                      {scale},
                      {0},
                      0,
                      int32_data(values),
                      ""};
}

class ModelWriter {
public:
    explicit ModelWriter(const ModelSpec& spec) : spec_(spec) {}

    std::vector<std::uint8_t> write() {
        std::vector<Table> list = {
            write_subgraph(spec_.tensors, spec_.operators, spec_.inputs, spec_.outputs)};
        if (!spec_.once.tensors.empty()) {
            list.push_back(write_subgraph(spec_.once.tensors, spec_.once.operators, {}, {}));
        }
        auto subgraphs = builder_.CreateVector(list);
        auto codes = write_codes();
        auto buffers = write_buffers();
        auto start = builder_.StartTable();
        builder_.AddElement<std::uint32_t>(4, spec_.version, 0);
        builder_.AddOffset(6, codes);
        builder_.AddOffset(8, subgraphs);
        builder_.AddOffset(12, buffers);
        builder_.Finish(Table(builder_.EndTable(start)), "TFL3");
        return {builder_.GetBufferPointer(), builder_.GetBufferPointer() + builder_.GetSize()};
    }

private:
    using Table = flatbuffers::Offset<void>;
    using Tables = flatbuffers::Offset<flatbuffers::Vector<Table>>;

    Table write_subgraph(const std::vector<TensorSpec>& tensor_specs,
                         const std::vector<OperatorSpec>& operator_specs,
                         const std::vector<std::int32_t>& input_ports,
                         const std::vector<std::int32_t>& output_ports) {
        auto tensors = write_tensors(tensor_specs);
        auto operators = write_operators(operator_specs);
        auto inputs = builder_.CreateVector(input_ports);
        auto outputs = builder_.CreateVector(output_ports);
        auto start = builder_.StartTable();
        builder_.AddOffset(4, tensors);
        builder_.AddOffset(6, inputs);
        builder_.AddOffset(8, outputs);
        builder_.AddOffset(10, operators);
        return Table(builder_.EndTable(start));
    }

    Tables write_tensors(const std::vector<TensorSpec>& specs) {
        std::vector<Table> list;
        for (const TensorSpec& spec : specs) {
            list.push_back(write_tensor(spec, ++buffer_count_));
        }
        return builder_.CreateVector(list);
    }

    Table write_tensor(const TensorSpec& spec, std::uint32_t buffer) {
        auto shape = builder_.CreateVector(spec.shape);
        auto name = builder_.CreateString(spec.name);
        auto scales = builder_.CreateVector(spec.scales);
        auto zeros = builder_.CreateVector(spec.zero_points);
        auto start = builder_.StartTable();
        builder_.AddOffset(8, scales);
        builder_.AddOffset(10, zeros);
        builder_.AddElement<std::int32_t>(16, spec.quantized_dimension, 0);
        auto quantization = Table(builder_.EndTable(start));
        start = builder_.StartTable();
        builder_.AddOffset(4, shape);
        builder_.AddElement<std::int8_t>(6, spec.type, 0);
        builder_.AddElement<std::uint32_t>(8, buffer, 0);
        builder_.AddOffset(10, name);
        if (!spec.scales.empty()) {
            builder_.AddOffset(12, quantization);
        }
        return Table(builder_.EndTable(start));
    }

    Tables write_operators(const std::vector<OperatorSpec>& specs) {
        std::vector<Table> list;
        for (const OperatorSpec& spec : specs) {
            list.push_back(write_operator(spec, code_count_++));
        }
        return builder_.CreateVector(list);
    }

    Table write_operator(const OperatorSpec& spec, std::uint32_t code) {
        auto inputs = builder_.CreateVector(spec.inputs);
        auto outputs = builder_.CreateVector(spec.outputs);
        auto text = builder_.CreateString(spec.text);
        auto start = builder_.StartTable();
        if (!spec.text.empty()) {
            builder_.AddOffset(6, text);
        }
        for (const OptionSpec& option : spec.options) {
            auto slot = static_cast<flatbuffers::voffset_t>(4 + 2 * option.field);
            if (option.size == 1) {
                builder_.AddElement<std::uint8_t>(slot, static_cast<std::uint8_t>(option.value));
            } else {
                builder_.AddElement<std::uint32_t>(slot, option.value);
            }
        }
        auto options = Table(builder_.EndTable(start));
        start = builder_.StartTable();
        builder_.AddElement<std::uint32_t>(4, code, 0);
        builder_.AddOffset(6, inputs);
        builder_.AddOffset(8, outputs);
        if (spec.options_type != 0) {
            builder_.AddElement<std::uint8_t>(10, spec.options_type, 0);
            builder_.AddOffset(12, options);
        }
        return Table(builder_.EndTable(start));
    }

    Tables write_codes() {
        std::vector<Table> list;
        add_codes(spec_.operators, list);
        if (!spec_.once.tensors.empty()) {
            add_codes(spec_.once.operators, list);
        }
        return builder_.CreateVector(list);
    }

    void add_codes(const std::vector<OperatorSpec>& specs, std::vector<Table>& list) {
        for (const OperatorSpec& spec : specs) {
            auto custom = builder_.CreateString(spec.custom_code);
            auto start = builder_.StartTable();
            auto narrow = static_cast<std::int8_t>(spec.code > 127 ? 127 : spec.code);
            builder_.AddElement<std::int8_t>(4, narrow, 0);
            if (!spec.custom_code.empty()) {
                builder_.AddOffset(6, custom);
            }
            builder_.AddElement<std::int32_t>(8, spec.version, 1);
            builder_.AddElement<std::int32_t>(10, spec.code, 0);
            list.push_back(Table(builder_.EndTable(start)));
        }
    }

    Tables write_buffers() {
        std::vector<Table> list;
        list.push_back(write_buffer({}));
        for (const TensorSpec& spec : spec_.tensors) {
            list.push_back(write_buffer(spec.data));
        }
        for (const TensorSpec& spec : spec_.once.tensors) {
            list.push_back(write_buffer(spec.data));
        }
        return builder_.CreateVector(list);
    }

    Table write_buffer(const std::vector<std::uint8_t>& data) {
        builder_.ForceVectorAlignment(data.size(), 1, 16);
        auto bytes = builder_.CreateVector(data);
        auto start = builder_.StartTable();
        if (!data.empty()) {
            builder_.AddOffset(4, bytes);
        }
        return Table(builder_.EndTable(start));
    }

    const ModelSpec& spec_;
    std::uint32_t buffer_count_ = 0;  ///< buffer 0 is empty
    std::uint32_t code_count_ = 0;
    flatbuffers::FlatBufferBuilder builder_;
};

inline std::vector<std::uint8_t> write_model(const ModelSpec& spec) {
    return ModelWriter(spec).write();
}

}  // namespace frugal::test
