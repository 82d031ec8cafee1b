// SPDX-License-Identifier: Apache-2.0
// The daemon's configuration: every key with its default, read from one TOML file and the
// environment (FRUGAL_SECTION__KEY). Plain value, read once at start; never writes anything.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace frugal::app {

struct Config {
    std::int64_t schema_version = 1;

    std::string site_name = "site-1";
    std::string site_directory = "/var/lib/frugal";

    std::string mqtt_url = "unix:///run/frugal/broker.sock";
    std::string mqtt_ca_file;
    std::string mqtt_certificate_file;
    std::string mqtt_key_file;
    std::string mqtt_broker_pid_file;
    std::int64_t mqtt_queue_messages = 65'536;

    std::string http_listen = "127.0.0.1:8443";
    std::string http_socket = "/run/frugal/api.sock";
    std::int64_t http_connections = 256;
    std::int64_t http_upload_bytes = 4 * 1024 * 1024;

    std::int64_t store_pages = 1'048'576;
    std::int64_t store_ballast_bytes = 4 * 1024 * 1024;
    std::int64_t store_commit_rows = 4'096;

    std::int64_t transfer_bytes_per_second = 8 * 1024 * 1024;
    std::int64_t transfer_gather_ms = 20;
    std::int64_t transfer_shared_devices = 3;

    std::string rollout_energy_budgets;

    std::int64_t offload_queue_limit = 256;
    std::int64_t offload_queue_bytes = 1024 * 1024;
    std::int64_t offload_workers = 1;
    std::int64_t offload_batch_max = 8;
    std::int64_t offload_per_device = 4;
    std::string offload_group_by = "class";
    std::int64_t offload_hang_ms = 5'000;
    std::int64_t offload_host_percent = 100;

    std::string cloud_url;
    std::string cloud_ca_file;
    std::string cloud_token_file;
    std::string cloud_tasks;
    std::int64_t cloud_calls_per_day = 1'000;

    std::string log_level = "info";
};

/// One configuration key: its dotted name, where it lives and what it may hold.
struct ConfigKey {
    std::string_view name;  ///< "section.key"
    std::variant<std::string Config::*, std::int64_t Config::*> member;
    std::int64_t minimum = 0;
    std::int64_t maximum = 0;
};

/// All keys, in the order of config/frugal.toml.
const std::vector<ConfigKey>& config_keys();

/// Reads the file, then the environment, over the defaults.
/// Errors: kUnavailable (cannot read), kInvalidInput (file:line:column, key, nearest valid key).
base::Result<Config> load_config(const std::string& path);

/// The same from text; `origin` names it in errors. The environment is not read.
base::Result<Config> parse_config(std::string_view text, const std::string& origin);

/// Applies one FRUGAL_SECTION__KEY variable. Errors: kInvalidInput.
base::Result<void> apply_environment(Config& config, std::string_view variable,
                                     const std::string& value);

}  // namespace frugal::app
