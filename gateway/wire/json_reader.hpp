// SPDX-License-Identifier: Apache-2.0
// Private to this folder: reads one JSON object strictly. Every key asked for is checked off;
// finish() complains about what nobody asked for. The first fault found is the one reported.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace frugal::wire {

/// kInvalidInput unless the bytes are one JSON object, at most 16 levels deep, without doubled
/// keys.
base::Result<boost::json::object> parse_json_object(base::ByteView bytes);

class ObjectReader {
public:
    explicit ObjectReader(base::ByteView bytes);

    std::string text(std::string_view key);
    std::string text_or(std::string_view key, std::string fallback);
    std::uint64_t number(std::string_view key, std::uint64_t maximum);
    std::uint64_t number_or(std::string_view key, std::uint64_t maximum, std::uint64_t fallback);
    std::vector<std::string> texts(std::string_view key, std::size_t count_max);
    /// Absent if the key is.
    std::optional<std::vector<std::string>> optional_texts(std::string_view key,
                                                           std::size_t count_max);

    /// Notes that a key's value is not acceptable, unless something was wrong before.
    void reject(std::string_view key, std::string why);

    base::Result<void> finish();

private:
    const boost::json::value* find(std::string_view key, bool is_required);

    boost::json::object object_;
    std::vector<std::string> known_;
    std::optional<base::Error> error_;
};

}  // namespace frugal::wire
