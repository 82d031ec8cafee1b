// SPDX-License-Identifier: Apache-2.0
// Private to this folder: reads the keys of a query strictly. The first fault found is reported.
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "wire/http_message.hpp"

namespace frugal::wire {

inline constexpr std::size_t kLabelMax = 128;  ///< bytes, of a device

/// At most so many bytes, none of them a control character.
bool is_printable(std::string_view text, std::size_t maximum);

/// Absent unless the text is a decimal number from 0 to the maximum, without sign or leading zeros.
std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t maximum);

class QueryReader {
public:
    QueryReader(const HttpRequest& request, std::initializer_list<std::string_view> known);

    std::optional<std::string_view> text(std::string_view key) const {
        return request_.query_value(key);
    }
    std::optional<std::uint64_t> number(std::string_view key, std::uint64_t maximum);
    std::optional<base::WallTime> time(std::string_view key);

    template <typename Id>
    std::optional<Id> id(std::string_view key) {
        const auto value = text(key);
        auto parsed = value ? Id::parse(*value) : std::nullopt;
        if (value && !parsed) {
            reject(key, "an id has 1 to 64 characters of a-z, 0-9 and -");
        }
        return parsed;
    }

    /// page_size: 1 to 1000, 100 if it is not given.
    std::uint32_t page_size();

    void reject(std::string_view key, std::string why);
    base::Result<void> finish() const;

private:
    const HttpRequest& request_;
    std::optional<base::Error> error_;
};

}  // namespace frugal::wire
