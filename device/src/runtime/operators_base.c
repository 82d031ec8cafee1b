// SPDX-License-Identifier: Apache-2.0
#include "frugal/operators.h"

static const fr_kernel_t* const kernels[] = {
    &fr_kernel_add,        &fr_kernel_average_pool,    &fr_kernel_convolution, &fr_kernel_depthwise,
    &fr_kernel_dequantize, &fr_kernel_fully_connected, &fr_kernel_max_pool,    &fr_kernel_quantize,
    &fr_kernel_reshape,    &fr_kernel_softmax};

const fr_operator_set_t fr_operators_base = {kernels, sizeof kernels / sizeof kernels[0]};
