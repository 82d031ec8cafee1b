// SPDX-License-Identifier: Apache-2.0
#include "policy/author/policy_proof.hpp"

#include <algorithm>

#include "frugal/limits.h"
#include "policy/learn/compiled_table.hpp"

namespace frugal::policy {

namespace {

/// Free, fast, and certain of nothing.
fr_policy_context_t tempting() {
    fr_policy_context_t context{};
    context.fields[FR_FIELD_TASK] = kProvedTask;
    context.fields[FR_FIELD_BATTERY] = 200;
    context.fields[FR_FIELD_LINK] = 1;
    context.fields[FR_FIELD_TOKENS] = INT16_MAX;
    context.fields[FR_FIELD_SLACK] = INT16_MAX;
    context.fields[FR_FIELD_ENERGY_BUDGET] = INT16_MAX;
    context.fields[FR_FIELD_FREE_RAM] = INT16_MAX;
    return context;
}

/// `holds` of every answer; stops at the first it does not hold of.
template <typename Holds>
bool holds_of_all(base::ByteView compiled, const Holds& holds,
                  fr_policy_context_t context = tempting()) {
    for (std::uint32_t class_id = 0; class_id < FR_CLASSES_MAX; ++class_id) {
        for (std::size_t bin = 0; bin < kBins; ++bin) {
            context.fields[FR_FIELD_CLASS] = static_cast<std::int16_t>(class_id);
            context.fields[FR_FIELD_CONFIDENCE] = static_cast<std::int16_t>(bin * 8);
            fr_policy_answer_t answer{};
            fr_policy_evaluate(compiled.data(), compiled.size(), &context, &answer);
            if (!holds(class_id, answer)) {
                return false;
            }
        }
    }
    return true;
}

bool is_weighed(const fr_policy_answer_t& answer) {
    return answer.reason == FR_POLICY_LOCAL_CONF || answer.reason == FR_POLICY_ESC_GAIN ||
           answer.reason == FR_POLICY_AUDIT;
}

}  // namespace

bool can_escalate(base::ByteView compiled) {
    return !holds_of_all(compiled, [](std::uint32_t /*class_id*/, const auto& answer) {
        return answer.tier == FR_TIER_LOCAL;
    });
}

bool keeps_bounds(base::ByteView compiled, const ClassRules& rules) {
    const OwnerBounds bounds = owner_bounds(rules);
    const auto is_within = [&bounds](std::uint32_t class_id, const fr_policy_answer_t& answer) {
        const GainBounds& own = bounds.of(class_id);
        return !is_weighed(answer) || (answer.gain >= own.floor && answer.gain <= own.ceiling);
    };
    TableBytes most{};
    most.fill(255);
    for (const TableBytes& wanted : {TableBytes{}, most}) {
        const auto owner = learnable_part(compiled, kProvedTask);
        const auto learned = owner ? with_learned(compiled, kProvedTask, 1,
                                                  part_within(*owner, wanted, rules.bounds, 0))
                                   : std::nullopt;
        if (!learned || !holds_of_all(*learned, is_within)) {
            return false;
        }
    }
    return holds_of_all(compiled, is_within);
}

bool asks_for_nothing(base::ByteView compiled, const ClassRules& rules,
                      std::uint32_t payload_bytes) {
    const OwnerBounds bounds = owner_bounds(rules);
    auto context = tempting();
    // The gateway is as quiet as it can be: what is left of the price is that of the input.
    context.fields[FR_FIELD_PAYLOAD] =
        static_cast<std::int16_t>(std::min<std::uint32_t>(payload_bytes / 16, INT16_MAX));
    const auto is_spared = [&bounds](std::uint32_t class_id, const fr_policy_answer_t& answer) {
        return answer.reason != FR_POLICY_ESC_GAIN || bounds.of(class_id).ceiling > 0;
    };
    return !holds_of_all(compiled, is_spared, context);
}

}  // namespace frugal::policy
