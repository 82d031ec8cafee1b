// SPDX-License-Identifier: Apache-2.0
// Which keys a policy file may have, and how each is written.
#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/nearest_word.hpp"
#include "policy/author/policy_keys.hpp"
#include "policy/author/policy_parts.hpp"

namespace frugal::policy {

using base::Result;

namespace {

constexpr auto kText = KeyType::kText;
constexpr auto kWhole = KeyType::kWhole;
constexpr auto kReal = KeyType::kReal;
constexpr auto kList = KeyType::kList;
constexpr auto kTable = KeyType::kTable;

// clang-format off
constexpr PolicyKey kFileKeys[] = {
    {"policy", kTable, "[policy]"}, {"units", kTable, "[units]"}, {"task", kTable, "[task.NAME]"},
    {"guard", kList, "[[guard]]"}};
constexpr PolicyKey kPolicyKeys[] = {
    {"id", kText, "id = \"leaf-1\""}, {"expires", kText, "expires = \"72h\""},
    {"fail_safe", kText, "fail_safe = \"local\""}};
constexpr PolicyKey kUnitKeys[] = {{"error", kReal, "error = 1.0"}};
constexpr PolicyKey kGuardKeys[] = {
    {"when", kText, "when = \"battery < 20%\""}, {"then", kText, "then = \"local\""}};
constexpr PolicyKey kTaskKeys[] = {
    {"edge", kText, "edge = \"NAME@sha256:DIGITS\""}, {"deadline", kText, "deadline = \"800ms\""},
    {"payload_bytes", kWhole, "payload_bytes = 784"}, {"privacy", kText, "privacy = \"edge-only\""},
    {"tier", kText, "tier = \"edge\""}, {"caps", kTable, "caps = { node_per_hour = 64 }"},
    {"bounds", kTable, "bounds = { floor = 0.1, ceiling = 0.5 }"},
    {"classes", kTable, "classes = { shirt = \"always-edge\" }"},
    {"pin", kText, "pin = \"always-local\""}, {"audit", kText, "audit = \"1/256\""},
    {"learn", kText, "learn = \"isogain\""}, {"price", kTable, "[task.NAME.price]"},
    {"model", kList, "[[task.NAME.model]]"}};
constexpr PolicyKey kCapKeys[] = {
    {"node_per_hour", kWhole, "node_per_hour = 64"}, {"group_share", kReal, "group_share = 0.25"}};
constexpr PolicyKey kBoundKeys[] = {
    {"floor", kReal, "floor = 0.1"}, {"ceiling", kReal, "ceiling = 0.5"}};
constexpr PolicyKey kPriceKeys[] = {
    {"payload", kWhole, "payload = 13"}, {"latency", kWhole, "latency = 16"},
    {"load", kWhole, "load = 32"}, {"battery", kWhole, "battery = 6"}, {"shift", kWhole, "shift = 6"}};
constexpr PolicyKey kModelKeys[] = {
    {"name", kText, "name = \"leaf-tiny\""}, {"sha256", kText, "sha256 = \"64 hexadecimal digits\""},
    {"temperature", kReal, "temperature = 1.0"}, {"rho", kReal, "rho = 1.0"},
    {"canary", kWhole, "canary = 500"}, {"gain", kList, "gain = [250, 240, ...], 32 numbers"}};
constexpr KeyTable kKeyTables[] = {
    {"the file", kFileKeys}, {"[policy]", kPolicyKeys}, {"[units]", kUnitKeys},
    {"[[guard]]", kGuardKeys}, {"[task.NAME]", kTaskKeys}, {"caps", kCapKeys},
    {"bounds", kBoundKeys}, {"price", kPriceKeys}, {"[[task.NAME.model]]", kModelKeys}};
// clang-format on

using KnownKeys = std::span<const PolicyKey>;

constexpr std::array<std::string_view, 5> kTypeWords = {"a text in quotes", "a whole number",
                                                        "a number", "a list", "a table"};

/// Absent for what no key holds: true and false, dates, times.
std::optional<KeyType> type_of(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::string:
            return kText;
        case toml::node_type::integer:
            return kWhole;
        case toml::node_type::floating_point:
            return kReal;
        case toml::node_type::array:
            return kList;
        case toml::node_type::table:
            return kTable;
        default:
            return std::nullopt;
    }
}

std::string_view words_of(KeyType type) {
    return kTypeWords[static_cast<std::size_t>(type)];
}

bool holds(KeyType wanted, const toml::node& node) {
    const auto type = type_of(node);
    return type == wanted || (wanted == kReal && type == kWhole);
}

// A misspelt key would silently mean its default, which may be to escalate.
class KeyCheck {
public:
    explicit KeyCheck(const std::string& origin) : origin_(origin) {}

    Result<void> check_file(const toml::table& file) const {
        return check_keys(&file, kFileKeys)
            .and_then([&] { return check_keys(file.get("policy"), kPolicyKeys); })
            .and_then([&] { return check_keys(file.get("units"), kUnitKeys); })
            .and_then([&] { return check_each(file.get("guard"), kGuardKeys); })
            .and_then([&] { return check_tasks(file["task"].as_table()); });
    }

private:
    Result<void> check_tasks(const toml::table* tasks) const {
        for (auto it = tasks != nullptr ? tasks->begin() : toml::table::const_iterator{};
             tasks != nullptr && it != tasks->end(); ++it) {
            const toml::table* task = it->second.as_table();
            if (task == nullptr) {
                return refuse_at(it->second, origin_,
                                 fmt::format("task.{} is no table", it->first.str()),
                                 "Write [task.NAME].", "the keys of a task stand in its table");
            }
            if (auto checked = check_task(*task); !checked) {
                return checked;
            }
        }
        return {};
    }

    Result<void> check_task(const toml::table& task) const {
        return check_keys(&task, kTaskKeys)
            .and_then([&] { return check_keys(task.get("caps"), kCapKeys); })
            .and_then([&] { return check_keys(task.get("price"), kPriceKeys); })
            .and_then([&] { return check_each(task.get("model"), kModelKeys); })
            .and_then([&] { return check_keys(task.get("bounds"), kBoundKeys); })
            .and_then([&] { return check_classes(task["classes"].as_table()); });
    }

    Result<void> check_classes(const toml::table* classes) const {
        for (auto it = classes != nullptr ? classes->begin() : toml::table::const_iterator{};
             classes != nullptr && it != classes->end(); ++it) {
            if (auto checked = check_keys(&it->second, kBoundKeys); !checked) {
                return checked;
            }
        }
        return {};
    }

    Result<void> check_each(const toml::node* list, KnownKeys known) const {
        const toml::array* array = list != nullptr ? list->as_array() : nullptr;
        for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
            if (auto checked = check_keys(array->get(i), known); !checked) {
                return checked;
            }
        }
        return {};
    }

    Result<void> check_keys(const toml::node* node, KnownKeys known) const {
        const toml::table* table = node != nullptr ? node->as_table() : nullptr;
        if (table == nullptr) {
            return {};
        }
        for (const auto& [written, value] : *table) {
            const auto key = std::ranges::find(known, written.str(), &PolicyKey::name);
            if (key == known.end()) {
                return refuse_key(written, known);
            }
            if (!holds(key->type, value)) {
                const auto type = type_of(value);
                return refuse_at(
                    value, origin_, fmt::format("\"{}\" holds the wrong type", key->name),
                    fmt::format("Write it as in {}.", key->example),
                    fmt::format("it must be {}, not {}", words_of(key->type),
                                type ? words_of(*type) : "true, false, a date or time"));
            }
        }
        return {};
    }

    tl::unexpected<base::Error> refuse_key(const toml::key& written, KnownKeys known) const {
        std::vector<std::string_view> names;
        std::ranges::transform(known, std::back_inserter(names), &PolicyKey::name);
        const auto near = base::nearest_word(written.str(), names,
                                             std::max<std::size_t>(1, written.str().size() / 2));
        return refuse_at(written.source().begin, origin_,
                         fmt::format("there is no key \"{}\" here", written.str()),
                         near ? fmt::format("Did you mean {}?", *near)
                              : "Remove it; docs/reference/policy-file.md has every key.",
                         fmt::format("known here are {}", fmt::join(names, ", ")));
    }

    const std::string& origin_;
};

}  // namespace

std::span<const KeyTable> policy_keys() {
    return kKeyTables;
}

Result<void> check_all_keys(const toml::table& file, const std::string& origin) {
    return KeyCheck(origin).check_file(file);
}

}  // namespace frugal::policy
