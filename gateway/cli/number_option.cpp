// SPDX-License-Identifier: Apache-2.0
#include "cli/number_option.hpp"

#include <charconv>

#include <fmt/format.h>

namespace frugal::cli {

CLI::Validator number_within(double least, double most) {
    return CLI::Validator(
        [least, most](std::string& text) -> std::string {
            double value = 0;
            const char* end = text.data() + text.size();
            const auto [stop, error] = std::from_chars(text.data(), end, value);
            const bool is_number = error == std::errc() && stop == end;
            if (is_number && value >= least && value <= most) {
                return {};
            }
            return fmt::format("{} is no number from {} to {}", text, least, most);
        },
        fmt::format("FLOAT in [{} - {}]", least, most));
}

CLI::Validator whole_number_within(std::uint64_t least, std::uint64_t most) {
    return CLI::Validator(
        [least, most](std::string& text) -> std::string {
            std::uint64_t value = 0;
            const char* end = text.data() + text.size();
            const auto [stop, error] = std::from_chars(text.data(), end, value);
            const bool is_number = error == std::errc() && stop == end;
            if (is_number && value >= least && value <= most) {
                return {};
            }
            return fmt::format("{} is no whole number from {} to {}", text, least, most);
        },
        fmt::format("UINT in [{} - {}]", least, most));
}

}  // namespace frugal::cli
