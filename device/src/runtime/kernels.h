// SPDX-License-Identifier: Apache-2.0
// The kernels behind the operator table in operator.c: a check and a run for each operator.
#ifndef FRUGAL_RUNTIME_KERNELS_H
#define FRUGAL_RUNTIME_KERNELS_H

#include "runtime/model.h"

fr_status_t fr_add_check(const fr_call_t* call, uint64_t* work);
fr_status_t fr_add_run(const fr_call_t* call);
fr_status_t fr_average_pool_run(const fr_call_t* call);
fr_status_t fr_convolution_check(const fr_call_t* call, uint64_t* work);
fr_status_t fr_convolution_run(const fr_call_t* call);
fr_status_t fr_depthwise_check(const fr_call_t* call, uint64_t* work);
fr_status_t fr_depthwise_run(const fr_call_t* call);
fr_status_t fr_dequantize_check(const fr_call_t* call, uint64_t* work);
fr_status_t fr_dequantize_run(const fr_call_t* call);
fr_status_t fr_fully_connected_check(const fr_call_t* call, uint64_t* work);
fr_status_t fr_fully_connected_run(const fr_call_t* call);
fr_status_t fr_max_pool_run(const fr_call_t* call);
fr_status_t fr_pool_check(const fr_call_t* call, uint64_t* work);
fr_status_t fr_quantize_check(const fr_call_t* call, uint64_t* work);
fr_status_t fr_quantize_run(const fr_call_t* call);
fr_status_t fr_reshape_check(const fr_call_t* call, uint64_t* work);
fr_status_t fr_reshape_run(const fr_call_t* call);
fr_status_t fr_softmax_check(const fr_call_t* call, uint64_t* work);
fr_status_t fr_softmax_run(const fr_call_t* call);

#endif
