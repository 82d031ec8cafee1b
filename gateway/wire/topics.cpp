// SPDX-License-Identifier: Apache-2.0
#include "wire/topics.hpp"

#include <array>

#include "base/hex.hpp"
#include "frugal/limits.h"

namespace frugal::wire {

namespace {

constexpr std::string_view kPrefix = "frugal/v1/";
constexpr std::array<core::UpKind, 7> kUpKinds = {
    core::UpKind::kHello,    core::UpKind::kDecisions, core::UpKind::kFetch, core::UpKind::kReport,
    core::UpKind::kEscalate, core::UpKind::kHealth,    core::UpKind::kBye};

// Cuts the text up to the next slash off its front; absent if there is none.
std::optional<std::string_view> next_level(std::string_view& rest) {
    const auto slash = rest.find('/');
    if (slash == std::string_view::npos) {
        return std::nullopt;
    }
    const auto level = rest.substr(0, slash);
    rest.remove_prefix(slash + 1);
    return level;
}

tl::unexpected<base::Error> refuse(std::string cause) {
    // The topic itself is not repeated: it is the sender's text.
    return base::fail(base::ErrorKind::kInvalidInput, "unexpected MQTT topic", std::move(cause),
                      "Publish on frugal/v1/{site}/{device}/up/{kind}");
}

std::string site_prefix(const base::SiteId& site) {
    return std::string(kPrefix) + site.text() + "/";
}

}  // namespace

bool is_reserved_id(std::string_view id) {
    return id == "all" || id == "gateway";
}

base::Result<UpTopic> parse_up_topic(const base::SiteId& site, std::string_view topic) {
    if (topic.size() > FR_TOPIC_SIZE_MAX) {
        return refuse("longer than " + std::to_string(FR_TOPIC_SIZE_MAX) + " bytes");
    }
    if (!topic.starts_with(kPrefix)) {
        return refuse("not of protocol frugal/v1");
    }
    auto rest = topic.substr(kPrefix.size());
    const auto site_level = next_level(rest);
    if (!site_level || *site_level != site.text()) {
        return refuse("not of this site");
    }
    const auto device_level = next_level(rest);
    auto device = device_level ? base::DeviceId::parse(*device_level) : std::nullopt;
    if (!device || is_reserved_id(device->text())) {
        return refuse("no valid device id");
    }
    const auto direction = next_level(rest);
    if (!direction || *direction != "up") {
        return refuse("not an up topic");
    }
    for (const auto kind : kUpKinds) {
        if (rest == core::to_string(kind)) {
            return UpTopic{std::move(*device), kind};
        }
    }
    return refuse("unknown message kind");
}

std::string up_subscription(const base::SiteId& site) {
    return site_prefix(site) + "+/up/+";
}

std::string down_topic_prefix(const base::SiteId& site, const base::DeviceId& device) {
    return site_prefix(site) + device.text() + "/down/";
}

std::string down_topic(const base::SiteId& site, const base::DeviceId& device,
                       core::DownKind kind) {
    return down_topic_prefix(site, device).append(core::to_string(kind));
}

std::string chunk_topic(const base::SiteId& site, const base::DeviceId& device) {
    return down_topic_prefix(site, device) + "chunk";
}

std::string shared_chunk_topic(const base::SiteId& site, const base::Digest& artifact) {
    return site_prefix(site) + "all/chunk/" + base::to_hex(artifact);
}

}  // namespace frugal::wire
