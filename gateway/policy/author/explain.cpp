// SPDX-License-Identifier: Apache-2.0
#include "policy/author/explain.hpp"

#include <fmt/format.h>

#include "policy/author/gain_bounds.hpp"

namespace frugal::policy {

namespace {

std::string_view rule_of(std::uint32_t reason) {
    // clang-format off
    switch (static_cast<fr_policy_reason_t>(reason)) {
        case FR_POLICY_LOCAL_CONF:  return "LOCAL_CONF: stayed local, as asking would gain less than it costs";
        case FR_POLICY_PRIVATE:     return "PRIVATE: stayed local, as this input must not leave the device that far";
        case FR_POLICY_GUARD:       return "GUARD: stayed local, as a guard said so";
        case FR_POLICY_NOLINK:      return "NOLINK: stayed local, as the device had no session with the gateway";
        case FR_POLICY_DEADLINE:    return "DEADLINE: stayed local, as no answer would have come back in time";
        case FR_POLICY_BUDGET:      return "BUDGET: stayed local, as the device had no escalation left, or no room for one";
        case FR_POLICY_EXPIRED:     return "EXPIRED: stayed local, as the policy expired before it was renewed";
        case FR_POLICY_BADPOLICY:   return "BADPOLICY: stayed local, as the device had no policy for the task that it could read, or none for the model it runs";
        case FR_POLICY_CLASS_RULE:  return "CLASS_RULE: stayed local, as the rule of this class or task says always-local";
        case FR_POLICY_ESC_GAIN:    return "ESC_GAIN: asked, as that was expected to gain at least what it costs";
        case FR_POLICY_AUDIT:       return "AUDIT: asked at random, to learn whether what stays local is right";
        case FR_POLICY_ESC_RULE:    return "ESC_RULE: asked, as the rule of this class says always-edge";
        case FR_POLICY_BUSY_RETRY:  return "BUSY_RETRY: asked, but the edge was busy or refused: the local answer stands";
        case FR_POLICY_LATE:        return "LATE: asked, but no answer came before the deadline: the local answer stands";
        default:                    return "the device gave no reason";
    }
    // clang-format on
}

/// A pin answers for every class, by a form that is for any model; absent if the task has none.
std::optional<std::string> pin_of(const CompiledTask& task, std::size_t labels) {
    const std::size_t classes = labels != 0 ? labels : task.groups.size();
    if (!task.has_pins || task.model != 0 || classes == 0) {
        return std::nullopt;
    }
    auto rule = rule_of_class(task, 0);
    for (std::uint32_t class_id = 1; class_id < classes; ++class_id) {
        if (rule_of_class(task, class_id) != rule) {
            return std::nullopt;
        }
    }
    return rule.starts_with("always") ? std::optional(std::move(rule)) : std::nullopt;
}

/// The rule that spoke; of a pinned task no class has one.
std::string rule_words(const AnswerFacts& facts, const CompiledTask* task, std::size_t labels) {
    const auto pin = task != nullptr ? pin_of(*task, labels) : std::nullopt;
    if (facts.reason == FR_POLICY_ESC_RULE && pin == "always-edge") {
        return "ESC_RULE: asked, as the policy pins this task always-edge";
    }
    if (facts.reason == FR_POLICY_CLASS_RULE && pin == "always-local") {
        return "CLASS_RULE: stayed local, as the policy pins this task always-local";
    }
    return std::string(rule_of(facts.reason));
}

std::string gain_words(const CompiledTask& task, const AnswerFacts& facts) {
    if (!facts.local_confidence || !facts.local_class) {
        return facts.told_gain
                   ? fmt::format("gain {} of 256, as the device told", *facts.told_gain)
                   : "gain: not known, as the answer's own class and confidence replaced "
                     "the local ones";
    }
    const auto rule = rule_of_class(task, *facts.local_class);
    if (rule.starts_with("always")) {
        return "gain: not looked up, the class has a rule";
    }
    const std::uint32_t group =
        *facts.local_class < task.groups.size() ? task.groups[*facts.local_class] : 0;
    const std::uint32_t bin = *facts.local_confidence >> 3;
    if (group >= task.tables.size()) {
        return "gain: the class has no table";
    }
    const std::uint32_t gain = task.tables[group][bin];
    auto words = fmt::format("gain {} of 256: bin {} of table {} (confidence {:.3f} to {:.3f})",
                             gain, bin, group + 1, bin / 32.0, (bin + 1) / 32.0);
    if (!facts.told_gain) {
        words += ", recomputed";
    } else if (*facts.told_gain != gain && *facts.told_gain != 0) {
        words += fmt::format("; the device told {}, under an earlier version", *facts.told_gain);
    }
    if (facts.bounds && *facts.bounds != GainBounds{}) {
        words += "; its owner keeps it within " + words_of(*facts.bounds);
    }
    return words;
}

std::string price_words(const CompiledTask& task, const AnswerFacts& facts) {
    const auto& weights = task.weights;
    auto words = facts.told_price
                     ? fmt::format("price {} of 256, as the device told", *facts.told_price)
                     : std::string("price: the device no longer reports it");
    words += fmt::format(
        " = ({} x payload/16 + {} x rtt/4 + {} x max(load, price) + {} x (510 - battery)) >> {}",
        weights[0], weights[1], weights[2], weights[3], task.shift);
    if (facts.payload_bytes) {
        const auto payload = *facts.payload_bytes / 16 * weights[0] >> task.shift;
        words += fmt::format("; payload {} B alone makes {}", *facts.payload_bytes, payload);
    }
    return words;
}

bool compares(std::uint32_t reason) {
    return reason == FR_POLICY_LOCAL_CONF || reason == FR_POLICY_ESC_GAIN ||
           reason == FR_POLICY_AUDIT || reason == FR_POLICY_LATE || reason == FR_POLICY_BUSY_RETRY;
}

}  // namespace

std::vector<std::string> explain(const CompiledPolicy* policy, const AnswerFacts& facts,
                                 const std::vector<std::string>& labels) {
    const auto* task = policy != nullptr ? policy->task(facts.task) : nullptr;
    std::vector<std::string> lines = {rule_words(facts, task, labels.size())};
    if (facts.local_class) {
        const bool has_label = *facts.local_class < labels.size();
        auto line = fmt::format("local answer: class {}", *facts.local_class);
        line += has_label ? fmt::format(" ({})", labels[*facts.local_class]) : "";
        line += facts.local_confidence
                    ? fmt::format(", confidence {:.3f}", *facts.local_confidence / 255.0)
                    : "";
        lines.push_back(line);
    }
    if (task == nullptr) {
        if (facts.reason != FR_POLICY_BADPOLICY) {  // that one went by none
            lines.emplace_back("the rules it went by are not known");
        }
        return lines;
    }
    if (facts.reason == FR_POLICY_GUARD) {
        const bool is_known = facts.told_guard && *facts.told_guard < policy->guards.size();
        lines.push_back(is_known ? fmt::format("guard {}: {}", *facts.told_guard + 1,
                                               words_of(policy->guards[*facts.told_guard]))
                                 : "which guard: the device no longer reports it");
    }
    if (compares(facts.reason)) {
        lines.push_back(gain_words(*task, facts));
        if (!facts.bounds_error.empty()) {
            lines.push_back("bounds of gains cannot be read: " + facts.bounds_error);
        }
        lines.push_back(price_words(*task, facts));
    }
    lines.push_back(fmt::format(
        "bounds: {}, {}, audit {}/256",
        task->cap_per_hour == 0 ? "no cap"
                                : fmt::format("{} escalations an hour", task->cap_per_hour),
        task->deadline_ms == 0 ? "no deadline" : fmt::format("deadline {} ms", task->deadline_ms),
        task->audit));
    return lines;
}

}  // namespace frugal::policy
