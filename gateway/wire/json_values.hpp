// SPDX-License-Identifier: Apache-2.0
// Private to this folder: core values as JSON values, shared by the views.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "base/hex.hpp"
#include "base/time.hpp"
#include "core/admin.hpp"
#include "core/reason.hpp"
#include "wire/json_commands.hpp"
#include "wire/json_text.hpp"

namespace frugal::wire {

/// null for the moment that stands for "never".
inline boost::json::value json_of(base::WallTime time) {
    return time.unix_ms == 0 ? boost::json::value(nullptr)
                             : boost::json::value(to_rfc3339(time).c_str());
}

inline boost::json::value json_of(base::StreamId stream) {
    std::array<std::uint8_t, 8> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<std::uint8_t>(stream.value >> (56 - 8 * i));
    }
    return boost::json::value(base::to_hex(bytes).c_str());
}

inline boost::json::value json_of(const base::Digest& digest) {
    return boost::json::value(base::to_hex(digest).c_str());
}

/// null for no reason; else the word of the wire contract with cause and remedy.
inline boost::json::value json_of(core::Reason reason) {
    if (reason == core::Reason::kNone) {
        return nullptr;
    }
    boost::json::object object;
    object["code"] = core::to_string(reason);
    object["cause"] = core::cause_of(reason);
    object["remedy"] = core::remedy_of(reason);
    return object;
}

template <typename Items, typename Convert>
boost::json::array json_list(const Items& items, const Convert& convert) {
    boost::json::array array;
    array.reserve(items.size());
    for (const auto& item : items) {
        array.emplace_back(convert(item));
    }
    return array;
}

template <typename Optional, typename Convert>
boost::json::value json_or_null(const Optional& optional, const Convert& convert) {
    return optional ? boost::json::value(convert(*optional)) : boost::json::value(nullptr);
}

/// `device` and `label`: null for what is not narrowed down to them.
inline void add_audience(boost::json::object& object, const base::Audience& audience) {
    using Kind = base::Audience::Kind;
    const auto name_if = [&](Kind kind) {
        return audience.kind == kind ? boost::json::value(audience.name.c_str())
                                     : boost::json::value(nullptr);
    };
    object["device"] = name_if(Kind::kDevice);
    object["label"] = name_if(Kind::kLabel);
}

/// The schema Energy: joules and bytes by use, against sending every raw input.
boost::json::object energy_object(const core::EnergyCounters& totals);
boost::json::object rollout_object(const core::RolloutView& rollout);
boost::json::object release_object(const std::shared_ptr<const core::ReleaseRecord>& release);

}  // namespace frugal::wire
