// SPDX-License-Identifier: Apache-2.0
#include "model/tflite/refusal.hpp"

#include <fmt/format.h>

#include "model/tflite/names.hpp"
#include "model/tflite/summary.hpp"

namespace frugal::model {

namespace {

std::string describe_place(const fr_model_problem_t& problem) {
    if (problem.operator_index < 0) {
        return "model";
    }
    return fmt::format("{} version {} (operator {})", operator_name(problem.operator_code),
                       problem.operator_version, problem.operator_index);
}

std::string describe_tensor_part(const fr_model_problem_t& problem) {
    return problem.tensor_index < 0 ? std::string()
                                    : fmt::format(", tensor {}", problem.tensor_index);
}

}  // namespace

std::string describe_refusal(const fr_model_problem_t& problem) {
    std::string place = describe_place(problem);
    switch (problem.reason) {
        case FR_MODEL_OPERATOR_MISSING:
            return fmt::format("{} version {} is not built in",
                               operator_name(problem.operator_code), problem.operator_version);
        case FR_MODEL_OPERATOR_VERSION:
            return fmt::format("{} version {} is not built in, only versions up to {} are",
                               operator_name(problem.operator_code), problem.operator_version,
                               problem.limit);
        case FR_MODEL_TENSOR_TYPE:
            return fmt::format("{} on {} is not built in (tensor {})", place,
                               tensor_type_name(static_cast<std::int32_t>(problem.value)),
                               problem.tensor_index);
        case FR_MODEL_OPERATOR_OPTION:
            return fmt::format("{}: the value of its option {} is not built in", place,
                               problem.value);
        case FR_MODEL_LIMIT:
            return fmt::format("{}: {} exceeds the limit of {}", place, problem.value,
                               problem.limit);
        default:
            return fmt::format("{}{}: {}", place, describe_tensor_part(problem),
                               fr_model_reason_text(problem.reason));
    }
}

base::Error explain_refusal(base::ByteView bytes, fr_status_t status,
                            const fr_model_problem_t& problem) {
    if (const auto read = read_model(bytes); !read) {
        return read.error();
    }
    std::string what = describe_refusal(problem);
    if (!what.starts_with("model: ")) {
        what.insert(0, "model: ");
    }
    if (status == FR_ERROR_UNSUPPORTED || status == FR_ERROR_LIMIT) {
        return {base::ErrorKind::kUnsupported, std::move(what), "the runtime has no such part",
                "Use a model of built-in operators (frugalctl model inspect)."};
    }
    return {base::ErrorKind::kInvalidInput, std::move(what), "the file is damaged",
            "Export the model again."};
}

}  // namespace frugal::model
