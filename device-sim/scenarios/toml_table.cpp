// SPDX-License-Identifier: Apache-2.0
#include "device-sim/scenarios/toml_table.hpp"

#include <fmt/format.h>

namespace frugal::swarm {

void TomlTable::complain(const toml::node* node, const std::string& what) {
    if (problem_) {
        return;
    }
    const auto position = node != nullptr ? node->source().begin : toml::source_position{};
    problem_ =
        Error{fmt::format("line {}, column {}: {}", position.line, position.column, what), {}, {}};
}

const toml::node* TomlTable::find(const char* key) {
    known_.insert(key);
    return table_.get(key);
}

void TomlTable::read(const char* key, std::string& value) {
    if (const toml::node* node = find(key)) {
        const auto read = node->value_exact<std::string>();
        read ? void(value = *read) : complain(node, fmt::format("'{}' must be a string", key));
    }
}

void TomlTable::read(const char* key, double& value, double low, double high) {
    if (const toml::node* node = find(key)) {
        const auto read = node->value<double>();
        if (read && *read >= low && *read <= high) {
            value = *read;
        } else {
            complain(node, fmt::format("'{}' must be a number from {} to {}", key, low, high));
        }
    }
}

void TomlTable::read(const char* key, bool& value) {
    if (const toml::node* node = find(key)) {
        const auto read = node->value_exact<bool>();
        read ? void(value = *read) : complain(node, fmt::format("'{}' must be true or false", key));
    }
}

void TomlTable::read(const char* key, std::uint64_t& value, std::uint64_t high) {
    if (const toml::node* node = find(key)) {
        const auto read = node->value_exact<std::int64_t>();
        if (read && *read >= 0 && static_cast<std::uint64_t>(*read) <= high) {
            value = static_cast<std::uint64_t>(*read);
        } else {
            complain(node, fmt::format("'{}' must be an integer from 0 to {}", key, high));
        }
    }
}

void TomlTable::read(const char* key, std::uint32_t& value, std::uint32_t high) {
    std::uint64_t wide = value;
    read(key, wide, std::uint64_t{high});
    value = static_cast<std::uint32_t>(wide);
}

void TomlTable::read_ms(const char* key, Milliseconds& value) {
    constexpr std::uint64_t kTenDaysMs = 864'000'000;
    auto count = static_cast<std::uint64_t>(value.count());
    read(key, count, kTenDaysMs);
    value = Milliseconds{static_cast<std::int64_t>(count)};
}

const toml::table* TomlTable::table(const char* key) {
    const toml::node* node = find(key);
    if (node != nullptr && !node->is_table()) {
        complain(node, fmt::format("'{}' must be a table", key));
    }
    return node != nullptr ? node->as_table() : nullptr;
}

const toml::array* TomlTable::tables(const char* key) {
    const toml::node* node = find(key);
    if (node != nullptr && !node->is_array_of_tables()) {
        complain(node, fmt::format("'{}' must be an array of tables, written [[{}]]", key, key));
        return nullptr;
    }
    return node != nullptr ? node->as_array() : nullptr;
}

void TomlTable::finish() {
    for (const auto& [key, node] : table_) {
        if (!known_.contains(std::string(key.str()))) {
            complain(&node, fmt::format("unknown key '{}'", key.str()));
        }
    }
}

}  // namespace frugal::swarm
