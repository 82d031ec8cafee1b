// SPDX-License-Identifier: Apache-2.0
#include "wire/inference_protocol.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "frugal/limits.h"
#include "wire/json_text.hpp"

namespace frugal::wire {

namespace {

namespace json = boost::json;
using base::ErrorKind;
using base::fail;
using base::Result;

constexpr std::size_t kNameBytesMax = 256;
constexpr std::size_t kErrorTextBytesMax = 200;
constexpr std::int64_t kElementsMax = FR_FEATURES_SIZE_MAX;
constexpr double kSumTolerance = 0.02;
constexpr std::string_view kOtherClasses =
    "Name a model with the task's classes, in their order, in cloud.tasks.";

Result<json::object> read_object(std::string_view body) {
    if (body.size() > kInferenceAnswerBytesMax) {
        return fail(ErrorKind::kInvalidInput, "the inference server's answer is too large");
    }
    json::parse_options options;
    options.max_depth = 8;
    json::error_code error;
    auto value = json::parse(body, error, {}, options);
    if (error || !value.is_object()) {
        return fail(ErrorKind::kInvalidInput, "the inference server's answer is no JSON object",
                    error.message());
    }
    return std::move(value.get_object());
}

tl::unexpected<base::Error> odd(std::string_view what) {
    return fail(ErrorKind::kInvalidInput,
                "the inference server's answer is not the protocol's: " + std::string(what));
}

tl::unexpected<base::Error> unsupported(std::string_view what) {
    return fail(ErrorKind::kUnsupported, "the inference server's model cannot be asked",
                std::string(what),
                "Serve a classifier with one input (INT8, UINT8 or FP32) and one output.");
}

const json::string* text_of(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value == nullptr ? nullptr : value->if_string();
}

const json::array* array_of(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value == nullptr ? nullptr : value->if_array();
}

std::optional<TensorType> type_of(std::string_view name) {
    if (name == "INT8") {
        return TensorType::kInt8;
    }
    if (name == "UINT8") {
        return TensorType::kUint8;
    }
    return name == "FP32" ? std::optional(TensorType::kFloat32) : std::nullopt;
}

std::string_view name_of(TensorType type) {
    switch (type) {
        case TensorType::kInt8:
            return "INT8";
        case TensorType::kUint8:
            return "UINT8";
        case TensorType::kFloat32:
            return "FP32";
    }
    return "INT8";
}

/// The one tensor of a list of them; null otherwise.
const json::object* only_tensor(const json::object& object, std::string_view key) {
    const auto* tensors = array_of(object, key);
    if (tensors == nullptr || tensors->size() != 1) {
        return nullptr;
    }
    const auto* tensor = tensors->front().if_object();
    if (tensor == nullptr) {
        return nullptr;
    }
    const auto* name = text_of(*tensor, "name");
    return name != nullptr && !name->empty() && name->size() <= kNameBytesMax ? tensor : nullptr;
}

/// The dimensions, a single -1 in front read as the batch of 1.
std::optional<std::vector<std::int64_t>> shape_of(const json::object& tensor) {
    const auto* dimensions = array_of(tensor, "shape");
    if (dimensions == nullptr || dimensions->empty() || dimensions->size() > 8) {
        return std::nullopt;
    }
    std::vector<std::int64_t> shape;
    std::int64_t elements = 1;
    for (const auto& dimension : *dimensions) {
        if (!dimension.is_int64()) {
            return std::nullopt;
        }
        const bool is_batch = shape.empty() && dimension.get_int64() == -1;
        const auto size = is_batch ? 1 : dimension.get_int64();
        if (size < 1 || size > kElementsMax || elements * size > kElementsMax) {
            return std::nullopt;
        }
        elements *= size;
        shape.push_back(size);
    }
    return shape;
}

std::int64_t element_count(const std::vector<std::int64_t>& shape) {
    std::int64_t count = 1;
    for (const auto dimension : shape) {
        count *= dimension;
    }
    return count;
}

json::array tensor_data(TensorType type, const InputScale& scale, base::ByteView input) {
    json::array data;
    data.reserve(input.size());
    for (const std::uint8_t byte : input) {
        const auto quantized = static_cast<std::int8_t>(byte);
        if (type == TensorType::kFloat32) {
            data.emplace_back(scale.scale * (quantized - scale.zero_point));
        } else if (type == TensorType::kUint8) {
            // The same number counted from 0: what is darkest to an int8 model, -128, is 0 here.
            data.emplace_back(quantized + 128);
        } else {
            data.emplace_back(quantized);
        }
    }
    return data;
}

/// The probabilities of an output tensor, finite and adding up to about 1.
Result<std::vector<double>> probabilities_of(const json::object& output) {
    const auto* type = text_of(output, "datatype");
    if (type == nullptr || (*type != "FP32" && *type != "FP64")) {
        return odd("the output is neither FP32 nor FP64");
    }
    const auto shape = shape_of(output);
    const auto* data = array_of(output, "data");
    if (!shape || data == nullptr ||
        static_cast<std::int64_t>(data->size()) != element_count(*shape) || data->size() < 2 ||
        data->size() > FR_CLASSES_MAX) {
        return odd("the output's shape and data are no list of 2 to 64 classes");
    }
    std::vector<double> probabilities;
    double sum = 0;
    for (const auto& value : *data) {
        json::error_code error;
        const double number = value.to_number<double>(error);
        if (error || !std::isfinite(number) || number < 0 || number > 1) {
            return odd("a probability is not in 0..1");
        }
        sum += number;
        probabilities.push_back(number);
    }
    if (std::abs(sum - 1) > kSumTolerance) {
        return odd("the probabilities do not add up to 1");
    }
    return probabilities;
}

/// Elements of the metadata's output; 0 where it does not say, or says it only at run time.
std::uint32_t class_count(const json::object& output) {
    const auto* dimensions = array_of(output, "shape");
    const auto shape = shape_of(output);
    const bool is_batch_only =
        dimensions != nullptr && dimensions->size() == 1 && dimensions->front() == json::value(-1);
    return shape && !is_batch_only ? static_cast<std::uint32_t>(element_count(*shape)) : 0;
}

bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

}  // namespace

std::string model_path(std::string_view model) {
    std::string path = "/v2/models/";
    for (const char c : model) {
        if (is_unreserved(c)) {
            path += c;
        } else {
            path += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return path;
}

Result<InferenceModel> read_model_metadata(std::string_view body) {
    const auto object = read_object(body);
    if (!object) {
        return tl::unexpected<base::Error>(object.error());
    }
    const auto* input = only_tensor(*object, "inputs");
    const auto* output = only_tensor(*object, "outputs");
    if (input == nullptr || output == nullptr) {
        return unsupported("it has not one named input and one named output");
    }
    const auto* type_name = text_of(*input, "datatype");
    const auto type = type_name == nullptr ? std::nullopt : type_of(*type_name);
    auto shape = shape_of(*input);
    if (!type || !shape) {
        return unsupported("its input's type or shape is none a device's input fits");
    }
    return InferenceModel{std::string(*text_of(*input, "name")), *type, std::move(*shape),
                          std::string(*text_of(*output, "name")), class_count(*output)};
}

Result<void> check_model_classes(const InferenceModel& model, std::uint32_t classes) {
    if (classes == 0 || model.classes == 0 || model.classes == classes) {
        return {};
    }
    return fail(
        ErrorKind::kUnsupported, "the inference server's model does not fit the task",
        fmt::format("its metadata says {} classes, the task has {}", model.classes, classes),
        std::string(kOtherClasses));
}

Result<std::string> inference_request(const InferenceModel& model, const InputScale& scale,
                                      const InferenceCall& call, base::ByteView input) {
    if (static_cast<std::int64_t>(input.size()) != element_count(model.input_shape)) {
        return fail(ErrorKind::kInvalidInput, "the input does not fit the inference server's model",
                    fmt::format("{} bytes for {} elements", input.size(),
                                element_count(model.input_shape)));
    }
    json::object tensor;
    tensor["name"] = model.input_name;
    tensor["shape"] = json::array(model.input_shape.begin(), model.input_shape.end());
    tensor["datatype"] = name_of(model.input_type);
    tensor["data"] = tensor_data(model.input_type, scale, input);
    json::object request;
    request["id"] = call.id;
    request["parameters"] = {{"priority", call.priority}, {"timeout", call.timeout_us}};
    request["inputs"] = json::array({std::move(tensor)});
    request["outputs"] = json::array({json::object({{"name", model.output_name}})});
    return json_text(std::move(request));
}

Result<core::EdgeAnswer> read_inference_answer(std::string_view body, const InferenceModel& model,
                                               const InferenceCall& call) {
    const auto object = read_object(body);
    if (!object) {
        return tl::unexpected<base::Error>(object.error());
    }
    // The id comes back where the server keeps ids at all.
    const auto* answered = text_of(*object, "id");
    if (answered != nullptr && !answered->empty() && *answered != call.id) {
        return odd("it answers another call");
    }
    const auto* output = only_tensor(*object, "outputs");
    if (output == nullptr || *text_of(*output, "name") != model.output_name) {
        return odd("it has not the one output that was asked for");
    }
    const auto probabilities = probabilities_of(*output);
    if (!probabilities) {
        return tl::unexpected<base::Error>(probabilities.error());
    }
    // An answer of another number of classes is of another task: none of its classes means ours.
    const auto classes = call.classes != 0 ? call.classes : model.classes;
    if (classes != 0 && probabilities->size() != classes) {
        return fail(
            ErrorKind::kInvalidInput, "the inference server's answer does not fit the task",
            fmt::format("it has {} classes, the task has {}", probabilities->size(), classes),
            std::string(kOtherClasses));
    }
    const auto best = std::max_element(probabilities->begin(), probabilities->end());
    return core::EdgeAnswer{
        .class_id = static_cast<std::uint32_t>(best - probabilities->begin()),
        .confidence = static_cast<std::uint8_t>(std::min(255.0, std::floor(*best * 256)))};
}

std::string inference_error_text(std::uint32_t status, std::string_view body) {
    std::string text;
    if (const auto object = read_object(body)) {
        const auto* error = text_of(*object, "error");
        text = error == nullptr ? "" : std::string(*error).substr(0, kErrorTextBytesMax);
    }
    std::replace_if(
        text.begin(), text.end(),
        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    return text.empty() ? std::to_string(status) : fmt::format("{}: {}", status, text);
}

}  // namespace frugal::wire
