// SPDX-License-Identifier: Apache-2.0
#include "inference/float/operators.hpp"

#include <array>

#include "inference/float/kernels.hpp"
#include "inference/float/operands.hpp"

namespace frugal::inference {

namespace {

using Check = fr_status_t (*)(const fr_call_t*, std::uint64_t*);
using Run = fr_status_t (*)(const fr_call_t*);

/// Float calls to these functions, all others to the device's kernel.
template <const fr_kernel_t& kDevice, Check kCheck, Run kRun>
struct Either {
    static fr_status_t check(const fr_call_t* call, std::uint64_t* work) {
        return is_float(*call) ? kCheck(call, work) : kDevice.check(call, work);
    }
    static fr_status_t run(const fr_call_t* call) {
        return is_float(*call) ? kRun(call) : kDevice.run(call);
    }
    static fr_kernel_t kernel() {
        fr_kernel_t kernel = kDevice;
        kernel.check = check;
        kernel.run = run;
        return kernel;
    }
};

/// An operator without options that only floats have here.
fr_kernel_t unary(std::int32_t code) {
    fr_kernel_t kernel{};
    kernel.code = static_cast<std::uint8_t>(code);
    kernel.version_max = 2;
    kernel.inputs_min = 1;
    kernel.inputs_max = 1;
    kernel.outputs_min = 1;
    kernel.outputs_max = 1;
    kernel.check = check_float_unary;
    kernel.run = run_float_unary;
    return kernel;
}

constexpr Check kCheckConvolution = check_float_convolution;
constexpr Run kRunConvolution = run_float_convolution;
constexpr Check kCheckPool = check_float_pool;
constexpr Run kRunPool = run_float_pool;
constexpr Check kCheckBinary = check_float_binary;
constexpr Run kRunBinary = run_float_binary;

struct Table {
    std::array<fr_kernel_t, 13> own = {
        Either<fr_kernel_convolution, kCheckConvolution, kRunConvolution>::kernel(),
        Either<fr_kernel_depthwise, kCheckConvolution, kRunConvolution>::kernel(),
        Either<fr_kernel_fully_connected, check_float_dense, run_float_dense>::kernel(),
        Either<fr_kernel_average_pool, kCheckPool, kRunPool>::kernel(),
        Either<fr_kernel_max_pool, kCheckPool, kRunPool>::kernel(),
        Either<fr_kernel_add, kCheckBinary, kRunBinary>::kernel(),
        Either<fr_kernel_multiply, kCheckBinary, kRunBinary>::kernel(),
        Either<fr_kernel_softmax, check_float_softmax, run_float_softmax>::kernel(),
        Either<fr_kernel_logistic, check_float_unary, run_float_unary>::kernel(),
        Either<fr_kernel_mean, check_float_mean, run_float_mean>::kernel(),
        unary(kRelu),
        unary(kRelu6),
        unary(kTanh)};
    std::array<const fr_kernel_t*, 36> kernels{};
    fr_operator_set_t set{};

    Table() {
        std::uint32_t count = 0;
        for (const fr_kernel_t& kernel : own) {
            kernels[count++] = &kernel;
        }
        // The first kernel of a number is the one that is found.
        for (std::uint32_t i = 0; i < fr_operators_all.kernel_count; ++i) {
            kernels.at(count++) = fr_operators_all.kernels[i];
        }
        set = {kernels.data(), count};
    }
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;
};

}  // namespace

const fr_operator_set_t& gateway_operators() {
    static const Table table;
    return table.set;
}

}  // namespace frugal::inference
