// SPDX-License-Identifier: Apache-2.0
#include "inference/operator_support.hpp"

#include <array>

#include "inference/float/operators.hpp"

extern "C" {
#include "runtime/model.h"
}

namespace frugal::inference {

namespace {

constexpr std::size_t kCodes = 256;

/// What the runtime asks of an operator before it asks its kernel.
bool accepts(const fr_kernel_t* kernel, const fr_call_t& call) {
    const auto& operation = call.operation;
    if (kernel == nullptr || operation.version < 1 || operation.version > kernel->version_max ||
        operation.input_count < kernel->inputs_min || operation.input_count > kernel->inputs_max ||
        operation.output_count < kernel->outputs_min ||
        operation.output_count > kernel->outputs_max ||
        (kernel->options_type != 0 && operation.options_type != kernel->options_type)) {
        return false;
    }
    fr_model_problem_t unread{};
    fr_call_t own = call;
    own.problem = &unread;
    std::uint64_t work = 0;
    return kernel->check(&own, &work) == FR_OK && work <= FR_MODEL_WORK_MAX;
}

/// A set of operators that takes every number, asks both real sets and notes their answers.
class Survey : private fr_operator_set_t {
public:
    Survey() : fr_operator_set_t{} {
        kernels = pointers_.data();
        kernel_count = kCodes;
        for (std::size_t code = 0; code < kCodes; ++code) {
            fr_kernel_t& kernel = kernels_.at(code);
            const auto* real =
                fr_kernel_find(&gateway_operators(), static_cast<std::int32_t>(code));
            kernel.code = static_cast<std::uint8_t>(code);
            kernel.version_max = UINT8_MAX;
            kernel.inputs_max = UINT8_MAX;
            kernel.outputs_max = UINT8_MAX;
            kernel.check = note;
            kernel.variables = real == nullptr ? nullptr : real->variables;
            pointers_.at(code) = &kernel;
        }
    }
    Survey(const Survey&) = delete;
    Survey& operator=(const Survey&) = delete;

    std::vector<OperatorSupport> run(base::ByteView bytes) {
        fr_model_t model;
        fr_model_problem_t unread{};
        const auto status = fr_model_open_with(&model, this, bytes.data(), bytes.size(), &unread);
        const bool is_whole = status == FR_OK && answers_.size() == model.operator_count;
        return is_whole ? std::move(answers_) : std::vector<OperatorSupport>();
    }

private:
    /// The kernels know nothing but their call, whose model knows the set it was opened with.
    static fr_status_t note(const fr_call_t* call, std::uint64_t* work) {
        const auto* set = static_cast<const Survey*>(call->model->set);
        auto& survey = const_cast<Survey&>(*set);
        *work = 0;
        const std::int32_t code = call->operation.code;
        const bool on_device = accepts(fr_kernel_find(&fr_operators_all, code), *call);
        const bool on_gateway = accepts(fr_kernel_find(&gateway_operators(), code), *call);
        survey.answers_.push_back({on_device, on_gateway});
        return FR_OK;
    }

    std::array<fr_kernel_t, kCodes> kernels_{};
    std::array<const fr_kernel_t*, kCodes> pointers_{};
    std::vector<OperatorSupport> answers_;
};

}  // namespace

std::vector<OperatorSupport> operator_support(base::ByteView model) {
    return Survey().run(model);
}

}  // namespace frugal::inference
