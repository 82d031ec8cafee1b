// SPDX-License-Identifier: Apache-2.0
// The class rules of a policy file, and its bounds of gains: the most specific one holds, a class's
// rule before a class's bound before the task's bound.
#include <algorithm>
#include <cmath>
#include <sstream>

#include <fmt/format.h>

#include "frugal/limits.h"
#include "policy/author/policy_parts.hpp"
#include "policy/author/policy_pin.hpp"

namespace frugal::policy {

using base::Result;

namespace {

constexpr double kWholeQ8 = 256;
constexpr double kMostQ8 = 255;          // what a byte holds stands for one whole answer
constexpr double kLeastRounding = 1e-9;  // 0.1 x 256 / 256 must come back as it went

/// A bound in wrong answers avoided; absent if the table does not state it.
Result<std::optional<double>> read_bound(const toml::table& bounds, std::string_view name,
                                         const std::string& origin) {
    const auto node = bounds[name];
    if (!node) {
        return std::optional<double>();
    }
    const auto value = node.value<double>();
    if (!value || !(*value >= 0 && *value <= 1)) {
        return refuse_at(*node.node(), origin, fmt::format("{} is not a gain of 0 to 1", name),
                         "Write 0.5 for half a wrong answer avoided.",
                         "1 stands for one wrong answer avoided by every escalation");
    }
    return value;
}

/// What stands in the file there, for an error.
std::string said_of(const toml::node& rule) {
    constexpr std::size_t kMost = 40;
    std::ostringstream said;
    rule.visit([&](const auto& value) {
        if constexpr (toml::is_floating_point<decltype(value)>) {
            said << fmt::format("{}", *value);  // 0.2, not 0.20000000000000001
        } else {
            said << value;
        }
    });
    return said.str().substr(0, kMost);
}

/// Absent for what is neither "always-edge" nor "always-local".
std::optional<std::uint8_t> pin_of(const toml::node& rule) {
    const auto word = rule.value<std::string>();
    if (word == kAlwaysEdge || word == kAlwaysLocal) {
        return static_cast<std::uint8_t>(word == kAlwaysEdge ? FR_POLICY_PIN_EDGE
                                                             : FR_POLICY_PIN_LOCAL);
    }
    return std::nullopt;
}

/// What a table { floor, ceiling } makes of the bounds around it. Rounded inwards.
Result<GainBounds> read_bounds(const toml::table& table, const std::string& origin,
                               GainBounds bounds) {
    const auto floor = read_bound(table, "floor", origin);
    const auto ceiling = read_bound(table, "ceiling", origin);
    if (!floor || !ceiling) {
        return tl::unexpected(!floor ? floor.error() : ceiling.error());
    }
    if (*floor) {
        bounds.floor = static_cast<std::uint8_t>(
            std::min(kMostQ8, std::ceil(**floor * kWholeQ8 - kLeastRounding)));
    }
    if (*ceiling) {
        bounds.ceiling = static_cast<std::uint8_t>(
            std::min(kMostQ8, std::floor(**ceiling * kWholeQ8 + kLeastRounding)));
    }
    if (bounds.floor > bounds.ceiling) {
        return refuse_at(table, origin,
                         fmt::format("the floor {:.4f} is above the ceiling {:.4f}",
                                     bounds.floor / kWholeQ8, bounds.ceiling / kWholeQ8),
                         "State both for a class whose bounds lie outside the task's.",
                         "what a class does not state is the task's");
    }
    return bounds;
}

class ClassReader {
public:
    ClassReader(const std::string& origin, const std::vector<std::string>& labels)
        : origin_(origin), labels_(labels) {}

    Result<ClassRules> read(const toml::table& task) {
        if (const toml::node* pin = task.get("pin")) {
            return read_pin(*pin);
        }
        if (auto done = read_rules(task); !done) {
            return tl::unexpected(done.error());
        }
        if (auto done = check_learning(task); !done) {
            return tl::unexpected(done.error());
        }
        return rules_;
    }

private:
    // Whatever else the file says of classes and gains: nothing of it is looked at any more.
    Result<ClassRules> read_pin(const toml::node& node) {
        const auto pin = pin_of(node);
        if (!pin) {
            return refuse_at(node, origin_,
                             fmt::format("pin is {}, but a task is pinned \"always-edge\" or "
                                         "\"always-local\"",
                                         said_of(node)),
                             "Leave pin out to decide by class and gain.",
                             "a pin answers for every class");
        }
        rules_.has_pins = true;
        rules_.groups.assign(labels_.empty() ? FR_CLASSES_MAX : labels_.size(), *pin);
        return rules_;
    }

    Result<void> read_rules(const toml::table& task) {
        if (const toml::table* own = task["bounds"].as_table()) {
            const auto bounds = read_bounds(*own, origin_, {});
            if (!bounds) {
                return tl::unexpected(bounds.error());
            }
            rules_.bounds.fill(*bounds);
        }
        const toml::table* classes = task["classes"].as_table();
        if (classes == nullptr || classes->empty()) {
            return {};
        }
        rules_.groups.assign(labels_.size(), 0);
        rules_.has_pins = std::any_of(classes->begin(), classes->end(),
                                      [](const auto& rule) { return rule.second.is_string(); });
        for (const auto& [name, rule] : *classes) {
            if (auto done = read_class(std::string(name.str()), rule); !done) {
                return tl::unexpected(done.error());
            }
        }
        if (!rules_.has_pins && rules_.group_count == 1) {
            rules_.groups.clear();
        }
        return {};
    }

    /// Hedge weighs an answer by the chance that its own table asked: a table that the owner
    /// bounds asks with another, and what is certified of it would not hold.
    Result<void> check_learning(const toml::table& task) const {
        const auto learn = task["learn"];
        const bool is_bound = std::any_of(rules_.bounds.begin(), rules_.bounds.end(),
                                          [](const auto& own) { return own != GainBounds{}; });
        if (!is_bound || learn.value<std::string>() != "hedge") {
            return {};
        }
        return refuse_at(*learn.node(), origin_, "learn = \"hedge\" takes no bounds of gains",
                         "Learn with \"isogain\", or leave floor and ceiling out.",
                         "its regret is certified for tables of its own only");
    }

    Result<void> read_class(const std::string& name, const toml::node& rule) {
        if (name.empty()) {
            return refuse_at(rule, origin_, "a class rule names no class",
                             "Name one as frugalctl task list shows it.", "its key is empty");
        }
        const auto label = std::find(labels_.begin(), labels_.end(), name);
        if (label == labels_.end()) {
            return refuse_at(rule, origin_, fmt::format("the task has no class \"{}\"", name),
                             "frugalctl task list shows its classes.",
                             fmt::format("its classes are {}", fmt::join(labels_, ", ")));
        }
        std::uint8_t& group = rules_.groups[static_cast<std::size_t>(label - labels_.begin())];
        if (const toml::table* table = rule.as_table()) {
            const auto bounds = read_bounds(*table, origin_, rules_.bounds[0]);
            const auto found = bounds ? group_of(*bounds, rule) : tl::unexpected(bounds.error());
            if (!found) {
                return tl::unexpected(found.error());
            }
            group = *found;
            return {};
        }
        const auto pin = pin_of(rule);
        if (!pin) {
            return refuse_at(rule, origin_,
                             fmt::format("class \"{}\" has {}, but a class rule is "
                                         "\"always-edge\", \"always-local\" or bounds like "
                                         "{{ floor = 0.1, ceiling = 0.5 }}",
                                         name, said_of(rule)),
                             "Leave the class out to decide by gain.",
                             "a rule says where answers of the class go, or bounds their gain");
        }
        group = *pin;
        return {};
    }

    /// The group with these bounds, a new one if there is none yet.
    Result<std::uint8_t> group_of(const GainBounds& bounds, const toml::node& rule) {
        const auto* first = rules_.bounds.data();
        const auto* end = first + rules_.group_count;
        const auto* found = std::find(first, end, bounds);
        const std::uint32_t most = rules_.has_pins ? FR_POLICY_PIN_EDGE : FR_POLICY_GROUPS_MAX;
        if (found == end && rules_.group_count == most) {
            return refuse_at(
                rule, origin_,
                fmt::format("the bounds of the classes differ in more than {} ways", most),
                "Give some classes the same bounds.",
                rules_.has_pins ? "classes with a rule leave 2 gain tables, the task's among them"
                                : "a compiled policy has 4 gain tables, the task's among them");
        }
        if (found == end) {
            rules_.bounds[rules_.group_count++] = bounds;
        }
        return static_cast<std::uint8_t>(found - first);
    }

    const std::string& origin_;
    const std::vector<std::string>& labels_;
    ClassRules rules_;
};

}  // namespace

Result<ClassRules> read_classes(const toml::table& task, const std::string& origin,
                                const std::vector<std::string>& labels) {
    return ClassReader(origin, labels).read(task);
}

}  // namespace frugal::policy
