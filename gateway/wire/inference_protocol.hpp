// SPDX-License-Identifier: Apache-2.0
// The Open Inference Protocol, version 2, over HTTP with JSON tensors, from the client's side: what
// KServe, Triton and OpenVINO Model Server speak. Pure functions on untrusted bytes, any thread.
// Everything a server says is checked: names, types, shapes, counts, ranges; nothing is guessed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "core/event.hpp"

namespace frugal::wire {

inline constexpr std::size_t kInferenceAnswerBytesMax = 64 * 1024;

/// Element types an input may have here. Devices' inputs are int8 bytes: INT8 gets them as they
/// are, UINT8 gets value + 128 (0..255), FP32 what InputScale says.
enum class TensorType : std::uint8_t { kInt8, kUint8, kFloat32 };

/// What GET v2/models/{model} says of a model with one input and one output.
struct InferenceModel {
    std::string input_name;
    TensorType input_type = TensorType::kInt8;
    std::vector<std::int64_t> input_shape;  ///< with the batch's 1 in place of -1
    std::string output_name;
    std::uint32_t classes = 0;  ///< elements of the output; 0: the metadata leaves it open
    bool operator==(const InferenceModel&) const = default;
};

/// How a device's input byte becomes a number: scale * (int8 - zero_point), for float inputs.
struct InputScale {
    double scale = 1.0 / 255;
    std::int32_t zero_point = -128;
};

/// "/v2/models/NAME" with the name percent-encoded.
std::string model_path(std::string_view model);

/// Reads the metadata. kInvalidInput if it is none, kUnsupported for another number of tensors,
/// another type or a shape with more than one free dimension.
base::Result<InferenceModel> read_model_metadata(std::string_view body);

/// kUnsupported where the metadata's output has another number of classes than the task: such a
/// model's classes are not the task's. `classes` 0 (not known) or an open output fits.
base::Result<void> check_model_classes(const InferenceModel& model, std::uint32_t classes);

/// What one call says beside its input, and what its answer must be like.
struct InferenceCall {
    std::string id;              ///< random: nothing in it tells the device
    std::uint32_t priority = 0;  ///< Triton: 0 is the model's default
    std::uint64_t timeout_us = 0;
    std::uint32_t classes = 0;  ///< of the task; 0: not known, what the metadata said counts
};

/// The body of POST v2/models/{model}/infer. kInvalidInput if the input is not as large as the
/// model's.
base::Result<std::string> inference_request(const InferenceModel& model, const InputScale& scale,
                                            const InferenceCall& call, base::ByteView input);

/// Reads the answer to a call: class and confidence. kInvalidInput for whatever is not an answer
/// to this call with 2 to 64 probabilities, as many as the task, or else the metadata, has classes.
base::Result<core::EdgeAnswer> read_inference_answer(std::string_view body,
                                                     const InferenceModel& model,
                                                     const InferenceCall& call);

/// "400: model not found": the error body's text, shortened and without control characters.
std::string inference_error_text(std::uint32_t status, std::string_view body);

}  // namespace frugal::wire
