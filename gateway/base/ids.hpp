// SPDX-License-Identifier: Apache-2.0
// Strong types for the ids that travel. parse() is the only way in from text. Plain values.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace frugal::base {

/// True if the text is [a-z0-9-]{1,64}: what MQTT topics, certificates and file names all carry.
bool is_valid_id(std::string_view text);

template <typename Tag>
class NamedId {
public:
    /// Absent if the text is not a valid id (is_valid_id).
    static std::optional<NamedId> parse(std::string_view text) {
        if (!is_valid_id(text)) {
            return std::nullopt;
        }
        return NamedId(std::string(text));
    }
    const std::string& text() const { return text_; }
    auto operator<=>(const NamedId&) const = default;

private:
    explicit NamedId(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

using SiteId = NamedId<struct SiteTag>;
using DeviceId = NamedId<struct DeviceTag>;  ///< the CN of the device's certificate
using ModelName = NamedId<struct ModelTag>;
using ClassName = NamedId<struct ClassTag>;  ///< device class: tiny, m4, esp32

/// A 64-bit number that cannot be mistaken for another.
template <typename Tag>
struct NumberId {
    std::uint64_t value = 0;
    auto operator<=>(const NumberId&) const = default;
};

using StreamId = NumberId<struct StreamTag>;  ///< random, made when a device's storage is formatted
using RequestId = NumberId<struct RequestTag>;  ///< one admin request waiting for its reply
using RolloutId = NumberId<struct RolloutTag>;
using WorkId = NumberId<struct WorkTag>;  ///< one piece of slow work in the world's hands

}  // namespace frugal::base

template <typename Tag>
struct std::hash<frugal::base::NamedId<Tag>> {
    std::size_t operator()(const frugal::base::NamedId<Tag>& id) const {
        return std::hash<std::string>{}(id.text());
    }
};
