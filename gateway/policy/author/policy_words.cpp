// SPDX-License-Identifier: Apache-2.0
// One task of a policy as a list of statements; two policies differ where a statement does.
#include <algorithm>
#include <cstdlib>
#include <map>

#include <fmt/format.h>

#include "policy/author/compiled_policy.hpp"
#include "policy/author/field_names.hpp"

namespace frugal::policy {

namespace {

struct Statement {
    std::string what;
    std::string says;
};

std::string limit_words(std::uint32_t value, std::string_view unit) {
    return value == 0 ? "none" : fmt::format("{} {}", value, unit);
}

std::string class_name(std::size_t class_id, const std::vector<std::string>& labels) {
    return class_id < labels.size() ? labels[class_id] : fmt::format("{}", class_id);
}

double mean_of(const GainTable& table) {
    double sum = 0;
    for (const auto gain : table) {
        sum += gain;
    }
    return sum / (256.0 * table.size());
}

std::string words_of_tier(std::uint32_t tier) {
    return tier == FR_TIER_EDGE ? "edge" : (tier == FR_TIER_CLOUD ? "cloud" : "nowhere");
}

std::vector<Statement> statements_of(const CompiledPolicy& policy, const CompiledTask& task,
                                     const std::vector<std::string>& labels) {
    std::vector<Statement> list;
    list.push_back({"for model", words_of_model(task.model)});
    list.push_back({"expires", limit_words(policy.expiry_hours, "h")});
    list.push_back(
        {"privacy",
         std::string(kPrivacy[std::min<std::size_t>(task.privacy, kPrivacy.size() - 1)])});
    list.push_back({"escalates to", words_of_tier(task.tier)});
    list.push_back({"deadline", limit_words(task.deadline_ms, "ms")});
    list.push_back({"cap", limit_words(task.cap_per_hour, "escalations an hour")});
    list.push_back({"audit", fmt::format("{}/256", task.audit)});
    for (std::size_t i = 0; i < kPriceWeights.size(); ++i) {
        list.push_back(
            {fmt::format("price of {}", kPriceWeights[i]), fmt::format("{}", task.weights[i])});
    }
    list.push_back({"price shift", fmt::format("{}", task.shift)});
    for (std::size_t i = 0; i < labels.size(); ++i) {
        const auto rule = rule_of_class(task, static_cast<std::uint32_t>(i));
        if (rule != "learned table 1") {
            list.push_back({"class " + class_name(i, labels), rule});
        }
    }
    return list;
}

std::string words_of_change(const GainTable& before, const GainTable& after) {
    std::size_t changed = 0;
    std::size_t most = 0;
    for (std::size_t bin = 0; bin < before.size(); ++bin) {
        changed += before[bin] != after[bin] ? 1 : 0;
        if (std::abs(after[bin] - before[bin]) > std::abs(after[most] - before[most])) {
            most = bin;
        }
    }
    return fmt::format(
        "mean {:.3f}; {} of 32 bins differ, most at confidence {:.2f}..{:.2f}: {:.2f} -> {:.2f}",
        mean_of(after), changed, most / 32.0, (most + 1) / 32.0, before[most] / 256.0,
        after[most] / 256.0);
}

void compare_tables(const CompiledTask& before, const CompiledTask& after,
                    std::vector<PolicyDifference>& differences) {
    const auto count = std::max(before.tables.size(), after.tables.size());
    for (std::size_t i = 0; i < count; ++i) {
        const auto what = fmt::format("gain table {}", i + 1);
        if (i >= after.tables.size()) {
            differences.push_back(
                {what, fmt::format("mean {:.3f}", mean_of(before.tables[i])), "-"});
        } else if (i >= before.tables.size()) {
            differences.push_back(
                {what, "-", fmt::format("mean {:.3f}", mean_of(after.tables[i]))});
        } else if (before.tables[i] != after.tables[i]) {
            differences.push_back({what, fmt::format("mean {:.3f}", mean_of(before.tables[i])),
                                   words_of_change(before.tables[i], after.tables[i])});
        }
    }
}

void compare_guards(const CompiledPolicy& before, const CompiledPolicy& after,
                    std::vector<PolicyDifference>& differences) {
    const auto has = [](const CompiledPolicy& policy, const CompiledGuard& guard) {
        return std::ranges::find(policy.guards, guard) != policy.guards.end();
    };
    for (const auto& guard : before.guards) {
        if (!has(after, guard)) {
            differences.push_back({"guard", words_of(guard) + ": local", "-"});
        }
    }
    for (const auto& guard : after.guards) {
        if (!has(before, guard)) {
            differences.push_back({"guard", "-", words_of(guard) + ": local"});
        }
    }
}

}  // namespace

std::vector<PolicyDifference> compare(const CompiledPolicy& before, const CompiledPolicy& after,
                                      std::uint32_t task, const std::vector<std::string>& labels) {
    const auto* left = before.task(task);
    const auto* right = after.task(task);
    if (left == nullptr || right == nullptr) {
        return left == right
                   ? std::vector<PolicyDifference>{}
                   : std::vector<PolicyDifference>{{"task", left != nullptr ? "has rules" : "-",
                                                    right != nullptr ? "has rules" : "-"}};
    }
    std::map<std::string, PolicyDifference> by_subject;
    std::vector<std::string> order;
    for (const auto& [what, says] : statements_of(before, *left, labels)) {
        by_subject[what] = {what, says, "-"};
        order.push_back(what);
    }
    for (const auto& [what, says] : statements_of(after, *right, labels)) {
        const auto [entry, is_new] = by_subject.try_emplace(what, PolicyDifference{what, "-", ""});
        entry->second.after = says;
        if (is_new) {
            order.push_back(what);
        }
    }
    std::vector<PolicyDifference> differences;
    for (const auto& what : order) {
        if (by_subject[what].before != by_subject[what].after) {
            differences.push_back(by_subject[what]);
        }
    }
    compare_guards(before, after, differences);
    compare_tables(*left, *right, differences);
    return differences;
}

std::vector<std::string> describe(const CompiledPolicy& policy, std::uint32_t task,
                                  const std::vector<std::string>& labels) {
    const auto* rules = policy.task(task);
    if (rules == nullptr) {
        return {fmt::format("no rules for task {}", task)};
    }
    std::vector<std::string> lines;
    for (const auto& [what, says] : statements_of(policy, *rules, labels)) {
        lines.push_back(what + ": " + says);
    }
    for (const auto& guard : policy.guards) {
        lines.push_back("guard: " + words_of(guard) + ": local");
    }
    for (std::size_t i = 0; i < rules->tables.size(); ++i) {
        lines.push_back(fmt::format(
            "gain table {}: mean {:.3f}, {:.2f} at confidence 0 to {:.2f} at 1", i + 1,
            mean_of(rules->tables[i]), rules->tables[i][0] / 256.0, rules->tables[i][31] / 256.0));
    }
    return lines;
}

}  // namespace frugal::policy
