// SPDX-License-Identifier: Apache-2.0
// A release as people and stored policies name it: "fashion@2". A plain value, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.hpp"

namespace frugal::base {

struct ReleaseName {
    ModelName model;
    std::uint32_t number = 0;

    /// Absent if the text is not MODEL@NUMBER with a number of 1..INT32_MAX, without sign or
    /// leading zeros.
    static std::optional<ReleaseName> parse(std::string_view text);
    std::string text() const { return model.text() + "@" + std::to_string(number); }
};

}  // namespace frugal::base
