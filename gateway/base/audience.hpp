// SPDX-License-Identifier: Apache-2.0
// Whom of a device class something is for: all of it, the devices with one label, or one device.
// The more specific one goes first, in the order of Kind. A plain value, any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.hpp"

namespace frugal::base {

struct Audience {
    enum class Kind : std::uint8_t { kClass = 0, kLabel = 1, kDevice = 2 };

    Kind kind = Kind::kClass;
    std::string name{};  ///< the label, or the device's id; empty for a whole class

    static Audience device(const DeviceId& id) { return {Kind::kDevice, id.text()}; }
    static Audience label(std::string text) { return {Kind::kLabel, std::move(text)}; }

    bool is_class() const { return kind == Kind::kClass; }

    /// Whether this device, with this label, is meant.
    bool includes(const DeviceId& device, std::string_view device_label) const;

    /// "device:sensor-7", "label:greenhouse", or nothing for a whole class.
    std::string text() const;
    /// For people: "device sensor-7", "label greenhouse", or nothing for a whole class.
    std::string words() const;
    /// What text() gives; absent for anything else.
    static std::optional<Audience> parse(std::string_view text);

    auto operator<=>(const Audience&) const = default;
};

/// "m4", "m4 of device sensor-7" or "m4 of label greenhouse".
std::string describe(const ClassName& device_class, const Audience& audience);

}  // namespace frugal::base
