// SPDX-License-Identifier: Apache-2.0
#include "policy/author/gain_bounds.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "policy/author/policy_parts.hpp"
#include "policy/author/policy_table.hpp"

namespace frugal::policy {

namespace {

constexpr double kWholeQ8 = 256;

/// The most a gain can be stands for 1, as it is read.
double gain_of(std::uint8_t bound) {
    return bound == 255 ? 1 : bound / kWholeQ8;
}

std::string subject_of(std::size_t class_id, const std::vector<std::string>& labels) {
    return class_id < labels.size() ? "gains of class " + labels[class_id] : "gains";
}

std::string words_or_none(const GainBounds& bounds) {
    return bounds == GainBounds{} ? "-" : words_of(bounds);
}

}  // namespace

base::Result<OwnerBounds> read_owner_bounds(std::string_view text, const std::string& origin,
                                            const std::string& task_name,
                                            const std::vector<std::string>& labels) {
    const auto file = parse_policy(text, origin);
    if (!file) {
        return tl::unexpected(file.error());
    }
    const toml::table* task = (*file)["task"][task_name].as_table();
    if (task == nullptr) {
        return OwnerBounds{};
    }
    const auto rules = read_classes(*task, origin, labels);
    if (!rules) {
        return tl::unexpected(rules.error());
    }
    return owner_bounds(*rules);
}

OwnerBounds owner_bounds(const ClassRules& rules) {
    OwnerBounds bounds{rules.bounds[0]};
    for (const std::uint8_t group : rules.groups) {
        const bool is_pin = rules.has_pins && group >= FR_POLICY_PIN_EDGE;
        bounds.classes.push_back(rules.bounds[is_pin ? 0 : group]);
    }
    return bounds;
}

std::string words_of(const GainBounds& bounds) {
    return fmt::format("{:.3f} to {:.3f}", gain_of(bounds.floor), gain_of(bounds.ceiling));
}

std::vector<std::string> describe(const OwnerBounds& bounds,
                                  const std::vector<std::string>& labels) {
    std::vector<std::string> lines;
    for (const auto& [what, before, after] : compare({}, bounds, labels)) {
        lines.push_back(what + ": " + (after == "-" ? "not bound" : after));
    }
    return lines;
}

std::vector<PolicyDifference> compare(const OwnerBounds& before, const OwnerBounds& after,
                                      const std::vector<std::string>& labels) {
    std::vector<PolicyDifference> differences;
    if (before.task != after.task) {
        differences.push_back({subject_of(labels.size(), labels), words_or_none(before.task),
                               words_or_none(after.task)});
    }
    for (std::uint32_t class_id = 0; class_id < labels.size(); ++class_id) {
        const GainBounds& left = before.of(class_id);
        const GainBounds& right = after.of(class_id);
        const bool is_own = left != before.task || right != after.task;
        if (is_own && left != right) {
            differences.push_back(
                {subject_of(class_id, labels), words_or_none(left), words_or_none(right)});
        }
    }
    return differences;
}

}  // namespace frugal::policy
