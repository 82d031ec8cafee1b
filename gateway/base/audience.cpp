// SPDX-License-Identifier: Apache-2.0
#include "base/audience.hpp"

namespace frugal::base {

namespace {

constexpr std::string_view kDevicePrefix = "device:";
constexpr std::string_view kLabelPrefix = "label:";

}  // namespace

bool Audience::includes(const DeviceId& device, std::string_view device_label) const {
    switch (kind) {
        case Kind::kClass:
            return true;
        case Kind::kLabel:
            return name == device_label;
        case Kind::kDevice:
            return name == device.text();
    }
    return false;
}

std::string Audience::text() const {
    switch (kind) {
        case Kind::kDevice:
            return std::string(kDevicePrefix) + name;
        case Kind::kLabel:
            return std::string(kLabelPrefix) + name;
        case Kind::kClass:
            break;
    }
    return {};
}

std::string Audience::words() const {
    switch (kind) {
        case Kind::kDevice:
            return "device " + name;
        case Kind::kLabel:
            return "label " + name;
        case Kind::kClass:
            break;
    }
    return {};
}

std::optional<Audience> Audience::parse(std::string_view text) {
    if (text.empty()) {
        return Audience{};
    }
    if (text.starts_with(kDevicePrefix)) {
        const auto id = DeviceId::parse(text.substr(kDevicePrefix.size()));
        return id ? std::optional(device(*id)) : std::nullopt;
    }
    if (text.starts_with(kLabelPrefix) && text.size() > kLabelPrefix.size()) {
        return label(std::string(text.substr(kLabelPrefix.size())));
    }
    return std::nullopt;
}

std::string describe(const ClassName& device_class, const Audience& audience) {
    return device_class.text() + (audience.is_class() ? "" : " of " + audience.words());
}

}  // namespace frugal::base
