// SPDX-License-Identifier: Apache-2.0
#include "policy/author/policy_proof.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "frugal/limits.h"
#include "policy/author/field_names.hpp"
#include "policy/learn/compiled_table.hpp"

namespace frugal::policy {

namespace {

constexpr std::size_t kGuardCountAt = 4;

/// Fields that a file cannot guard, and what devices put there.
constexpr Range kPrivacies{0, 2};
constexpr Range kLinks{0, 1};

/// Which of a field's values favour escalation.
enum class Better : std::uint8_t { kLess, kMore };

Better better(fr_policy_field_t field) {
    const bool is_more =
        field == FR_FIELD_BATTERY || field == FR_FIELD_TOKENS || field == FR_FIELD_SLACK;
    return is_more ? Better::kMore : Better::kLess;
}

fr_guard_spec_t guard_at(const std::uint8_t* bytes) {
    return {bytes[0], bytes[1], static_cast<std::int16_t>(bytes[2] | bytes[3] << 8)};
}

/// Against a number, of a field whose values are known here; the task's number is not.
bool is_kept(const fr_guard_spec_t& guard) {
    return (guard.operation & FR_GUARD_FIELD_VALUE) == 0 && guard.field != FR_FIELD_TASK;
}

/// A form in the contexts that favour escalation most, by class and confidence; see the header.
class Tempted {
public:
    explicit Tempted(base::ByteView compiled) {
        form_.assign(compiled.begin(), compiled.end());
        keep_guards();
        context_.fields[FR_FIELD_TASK] = kProvedTask;
        for (const FieldName& name : kFields) {
            tempt(name.field, name.range, better(name.field));
        }
        tempt(FR_FIELD_PRIVACY, kPrivacies, Better::kLess);
        tempt(FR_FIELD_LINK, kLinks, Better::kMore);
    }

    /// With inputs of so many bytes only or, if nobody knows, the largest that no guard forbids.
    void weigh_input(std::optional<std::uint32_t> bytes) {
        const std::int64_t units =
            std::min<std::int64_t>(bytes.value_or(UINT32_MAX) / 16, INT16_MAX);
        tempt(FR_FIELD_PAYLOAD, {bytes ? units : 0, units}, Better::kMore);
    }

    /// `holds` of every answer; stops at the first it does not hold of.
    template <typename Holds>
    bool holds_of_all(const Holds& holds) const {
        const bool is_guarded = std::ranges::any_of(
            guards_, [](const auto& guard) { return guard.field == FR_FIELD_CONFIDENCE; });
        auto context = context_;
        for (std::uint32_t class_id = 0; class_id < FR_CLASSES_MAX; ++class_id) {
            for (int confidence = 0; confidence < 256; confidence += is_guarded ? 1 : 8) {
                context.fields[FR_FIELD_CLASS] = static_cast<std::int16_t>(class_id);
                context.fields[FR_FIELD_CONFIDENCE] = static_cast<std::int16_t>(confidence);
                fr_policy_answer_t answer{};
                fr_policy_evaluate(form_.data(), form_.size(), &context, &answer);
                if (!holds(class_id, answer)) {
                    return false;
                }
            }
        }
        return true;
    }

private:
    /// Takes the guards out of the form that cannot be told here; it is sound, or empty.
    void keep_guards() {
        if (fr_policy_check(form_.data(), form_.size()) != FR_OK) {
            form_.clear();
            return;
        }
        const std::size_t count = form_[kGuardCountAt];
        base::Bytes kept(form_.begin(), form_.begin() + FR_POLICY_HEADER_BYTES);
        const std::uint8_t* at = form_.data() + FR_POLICY_HEADER_BYTES;
        for (std::size_t i = 0; i < count; ++i, at += FR_POLICY_GUARD_BYTES) {
            if (const auto guard = guard_at(at); is_kept(guard)) {
                guards_.push_back(guard);
                kept.insert(kept.end(), at, at + FR_POLICY_GUARD_BYTES);
            }
        }
        kept.insert(kept.end(), at, static_cast<const std::uint8_t*>(form_.data() + form_.size()));
        kept[kGuardCountAt] = static_cast<std::uint8_t>(guards_.size());
        form_ = std::move(kept);
    }

    /// The best value of a field that no guard on it forbids; any where all are forbidden: then
    /// the evaluator finds the guard.
    void tempt(fr_policy_field_t field, const Range& range, Better direction) {
        const bool is_more = direction == Better::kMore;
        auto best = is_more ? range.most : range.least;
        std::vector<fr_guard_spec_t> own;
        std::ranges::copy_if(guards_, std::back_inserter(own),
                             [&](const auto& guard) { return guard.field == field; });
        // What the guards leave are stretches between their values: the best is an end of one.
        std::vector<std::int64_t> ends = {best};
        for (const auto& guard : own) {
            for (std::int64_t end = guard.value - 1; end <= guard.value + 1; ++end) {
                ends.push_back(std::clamp<std::int64_t>(end, range.least, range.most));
            }
        }
        std::ranges::sort(ends);
        if (is_more) {
            std::ranges::reverse(ends);
        }
        const auto open = std::ranges::find_if(ends, [&own](std::int64_t value) {
            return std::ranges::none_of(
                own, [value](const auto& guard) { return guard_holds(guard, value); });
        });
        context_.fields[field] = static_cast<std::int16_t>(open != ends.end() ? *open : best);
    }

    base::Bytes form_;
    std::vector<fr_guard_spec_t> guards_;
    fr_policy_context_t context_{};
};

/// The form after a learner who wanted these gains everywhere; absent if there is none.
std::optional<base::Bytes> learned_all(base::ByteView compiled, const ClassRules& rules,
                                       std::uint8_t gain) {
    TableBytes wanted{};
    wanted.fill(gain);
    const auto owner = learnable_part(compiled, kProvedTask);
    return owner ? with_learned(compiled, kProvedTask, 1,
                                part_within(*owner, wanted, rules.bounds, owner->audit_q8))
                 : std::nullopt;
}

bool is_weighed(const fr_policy_answer_t& answer) {
    return answer.reason == FR_POLICY_LOCAL_CONF || answer.reason == FR_POLICY_ESC_GAIN ||
           answer.reason == FR_POLICY_AUDIT;
}

}  // namespace

bool can_escalate(base::ByteView compiled) {
    return !Tempted(compiled).holds_of_all([](std::uint32_t /*class_id*/, const auto& answer) {
        return answer.tier == FR_TIER_LOCAL;
    });
}

bool keeps_bounds(base::ByteView compiled, const ClassRules& rules) {
    const OwnerBounds bounds = owner_bounds(rules);
    const auto is_within = [&bounds](std::uint32_t class_id, const fr_policy_answer_t& answer) {
        const GainBounds& own = bounds.of(class_id);
        return !is_weighed(answer) || (answer.gain >= own.floor && answer.gain <= own.ceiling);
    };
    for (const std::uint8_t wanted : {std::uint8_t{0}, std::uint8_t{255}}) {
        const auto learned = learned_all(compiled, rules, wanted);
        if (!learned || !Tempted(*learned).holds_of_all(is_within)) {
            return false;
        }
    }
    return Tempted(compiled).holds_of_all(is_within);
}

bool asks_for_nothing(base::ByteView compiled, const ClassRules& rules,
                      std::optional<std::uint32_t> payload_bytes) {
    const OwnerBounds bounds = owner_bounds(rules);
    // The gateway is as quiet as it can be: what is left of the price is that of the input.
    Tempted tempted(compiled);
    tempted.weigh_input(payload_bytes);
    return !tempted.holds_of_all([&bounds](std::uint32_t class_id, const auto& answer) {
        return answer.reason != FR_POLICY_ESC_GAIN || bounds.of(class_id).ceiling > 0;
    });
}

bool is_beyond_price(base::ByteView compiled, const ClassRules& rules,
                     std::optional<std::uint32_t> payload_bytes) {
    const auto learned = learned_all(compiled, rules, 255);
    if (!learned) {
        return false;
    }
    Tempted tempted(*learned);
    if (payload_bytes) {
        tempted.weigh_input(payload_bytes);
    }
    bool is_compared = false;
    const bool pays_nowhere =
        tempted.holds_of_all([&](std::uint32_t /*class_id*/, const auto& answer) {
            is_compared = is_compared || is_weighed(answer);
            return answer.reason != FR_POLICY_ESC_GAIN;
        });
    return pays_nowhere && is_compared;
}

}  // namespace frugal::policy
