// SPDX-License-Identifier: Apache-2.0
// From the scales and zero points of tensors to the integers a kernel computes with, by the same
// float and double roundings TFLite goes through. Pure functions on tensor descriptions.
#ifndef FRUGAL_RUNTIME_QUANTIZATION_H
#define FRUGAL_RUNTIME_QUANTIZATION_H

#include "runtime/model.h"
#include "runtime/real.h"

typedef struct {
    int32_t low;
    int32_t high;
} fr_range_t;

/// True if the tensor is of this type with one positive finite scale.
bool fr_is_quantized(const fr_tensor_t* tensor, uint32_t type);

/// Checks that a tensor is int8 with one scale; notes a refusal otherwise.
fr_status_t fr_require_int8(const fr_call_t* call, const fr_tensor_t* tensor);

/// Checks constant int8 weights: one scale or one for each of `channels`, all of them usable and
/// all zero points zero.
fr_status_t fr_require_weights(const fr_call_t* call, const fr_tensor_t* weights, uint32_t channels,
                               uint32_t channel_dimension);

/// Checks a constant int32 bias of `channels` elements.
fr_status_t fr_require_bias(const fr_call_t* call, const fr_tensor_t* bias, uint32_t channels);

/// Scale of a channel (of the tensor, if it has only one).
fr_real_t fr_scale(const fr_tensor_t* tensor, uint32_t channel);

/// input scale * weight scale / output scale in double, as convolutions have it.
bool fr_multiplier_by_channel(const fr_tensor_t* input, const fr_tensor_t* weights,
                              const fr_tensor_t* output, uint32_t channel,
                              fr_multiplier_t* multiplier);

/// Output range of a fused activation, or false for one not built in (TANH, SIGN_BIT).
bool fr_activation_range(const fr_tensor_t* output, uint32_t activation, fr_range_t* range);

/// Every multiplier of a layer can be formed; notes a refusal otherwise.
fr_status_t fr_require_multipliers(const fr_call_t* call, const fr_tensor_t* input,
                                   const fr_tensor_t* weights, const fr_tensor_t* output);

#endif
