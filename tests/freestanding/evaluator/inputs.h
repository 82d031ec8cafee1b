// SPDX-License-Identifier: Apache-2.0
// The same endless row of random policies and contexts on every machine, and a checksum over what
// the evaluator answers. Test code, C99, no libc: compiled by the host and for a Cortex-M. A new
// policy every 64 contexts; most are valid, one in four has a few bytes broken.
#ifndef FRUGAL_TESTS_EVALUATOR_INPUTS_H
#define FRUGAL_TESTS_EVALUATOR_INPUTS_H

#include "frugal/policy.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint32_t random;
    uint32_t made;  ///< inputs so far
    uint32_t size;
    uint8_t policy[FR_POLICY_SIZE_MAX];
    fr_policy_context_t context;
    uint32_t escalated;  ///< answers that did not stay local
    uint32_t reasons;    ///< bit r: reason r was answered
} evaluator_inputs_t;

void evaluator_inputs_init(evaluator_inputs_t* inputs);

/// The next policy and context.
void evaluator_inputs_next(evaluator_inputs_t* inputs);

/// Evaluates `count` inputs. @return FNV-1a over all fields of all answers.
uint32_t evaluator_checksum(evaluator_inputs_t* inputs, uint32_t count);

/// Three tasks, four guards, one task with two tables: the policy that the figures of the evaluator
/// are of. Its third task escalates in `context`. @return its size.
uint32_t evaluator_third_of_three(uint8_t* policy, uint32_t capacity, fr_policy_context_t* context);

#ifdef __cplusplus
}
#endif

#endif
