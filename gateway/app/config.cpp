// SPDX-License-Identifier: Apache-2.0
#include "app/config.hpp"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "app/cloud_rules.hpp"
#include "app/energy_budgets.hpp"
#include "base/ids.hpp"
#include "base/nearest_word.hpp"

namespace frugal::app {

using base::ErrorKind;
using base::fail;
using base::Result;

const std::vector<ConfigKey>& config_keys() {
    // clang-format off
    static const std::vector<ConfigKey> keys = {
        {"schema_version",             &Config::schema_version,            1, 1},
        {"site.name",                  &Config::site_name},
        {"site.directory",             &Config::site_directory},
        {"mqtt.url",                   &Config::mqtt_url},
        {"mqtt.ca_file",               &Config::mqtt_ca_file},
        {"mqtt.certificate_file",      &Config::mqtt_certificate_file},
        {"mqtt.key_file",              &Config::mqtt_key_file},
        {"mqtt.broker_pid_file",       &Config::mqtt_broker_pid_file},
        {"mqtt.queue_messages",        &Config::mqtt_queue_messages,       64, 16'777'216},
        {"http.listen",                &Config::http_listen},
        {"http.socket",                &Config::http_socket},
        {"http.connections",           &Config::http_connections,          4, 16'384},
        {"http.upload_bytes",          &Config::http_upload_bytes,         65'536, 64 * 1024 * 1024},
        {"store.pages",                &Config::store_pages,               1'024, 1'073'741'823},
        {"store.ballast_bytes",        &Config::store_ballast_bytes,       0, 1'073'741'824},
        {"store.commit_rows",          &Config::store_commit_rows,         16, 1'000'000},
        {"transfer.bytes_per_second",  &Config::transfer_bytes_per_second, 1'024, 1'073'741'824},
        {"transfer.gather_ms",         &Config::transfer_gather_ms,        0, 10'000},
        {"transfer.shared_devices",    &Config::transfer_shared_devices,   2, 1'000'000},
        {"rollout.energy_budgets",     &Config::rollout_energy_budgets},
        {"offload.queue_limit",        &Config::offload_queue_limit,       1, 65'536},
        {"offload.queue_bytes",        &Config::offload_queue_bytes,       8'192, 1'073'741'824},
        {"offload.workers",            &Config::offload_workers,           1, 64},
        {"offload.batch_max",          &Config::offload_batch_max,         1, 32},
        {"offload.per_device",         &Config::offload_per_device,        1, 1'024},
        {"offload.group_by",           &Config::offload_group_by},
        {"offload.hang_ms",            &Config::offload_hang_ms,           100, 3'600'000},
        {"offload.host_percent",       &Config::offload_host_percent,      0, 100},
        {"cloud.url",                  &Config::cloud_url},
        {"cloud.ca_file",              &Config::cloud_ca_file},
        {"cloud.token_file",           &Config::cloud_token_file},
        {"cloud.tasks",                &Config::cloud_tasks},
        {"cloud.calls_per_day",        &Config::cloud_calls_per_day,       0, 1'000'000'000},
        {"log.level",                  &Config::log_level},
    };
    // clang-format on
    return keys;
}

namespace {

std::string nearest_key(std::string_view name) {
    constexpr std::size_t kEditsMax = 5;
    std::vector<std::string_view> names;
    std::ranges::transform(config_keys(), std::back_inserter(names), &ConfigKey::name);
    const auto best = base::nearest_word(name, names, kEditsMax);
    return best ? fmt::format("Did you mean {}?", *best) : "config/frugal.toml lists every key";
}

std::string place(const std::string& origin, const toml::node& node) {
    return fmt::format("{}:{}:{}", origin, node.source().begin.line, node.source().begin.column);
}

Result<void> set_number(Config& config, const ConfigKey& key, std::int64_t value,
                        const std::string& where) {
    if (value < key.minimum || value > key.maximum) {
        return fail(ErrorKind::kInvalidInput,
                    fmt::format("{}: {} = {} is out of range", where, key.name, value), {},
                    fmt::format("Use {} to {}.", key.minimum, key.maximum));
    }
    config.*std::get<std::int64_t Config::*>(key.member) = value;
    return {};
}

Result<void> set_node(Config& config, const ConfigKey& key, const toml::node& node,
                      const std::string& where) {
    if (std::holds_alternative<std::string Config::*>(key.member)) {
        const auto text = node.value_exact<std::string>();
        if (!text) {
            return fail(ErrorKind::kInvalidInput,
                        fmt::format("{}: {} must be a string", where, key.name), {},
                        "Put the value in quotation marks.");
        }
        config.*std::get<std::string Config::*>(key.member) = *text;
        return {};
    }
    const auto number = node.value_exact<std::int64_t>();
    if (!number) {
        return fail(ErrorKind::kInvalidInput,
                    fmt::format("{}: {} must be a whole number", where, key.name), {},
                    "Write digits without quotation marks.");
    }
    return set_number(config, key, *number, where);
}

const ConfigKey* find_key(std::string_view name) {
    const auto& keys = config_keys();
    const auto found = std::find_if(keys.begin(), keys.end(),
                                    [&](const ConfigKey& key) { return key.name == name; });
    return found == keys.end() ? nullptr : &*found;
}

Result<void> read_table(Config& config, const toml::table& table, const std::string& prefix,
                        const std::string& origin) {
    for (const auto& [name, node] : table) {
        const std::string full = prefix + std::string(name.str());
        if (const auto* section = node.as_table(); section != nullptr && prefix.empty()) {
            if (auto read = read_table(config, *section, full + ".", origin); !read) {
                return read;
            }
            continue;
        }
        const ConfigKey* key = find_key(full);
        if (key == nullptr) {
            return fail(ErrorKind::kInvalidInput,
                        fmt::format("{}: unknown key {}", place(origin, node), full),
                        "no such setting in this version", nearest_key(full));
        }
        if (auto set = set_node(config, *key, node, place(origin, node)); !set) {
            return set;
        }
    }
    return {};
}

Result<void> check(const Config& config, const std::string& origin) {
    if (!base::is_valid_id(config.site_name)) {
        return fail(ErrorKind::kInvalidInput,
                    fmt::format("{}: site.name \"{}\" cannot be a topic level and certificate name",
                                origin, config.site_name),
                    "only a-z, 0-9 and - are allowed, at most 64", "Choose such a name.");
    }
    const bool known_scheme =
        config.mqtt_url.starts_with("unix://") || config.mqtt_url.starts_with("mqtts://");
    if (!known_scheme) {
        return fail(ErrorKind::kInvalidInput,
                    fmt::format("{}: mqtt.url \"{}\" has no scheme this gateway speaks", origin,
                                config.mqtt_url),
                    "plain MQTT over TCP is not offered",
                    "Use unix:///path/to/broker.sock or mqtts://host:8883.");
    }
    static constexpr std::string_view kLevels[] = {"error", "warning", "info", "debug"};
    if (config.offload_group_by != "class" && config.offload_group_by != "label") {
        return fail(ErrorKind::kInvalidInput,
                    fmt::format("{}: offload.group_by \"{}\" is no way to group devices", origin,
                                config.offload_group_by),
                    {}, "Use \"class\" or \"label\".");
    }
    if (std::find(std::begin(kLevels), std::end(kLevels), config.log_level) == std::end(kLevels)) {
        return fail(ErrorKind::kInvalidInput,
                    fmt::format("{}: log.level \"{}\" is not a level", origin, config.log_level),
                    {}, "Use error, warning, info or debug.");
    }
    if (const auto budgets = parse_energy_budgets(config.rollout_energy_budgets); !budgets) {
        return fail(budgets.error(), origin);
    }
    if (const auto cloud = cloud_config(config); !cloud) {
        return fail(cloud.error(), origin);
    }
    return {};
}

Result<void> read_text(Config& config, std::string_view text, const std::string& origin) {
    try {
        const toml::table table = toml::parse(text);
        return read_table(config, table, "", origin);
    } catch (const toml::parse_error& error) {
        const auto begin = error.source().begin;
        return fail(ErrorKind::kInvalidInput,
                    fmt::format("{}:{}:{}: not valid TOML", origin, begin.line, begin.column),
                    std::string(error.description()), "Correct the line; see config/frugal.toml.");
    }
}

std::string variable_of(std::string_view key_name) {
    std::string variable = "FRUGAL_";
    for (const char c : key_name) {
        if (c == '.') {
            variable += "__";
        } else {
            variable += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        }
    }
    return variable;
}

}  // namespace

Result<void> apply_environment(Config& config, std::string_view variable,
                               const std::string& value) {
    const auto& keys = config_keys();
    const auto key = std::find_if(keys.begin(), keys.end(), [&](const ConfigKey& candidate) {
        return variable_of(candidate.name) == variable;
    });
    const std::string where = fmt::format("environment variable {}", variable);
    if (key == keys.end()) {
        return fail(ErrorKind::kInvalidInput, where + ": no such setting", {},
                    "Variables are FRUGAL_SECTION__KEY; config/frugal.toml lists the keys.");
    }
    if (std::holds_alternative<std::string Config::*>(key->member)) {
        config.*std::get<std::string Config::*>(key->member) = value;
        return {};
    }
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size()) {
        return fail(ErrorKind::kInvalidInput, where + ": \"" + value + "\" is not a whole number");
    }
    return set_number(config, *key, number, where);
}

Result<Config> parse_config(std::string_view text, const std::string& origin) {
    Config config;
    if (auto read = read_text(config, text, origin); !read) {
        return tl::unexpected(read.error());
    }
    if (auto checked = check(config, origin); !checked) {
        return tl::unexpected(checked.error());
    }
    return config;
}

Result<Config> load_config(const std::string& path) {
    std::ifstream file(path);
    if (!file) {
        return fail(ErrorKind::kUnavailable, path + ": cannot read the configuration", {},
                    "Name an existing file with --config, or make one: frugalctl setup.");
    }
    std::stringstream text;
    text << file.rdbuf();
    Config config;
    if (auto read = read_text(config, text.str(), path); !read) {
        return tl::unexpected(read.error());
    }
    for (char** entry = ::environ; *entry != nullptr; ++entry) {
        const std::string_view setting(*entry);
        const auto equals = setting.find('=');
        const std::string_view variable = setting.substr(0, equals);
        // A misspelt setting must not pass for none.
        if (equals == std::string_view::npos || !variable.starts_with("FRUGAL_") ||
            variable.find("__") == std::string_view::npos) {
            continue;
        }
        const std::string value(setting.substr(equals + 1));
        if (auto applied = apply_environment(config, variable, value); !applied) {
            return tl::unexpected(applied.error());
        }
    }
    if (auto checked = check(config, path); !checked) {
        return tl::unexpected(checked.error());
    }
    return config;
}

}  // namespace frugal::app
