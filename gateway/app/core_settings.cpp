// SPDX-License-Identifier: Apache-2.0
#include "app/core_settings.hpp"

#include <cstdlib>

#include "app/cloud_rules.hpp"
#include "app/energy_budgets.hpp"
#include "app/site_files.hpp"
#include "wire/topics.hpp"

namespace frugal::app {

namespace {

// The broker's message_size_limit: what is too long for the wire contract arrives, so that the
// refusal can name the device.
constexpr std::size_t kPayloadBytesMax = 32'768;
constexpr std::string_view kUnix = "unix://";
constexpr std::string_view kTls = "mqtts://";

}  // namespace

core::CoreConfig core_settings(const Config& config) {
    core::CoreConfig core;
    core.tick.batch_rows = static_cast<std::uint32_t>(config.store_commit_rows);
    core.transfer.bytes_per_second = static_cast<std::uint64_t>(config.transfer_bytes_per_second);
    core.transfer.gather = std::chrono::milliseconds(config.transfer_gather_ms);
    core.transfer.shared_devices = static_cast<std::uint32_t>(config.transfer_shared_devices);
    core.rollout.energy_budgets = parse_energy_budgets(config.rollout_energy_budgets).value();
    core.offload.queue_limit = static_cast<std::uint32_t>(config.offload_queue_limit);
    core.offload.queue_bytes = static_cast<std::uint64_t>(config.offload_queue_bytes);
    core.offload.workers = static_cast<std::uint32_t>(config.offload_workers);
    if (auto cloud = cloud_config(config)) {  // Gateway::open() has refused what cannot be read
        core.cloud = std::move(*cloud);
    }
    core.offload.batch_max = static_cast<std::uint32_t>(config.offload_batch_max);
    core.offload.per_device = static_cast<std::uint32_t>(config.offload_per_device);
    core.offload.groups_by_label = config.offload_group_by == "label";
    core.offload.hang_after = std::chrono::milliseconds(config.offload_hang_ms);
    return core;
}

storage::DatabaseOptions database_settings(const Config& config) {
    storage::DatabaseOptions options;
    options.path = SiteFiles(config.site_directory).database();
    options.page_limit = config.store_pages;
    options.ballast_bytes = config.store_ballast_bytes;
    return options;
}

base::Result<net::MqttSettings> mqtt_settings(const Config& config, const base::SiteId& site) {
    net::MqttSettings settings;
    settings.client_id = "frugald:" + site.text();
    settings.subscriptions = {wire::up_subscription(site)};
    settings.inbound_messages_max = static_cast<std::size_t>(config.mqtt_queue_messages);
    settings.payload_bytes_max = kPayloadBytesMax;
    if (config.mqtt_url.starts_with(kUnix)) {
        settings.host = config.mqtt_url.substr(kUnix.size());
        settings.port = 0;
        return settings;
    }
    const std::string target = config.mqtt_url.substr(kTls.size());
    const auto colon = target.rfind(':');
    const std::string port = colon == std::string::npos ? "8883" : target.substr(colon + 1);
    const long number = std::strtol(port.c_str(), nullptr, 10);
    if (number < 1 || number > 65535) {
        return base::fail(base::ErrorKind::kInvalidInput,
                          "mqtt.url: \"" + port + "\" is not a port", {}, "Use mqtts://host:8883.");
    }
    settings.host = target.substr(0, colon);
    settings.port = static_cast<std::uint16_t>(number);
    settings.tls =
        net::MqttTlsFiles{config.mqtt_ca_file, config.mqtt_certificate_file, config.mqtt_key_file};
    return settings;
}

}  // namespace frugal::app
