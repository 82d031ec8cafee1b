// SPDX-License-Identifier: Apache-2.0
// The operators of the runtime, to choose from. A firmware names the set it wants (or makes its
// own), and the linker takes in these kernels and no others. All of it is constant; nothing is
// ever registered at run time.
#ifndef FRUGAL_OPERATORS_H
#define FRUGAL_OPERATORS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// One operator; what is in it is the runtime's own business.
typedef struct fr_kernel fr_kernel_t;

/// Operators a model may use, in any order. Example:
///     static const fr_kernel_t* const kernels[] = {&fr_kernel_convolution, &fr_kernel_softmax};
///     static const fr_operator_set_t set = {kernels, 2};
typedef struct {
    const fr_kernel_t* const* kernels;
    uint32_t kernel_count;
} fr_operator_set_t;

// What classifiers of images and of whole windows of sound are made of.
extern const fr_kernel_t fr_kernel_add;
extern const fr_kernel_t fr_kernel_average_pool;
extern const fr_kernel_t fr_kernel_convolution;
extern const fr_kernel_t fr_kernel_depthwise;
extern const fr_kernel_t fr_kernel_dequantize;
extern const fr_kernel_t fr_kernel_fully_connected;
extern const fr_kernel_t fr_kernel_max_pool;
extern const fr_kernel_t fr_kernel_quantize;
extern const fr_kernel_t fr_kernel_reshape;
extern const fr_kernel_t fr_kernel_softmax;

// What streaming models use beside them. The first four go together: variables.
extern const fr_kernel_t fr_kernel_assign_variable;
extern const fr_kernel_t fr_kernel_call_once;
extern const fr_kernel_t fr_kernel_read_variable;
extern const fr_kernel_t fr_kernel_variable_handle;
extern const fr_kernel_t fr_kernel_concatenation;
extern const fr_kernel_t fr_kernel_logistic;
extern const fr_kernel_t fr_kernel_mean;
extern const fr_kernel_t fr_kernel_multiply;
extern const fr_kernel_t fr_kernel_pack;
extern const fr_kernel_t fr_kernel_pad;
extern const fr_kernel_t fr_kernel_shape;
extern const fr_kernel_t fr_kernel_split;
extern const fr_kernel_t fr_kernel_strided_slice;

/// The first ten.
extern const fr_operator_set_t fr_operators_base;

/// All of them.
extern const fr_operator_set_t fr_operators_all;

#ifdef __cplusplus
}
#endif

#endif
