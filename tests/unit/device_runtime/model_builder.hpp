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
};

struct ModelSpec {
    std::vector<TensorSpec> tensors;
    std::vector<OperatorSpec> operators;
    std::vector<std::int32_t> inputs;
    std::vector<std::int32_t> outputs;
    std::uint32_t version = 3;
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
        auto tensors = write_tensors();
        auto operators = write_operators();
        auto inputs = builder_.CreateVector(spec_.inputs);
        auto outputs = builder_.CreateVector(spec_.outputs);
        auto start = builder_.StartTable();
        builder_.AddOffset(4, tensors);
        builder_.AddOffset(6, inputs);
        builder_.AddOffset(8, outputs);
        builder_.AddOffset(10, operators);
        auto subgraph = Table(builder_.EndTable(start));
        auto subgraphs = builder_.CreateVector(std::vector<Table>{subgraph});
        auto codes = write_codes();
        auto buffers = write_buffers();
        start = builder_.StartTable();
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

    Tables write_tensors() {
        std::vector<Table> list;
        for (std::size_t i = 0; i < spec_.tensors.size(); ++i) {
            list.push_back(write_tensor(spec_.tensors[i], static_cast<std::uint32_t>(i + 1)));
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

    Tables write_operators() {
        std::vector<Table> list;
        for (std::size_t i = 0; i < spec_.operators.size(); ++i) {
            list.push_back(write_operator(spec_.operators[i], static_cast<std::uint32_t>(i)));
        }
        return builder_.CreateVector(list);
    }

    Table write_operator(const OperatorSpec& spec, std::uint32_t code) {
        auto inputs = builder_.CreateVector(spec.inputs);
        auto outputs = builder_.CreateVector(spec.outputs);
        auto start = builder_.StartTable();
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
        for (const OperatorSpec& spec : spec_.operators) {
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
        return builder_.CreateVector(list);
    }

    Tables write_buffers() {
        std::vector<Table> list;
        list.push_back(write_buffer({}));
        for (const TensorSpec& spec : spec_.tensors) {
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
    flatbuffers::FlatBufferBuilder builder_;
};

inline std::vector<std::uint8_t> write_model(const ModelSpec& spec) {
    return ModelWriter(spec).write();
}

}  // namespace frugal::test
