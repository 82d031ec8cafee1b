// SPDX-License-Identifier: Apache-2.0
// The class rules of a policy file.
#include <algorithm>

#include <fmt/format.h>

#include "policy/author/policy_parts.hpp"

namespace frugal::policy {

base::Result<std::vector<std::uint8_t>> read_classes(const toml::table& task,
                                                     const std::string& origin,
                                                     const PolicyTarget& target) {
    const toml::table* classes = task["classes"].as_table();
    if (classes == nullptr || classes->empty()) {
        return std::vector<std::uint8_t>{};
    }
    std::vector<std::uint8_t> groups(target.class_labels.size(), 0);
    for (const auto& [name, node] : *classes) {
        const auto label = std::find(target.class_labels.begin(), target.class_labels.end(),
                                     std::string(name.str()));
        const auto rule = node.value<std::string>().value_or("");
        if (label == target.class_labels.end()) {
            return refuse_at(node, origin, fmt::format("the task has no class \"{}\"", name.str()),
                             "frugalctl task list shows its classes.");
        }
        if (rule != "always-edge" && rule != "always-local") {
            return refuse_at(node, origin, "a class rule is \"always-edge\" or \"always-local\"",
                             "Leave the class out to decide by gain.");
        }
        groups[static_cast<std::size_t>(label - target.class_labels.begin())] =
            rule == "always-edge" ? FR_POLICY_PIN_EDGE : FR_POLICY_PIN_LOCAL;
    }
    return groups;
}

}  // namespace frugal::policy
