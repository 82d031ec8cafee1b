// SPDX-License-Identifier: Apache-2.0
#include "inference/onnx_format.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "frugal/limits.h"

namespace frugal::inference {

namespace {

using base::ByteView;
using base::ErrorKind;
using base::fail;
using base::Result;

constexpr std::size_t kDimensionsMax = 8;

/// One field of a message: its number, and a varint's value or the bytes of a nested one.
struct Field {
    std::uint64_t number = 0;
    std::uint64_t value = 0;
    ByteView bytes{};
};

/// Takes a protobuf message apart, field by field.
class Message {
public:
    explicit Message(ByteView bytes) : rest_(bytes) {}

    /// The next field; absent at the end, or where the bytes are no message.
    std::optional<Field> next() {
        const auto tag = rest_.empty() ? std::nullopt : varint();
        if (!tag) {
            is_good_ = is_good_ && rest_.empty();
            return std::nullopt;
        }
        Field field{*tag >> 3, 0, {}};
        const auto is_read = read(*tag & 7, field);
        if (!is_read) {
            is_good_ = false;
            rest_ = {};
            return std::nullopt;
        }
        return field;
    }

    bool is_good() const { return is_good_; }

private:
    bool read(std::uint64_t wire_type, Field& field) {
        if (wire_type == 1 || wire_type == 5) {
            return take(wire_type == 1 ? 8 : 4).has_value();
        }
        const auto number = wire_type == 0 || wire_type == 2 ? varint() : std::nullopt;
        if (!number) {
            return false;
        }
        field.value = *number;
        if (wire_type == 2) {
            const auto bytes = take(*number);
            field.bytes = bytes.value_or(ByteView());
            return bytes.has_value();
        }
        return true;
    }

    std::optional<std::uint64_t> varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
            const std::uint8_t byte = rest_.front();
            rest_ = rest_.subspan(1);
            value |= std::uint64_t{byte & 0x7FU} << shift;
            if (byte < 0x80) {
                return value;
            }
        }
        is_good_ = false;
        return std::nullopt;
    }

    std::optional<ByteView> take(std::uint64_t size) {
        if (size > rest_.size()) {
            return std::nullopt;
        }
        const auto bytes = rest_.first(static_cast<std::size_t>(size));
        rest_ = rest_.subspan(static_cast<std::size_t>(size));
        return bytes;
    }

    ByteView rest_;
    bool is_good_ = true;
};

/// The last field of that number: how protobuf reads a field that should come once.
std::optional<Field> field_of(ByteView message, std::uint64_t number) {
    std::optional<Field> found;
    Message fields(message);
    while (const auto field = fields.next()) {
        if (field->number == number) {
            found = field;
        }
    }
    return fields.is_good() ? found : std::nullopt;
}

std::string name_of(ByteView message, std::uint64_t number) {
    const auto name = field_of(message, number);
    return name ? std::string(name->bytes.begin(), name->bytes.end()) : std::string();
}

/// ValueInfoProto.type.tensor_type: elem_type and shape.
std::optional<std::vector<int>> float_shape(ByteView value_info) {
    const auto type = field_of(value_info, 2);
    const auto tensor = type ? field_of(type->bytes, 1) : std::nullopt;
    const auto element = tensor ? field_of(tensor->bytes, 1) : std::nullopt;
    const auto shape = tensor ? field_of(tensor->bytes, 2) : std::nullopt;
    if (!element || element->value != 1 || !shape) {
        return std::nullopt;
    }
    std::vector<int> sizes;
    std::uint64_t elements = 1;
    Message dimensions(shape->bytes);
    while (const auto dimension = dimensions.next()) {
        const auto value = field_of(dimension->bytes, 1);
        const bool is_free_batch = sizes.empty() && (!value || value->value == 0);
        const std::uint64_t size = is_free_batch ? 1 : (value ? value->value : 0);
        if (dimension->number != 1 || size < 1 || size > FR_FEATURES_SIZE_MAX ||
            elements * size > FR_FEATURES_SIZE_MAX || sizes.size() == kDimensionsMax) {
            return std::nullopt;
        }
        elements *= size;
        sizes.push_back(static_cast<int>(size));
    }
    return dimensions.is_good() && !sizes.empty() ? std::optional(sizes) : std::nullopt;
}

}  // namespace

// A ModelProto has no magic; every writer begins with its field 1, ir_version, a small number.
bool is_onnx(ByteView bytes) {
    constexpr std::uint8_t kIrVersionTag = 0x08;
    constexpr std::uint8_t kIrVersionMax = 32;
    constexpr std::string_view kTflite = "TFL3";
    const bool is_tflite =
        bytes.size() >= 8 && std::equal(kTflite.begin(), kTflite.end(), bytes.begin() + 4);
    return bytes.size() >= 16 && bytes[0] == kIrVersionTag && bytes[1] >= 1 &&
           bytes[1] <= kIrVersionMax && !is_tflite;
}

Result<std::vector<int>> onnx_input_shape(ByteView bytes) {
    const auto graph = field_of(bytes, 7);
    if (!graph) {
        return fail(ErrorKind::kInvalidInput, "model: not an ONNX file, or cut short",
                    "it has no graph", "export the network again, or name another file");
    }
    std::set<std::string> constants;
    std::vector<ByteView> inputs;
    Message fields(graph->bytes);
    while (const auto field = fields.next()) {
        if (field->number == 5) {
            constants.insert(name_of(field->bytes, 8));
        } else if (field->number == 11) {
            inputs.push_back(field->bytes);
        }
    }
    if (!fields.is_good()) {
        return fail(ErrorKind::kInvalidInput, "model: its ONNX graph is damaged",
                    "a field is longer than the file", "export the network again");
    }
    std::erase_if(inputs, [&](ByteView input) { return constants.contains(name_of(input, 1)); });
    auto shape = inputs.size() == 1 ? float_shape(inputs.front()) : std::nullopt;
    if (!shape) {
        return fail(ErrorKind::kUnsupported, "model: it has not one float input of a fixed shape",
                    "devices send at most 4,096 values", "export it with a batch of 1");
    }
    return std::move(*shape);
}

}  // namespace frugal::inference
