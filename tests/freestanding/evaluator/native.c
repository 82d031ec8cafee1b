// SPDX-License-Identifier: Apache-2.0
// Prints the checksum of as many answers as its argument says, how many escalated, which reasons
// were met, and the sizes of two policies.
#include <stdio.h>
#include <stdlib.h>

#include "inputs.h"

int main(int count, char** arguments) {
    static evaluator_inputs_t inputs;
    uint8_t policy[FR_POLICY_SIZE_MAX];
    fr_policy_context_t context;
    const uint32_t inputs_wanted = count > 1 ? (uint32_t)strtoul(arguments[1], NULL, 10) : 1000000u;
    evaluator_inputs_init(&inputs);
    const uint32_t sum = evaluator_checksum(&inputs, inputs_wanted);
    printf("%u %u %u %u\n", sum, inputs.escalated, inputs.reasons,
           evaluator_third_of_three(policy, sizeof policy, &context));
    return 0;
}
