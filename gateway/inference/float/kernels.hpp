// SPDX-License-Identifier: Apache-2.0
// The float32 kernels behind the table in operators.cpp: a check and a run each.
#pragma once

#include <cstdint>

extern "C" {
#include "runtime/model.h"
}

namespace frugal::inference {

/// TFLite's numbers of operators that only the gateway has.
inline constexpr std::int32_t kRelu = 19;
inline constexpr std::int32_t kRelu6 = 21;
inline constexpr std::int32_t kTanh = 28;

fr_status_t check_float_binary(const fr_call_t* call, std::uint64_t* work);
fr_status_t run_float_binary(const fr_call_t* call);
fr_status_t check_float_convolution(const fr_call_t* call, std::uint64_t* work);
fr_status_t run_float_convolution(const fr_call_t* call);
fr_status_t check_float_dense(const fr_call_t* call, std::uint64_t* work);
fr_status_t run_float_dense(const fr_call_t* call);
fr_status_t check_float_mean(const fr_call_t* call, std::uint64_t* work);
fr_status_t run_float_mean(const fr_call_t* call);
fr_status_t check_float_pool(const fr_call_t* call, std::uint64_t* work);
fr_status_t run_float_pool(const fr_call_t* call);
fr_status_t check_float_softmax(const fr_call_t* call, std::uint64_t* work);
fr_status_t run_float_softmax(const fr_call_t* call);
fr_status_t check_float_unary(const fr_call_t* call, std::uint64_t* work);
fr_status_t run_float_unary(const fr_call_t* call);

}  // namespace frugal::inference
