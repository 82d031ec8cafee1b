// SPDX-License-Identifier: Apache-2.0
#include "frugal/operators.h"

static const fr_kernel_t* const kernels[] = {&fr_kernel_add,           &fr_kernel_average_pool,
                                             &fr_kernel_convolution,   &fr_kernel_depthwise,
                                             &fr_kernel_dequantize,    &fr_kernel_fully_connected,
                                             &fr_kernel_max_pool,      &fr_kernel_quantize,
                                             &fr_kernel_reshape,       &fr_kernel_softmax,
                                             &fr_kernel_call_once,     &fr_kernel_variable_handle,
                                             &fr_kernel_read_variable, &fr_kernel_assign_variable,
                                             &fr_kernel_concatenation, &fr_kernel_logistic,
                                             &fr_kernel_mean,          &fr_kernel_multiply,
                                             &fr_kernel_pack,          &fr_kernel_pad,
                                             &fr_kernel_shape,         &fr_kernel_split,
                                             &fr_kernel_strided_slice};

const fr_operator_set_t fr_operators_all = {kernels, sizeof kernels / sizeof kernels[0]};
