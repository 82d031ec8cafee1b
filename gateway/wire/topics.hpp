// SPDX-License-Identifier: Apache-2.0
// MQTT topic names of the device protocol: frugal/v1/{site}/{device}/up/{kind} and so on. The only
// place where a device's id enters the gateway from the wire. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/message.hpp"

namespace frugal::wire {

struct UpTopic {
    base::DeviceId device;
    core::UpKind kind = core::UpKind::kHello;
};

/// Reads a topic a message arrived on. kInvalidInput: other site, wrong depth, bad id, unknown
/// kind.
base::Result<UpTopic> parse_up_topic(const base::SiteId& site, std::string_view topic);

/// "frugal/v1/{site}/+/up/+": what the gateway subscribes to.
std::string up_subscription(const base::SiteId& site);

/// The shell may keep this prefix and append the kind: "frugal/v1/{site}/{device}/down/".
std::string down_topic_prefix(const base::SiteId& site, const base::DeviceId& device);

std::string down_topic(const base::SiteId& site, const base::DeviceId& device, core::DownKind kind);

std::string chunk_topic(const base::SiteId& site, const base::DeviceId& device);

/// "frugal/v1/{site}/all/chunk/{artifact hex}".
std::string shared_chunk_topic(const base::SiteId& site, const base::Digest& artifact);

/// True for ids that name something else on a topic or in a certificate: "all", "gateway".
bool is_reserved_id(std::string_view id);

}  // namespace frugal::wire
