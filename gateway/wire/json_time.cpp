// SPDX-License-Identifier: Apache-2.0
#include <time.h>

#include <charconv>
#include <cstdio>

#include "wire/json_commands.hpp"

namespace frugal::wire {

namespace {

constexpr std::string_view kShape = "0000-00-00T00:00:00Z";
/// 9999-12-31T23:59:59Z: what four digits of a year can say.
constexpr std::int64_t kLastSecond = 253'402'300'799;

std::optional<int> number_at(std::string_view text, std::size_t offset, std::size_t length) {
    int value = 0;
    const char* begin = text.data() + offset;
    const auto [end, error] = std::from_chars(begin, begin + length, value);
    return error == std::errc() && end == begin + length && *begin != '-' ? std::optional(value)
                                                                          : std::nullopt;
}

}  // namespace

std::string to_rfc3339(base::WallTime time) {
    std::int64_t seconds = time.unix_ms / 1000;
    seconds = seconds < 0 ? 0 : seconds > kLastSecond ? kLastSecond : seconds;
    const auto value = static_cast<std::time_t>(seconds);
    std::tm parts{};
    ::gmtime_r(&value, &parts);
    char text[32];
    const std::size_t size = std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text, size};
}

std::optional<base::WallTime> from_rfc3339(std::string_view text) {
    if (text.size() != kShape.size()) {
        return std::nullopt;
    }
    for (const std::size_t mark : {4u, 7u, 10u, 13u, 16u, 19u}) {
        if (text[mark] != kShape[mark]) {
            return std::nullopt;
        }
    }
    const auto year = number_at(text, 0, 4);
    const auto month = number_at(text, 5, 2);
    const auto day = number_at(text, 8, 2);
    const auto hour = number_at(text, 11, 2);
    const auto minute = number_at(text, 14, 2);
    const auto second = number_at(text, 17, 2);
    if (!year || !month || !day || !hour || !minute || !second) {
        return std::nullopt;
    }
    std::tm parts{};
    parts.tm_year = *year - 1900;
    parts.tm_mon = *month - 1;
    parts.tm_mday = *day;
    parts.tm_hour = *hour;
    parts.tm_min = *minute;
    parts.tm_sec = *second;
    const base::WallTime time{static_cast<std::int64_t>(::timegm(&parts)) * 1000};
    // The 31st of February comes back as another day: only what survives was a date.
    return time.unix_ms >= 0 && to_rfc3339(time) == text ? std::optional(time) : std::nullopt;
}

}  // namespace frugal::wire
