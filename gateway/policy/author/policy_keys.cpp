// SPDX-License-Identifier: Apache-2.0
// Which keys a policy file may have.
#include <algorithm>

#include <fmt/format.h>

#include "policy/author/policy_parts.hpp"

namespace frugal::policy {

using base::Result;

namespace {

/// The keys a table may have, and what they hold.
using KnownKeys = std::vector<std::pair<std::string_view, toml::node_type>>;
constexpr auto kText = toml::node_type::string;
constexpr auto kWhole = toml::node_type::integer;
constexpr auto kReal = toml::node_type::floating_point;
constexpr auto kList = toml::node_type::array;
constexpr auto kTable = toml::node_type::table;

// clang-format off
const KnownKeys kFileKeys = {{"policy", kTable}, {"units", kTable}, {"task", kTable}, {"guard", kList}};
const KnownKeys kPolicyKeys = {{"id", kText}, {"expires", kText}, {"fail_safe", kText}};
const KnownKeys kUnitKeys = {{"error", kReal}};
const KnownKeys kGuardKeys = {{"when", kText}, {"then", kText}};
const KnownKeys kTaskKeys = {
    {"edge", kText}, {"deadline", kText}, {"payload_bytes", kWhole}, {"privacy", kText},
    {"tier", kText}, {"caps", kTable}, {"bounds", kTable}, {"classes", kTable}, {"pin", kText},
    {"audit", kText}, {"learn", kText},
    {"price", kTable}, {"model", kList}};
const KnownKeys kCapKeys = {{"node_per_hour", kWhole}, {"group_share", kReal}};
const KnownKeys kBoundKeys = {{"floor", kReal}, {"ceiling", kReal}};
const KnownKeys kPriceKeys = {{"payload", kWhole}, {"latency", kWhole}, {"load", kWhole},
                              {"battery", kWhole}, {"shift", kWhole}};
const KnownKeys kModelKeys = {{"name", kText}, {"sha256", kText}, {"temperature", kReal},
                              {"rho", kReal}, {"canary", kWhole}, {"gain", kList}};
// clang-format on

bool holds(toml::node_type wanted, const toml::node& node) {
    return node.type() == wanted || (wanted == kReal && node.is_integer());
}

class KeyCheck {
public:
    explicit KeyCheck(const std::string& origin) : origin_(origin) {}

    // A misspelt key would silently mean its default, which may be to escalate.
    Result<void> check_all(const toml::table& file, const toml::table& task) const {
        auto checked = check_keys(&file, kFileKeys)
                           .and_then([&] { return check_keys(file.get("policy"), kPolicyKeys); })
                           .and_then([&] { return check_keys(file.get("units"), kUnitKeys); })
                           .and_then([&] { return check_keys(&task, kTaskKeys); })
                           .and_then([&] { return check_keys(task.get("caps"), kCapKeys); })
                           .and_then([&] { return check_keys(task.get("price"), kPriceKeys); });
        return checked.and_then([&] { return check_each(file.get("guard"), kGuardKeys); })
            .and_then([&] { return check_each(task.get("model"), kModelKeys); })
            .and_then([&] { return check_keys(task.get("bounds"), kBoundKeys); })
            .and_then([&] { return check_classes(task["classes"].as_table()); });
    }

private:
    Result<void> check_classes(const toml::table* classes) const {
        for (auto it = classes != nullptr ? classes->begin() : toml::table::const_iterator{};
             classes != nullptr && it != classes->end(); ++it) {
            if (auto checked = check_keys(&it->second, kBoundKeys); !checked) {
                return checked;
            }
        }
        return {};
    }

    Result<void> check_each(const toml::node* list, const KnownKeys& known) const {
        const toml::array* array = list != nullptr ? list->as_array() : nullptr;
        for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
            if (auto checked = check_keys(array->get(i), known); !checked) {
                return checked;
            }
        }
        return {};
    }

    Result<void> check_keys(const toml::node* node, const KnownKeys& known) const {
        const toml::table* table = node != nullptr ? node->as_table() : nullptr;
        if (table == nullptr) {
            return {};
        }
        for (const auto& [written, value] : *table) {
            const std::string_view name = written.str();
            const auto key = std::find_if(known.begin(), known.end(), [&](const auto& candidate) {
                return candidate.first == name;
            });
            if (key == known.end()) {
                std::vector<std::string_view> names;
                for (const auto& candidate : known) {
                    names.push_back(candidate.first);
                }
                return refuse_at(value, origin_, fmt::format("there is no key \"{}\" here", name),
                                 fmt::format("Known are {}.", fmt::join(names, ", ")));
            }
            if (!holds(key->second, value)) {
                return refuse_at(value, origin_, fmt::format("\"{}\" holds the wrong type", name),
                                 "Compare config/policies/fashion.toml.");
            }
        }
        return {};
    }

    const std::string& origin_;
};

}  // namespace

Result<void> check_all_keys(const toml::table& file, const toml::table& task,
                            const std::string& origin) {
    return KeyCheck(origin).check_all(file, task);
}

}  // namespace frugal::policy
