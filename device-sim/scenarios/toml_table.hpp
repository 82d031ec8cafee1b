// SPDX-License-Identifier: Apache-2.0
// Reads typed keys off a TOML table and complains, with line and column, about keys nobody asked
// for and values of another type. The first complaint is kept; later reads are harmless. Used while
// a scenario is parsed, one thread.
#pragma once

#include <toml++/toml.h>

#include <optional>
#include <set>
#include <string>

#include "device-sim/support/bytes.hpp"
#include "device-sim/support/result.hpp"

namespace frugal::swarm {

class TomlTable {
public:
    TomlTable(const toml::table& table, std::optional<Error>& problem)
        : table_(table), problem_(problem) {}

    void read(const char* key, std::string& value);
    void read(const char* key, double& value, double low, double high);
    void read(const char* key, bool& value);
    void read(const char* key, std::uint64_t& value, std::uint64_t high);
    void read(const char* key, std::uint32_t& value, std::uint32_t high);
    void read_ms(const char* key, Milliseconds& value);

    /// The sub-table under a key, if there is one.
    const toml::table* table(const char* key);
    /// The array of tables under a key, if there is one.
    const toml::array* tables(const char* key);

    /// Complains about every key that was not read.
    void finish();

    void complain(const toml::node* node, const std::string& what);
    const toml::node* find(const char* key);

private:
    const toml::table& table_;
    std::optional<Error>& problem_;
    std::set<std::string> known_;
};

}  // namespace frugal::swarm
