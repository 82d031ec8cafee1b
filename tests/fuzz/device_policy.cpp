// SPDX-License-Identifier: Apache-2.0
// Any bytes as a policy, any context: the evaluator answers, never sends what is private, and a
// policy that passes the check is never called bad for a task it names.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "frugal/policy.h"

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fr_policy_context_t context{};
    const auto context_size = std::min(size, sizeof context);
    std::memcpy(&context, data, context_size);
    // An exact heap copy lets the sanitizer see a read past the end.
    const std::vector<std::uint8_t> policy(data + context_size, data + size);
    fr_policy_answer_t answer;
    fr_policy_evaluate(policy.data(), policy.size(), &context, &answer);
    require(answer.tier >= FR_TIER_LOCAL && answer.tier <= FR_TIER_CLOUD);
    require(answer.reason < FR_POLICY_REASONS);
    const auto privacy = context.fields[FR_FIELD_PRIVACY];
    require(answer.tier == FR_TIER_LOCAL || (privacy >= 0 && privacy < 2));
    require(answer.tier != FR_TIER_CLOUD || privacy == 0);
    require(answer.tier == FR_TIER_LOCAL || context.fields[FR_FIELD_LINK] != 0);
    require(answer.tier == FR_TIER_LOCAL || context.fields[FR_FIELD_TOKENS] > 0);
    const bool is_fine = fr_policy_check(policy.data(), policy.size()) == FR_OK;
    (void)fr_policy_cap_per_hour(policy.data(), policy.size(), 1);
    if (!is_fine) {
        return 0;
    }
    require(fr_policy_id(policy.data(), policy.size()) != 0);
    const std::size_t first =
        FR_POLICY_HEADER_BYTES + std::size_t{policy[4]} * FR_POLICY_GUARD_BYTES;
    context.fields[FR_FIELD_TASK] = policy[first];
    fr_policy_evaluate(policy.data(), policy.size(), &context, &answer);
    require(answer.reason != FR_POLICY_BADPOLICY);
    return 0;
}
