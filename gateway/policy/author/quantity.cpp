// SPDX-License-Identifier: Apache-2.0
#include "policy/author/quantity.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

namespace frugal::policy {

namespace {

constexpr std::size_t kDigitsMax = 11;  // times the largest factor of a unit still fits 64 bits

/// `mantissa / divisor`, and what is written behind it.
struct Decimal {
    std::int64_t mantissa = 0;
    std::int64_t divisor = 1;
    std::string_view unit;
};

bool is_digit(char letter) {
    return letter >= '0' && letter <= '9';
}

std::optional<Decimal> read_decimal(std::string_view text) {
    const bool is_negative = text.starts_with('-');
    std::size_t at = is_negative ? 1 : 0;
    Decimal decimal;
    std::size_t digits = 0;
    const auto take_digits = [&](std::int64_t scale) {
        const std::size_t begin = at;
        for (; at < text.size() && is_digit(text[at]) && digits <= kDigitsMax; ++at, ++digits) {
            decimal.mantissa = decimal.mantissa * 10 + (text[at] - '0');
            decimal.divisor *= scale;
        }
        return at > begin;
    };
    bool is_number = take_digits(1);
    if (is_number && at < text.size() && text[at] == '.') {
        ++at;
        is_number = take_digits(10);
    }
    if (!is_number || digits > kDigitsMax) {
        return std::nullopt;
    }
    decimal.mantissa = is_negative ? -decimal.mantissa : decimal.mantissa;
    decimal.unit = text.substr(at);
    return decimal;
}

std::string names_of(std::span<const Unit> units) {
    std::vector<std::string_view> names;
    for (const Unit& unit : units) {
        if (!unit.name.empty()) {
            names.push_back(unit.name);
        }
    }
    return fmt::format("{}", fmt::join(names, ", "));
}

tl::unexpected<base::Error> refuse(const Measure& measure, std::string message, std::string cause) {
    return base::fail(base::ErrorKind::kInvalidInput, std::move(message), std::move(cause),
                      std::string(measure.remedy));
}

tl::unexpected<base::Error> refuse_unit(const Measure& measure, std::string_view text,
                                        std::string_view unit) {
    const std::string names = names_of(measure.units);
    if (names.empty()) {
        return refuse(measure, fmt::format("\"{}\" has the unit \"{}\"", text, unit),
                      fmt::format("devices count in {}", measure.counted_in));
    }
    return refuse(measure,
                  unit.empty() ? fmt::format("\"{}\" has no unit", text)
                               : fmt::format("\"{}\" has the wrong unit \"{}\"", text, unit),
                  fmt::format("units here: {}", names));
}

/// "The nearest are 800ms and 808ms. ": what devices can count beside what they cannot.
std::string nearest_words(std::int64_t counted, std::int64_t divisor, const Measure& measure,
                          const Range& range) {
    const std::int64_t below = counted / divisor - (counted < 0 ? 1 : 0);
    const auto least = std::clamp(below, range.least, range.most);
    const auto most = std::clamp(below + 1, range.least, range.most);
    return least == most ? fmt::format("The nearest is {}. ", words_of(least, measure))
                         : fmt::format("The nearest are {} and {}. ", words_of(least, measure),
                                       words_of(most, measure));
}

}  // namespace

base::Result<std::int64_t> read_quantity(std::string_view text, const Measure& measure,
                                         const Range& range) {
    const auto decimal = read_decimal(text);
    if (!decimal) {
        return refuse(measure, fmt::format("\"{}\" is not a number", text),
                      fmt::format("devices count in {}", measure.counted_in));
    }
    const auto unit = std::ranges::find(measure.units, decimal->unit, &Unit::name);
    if (unit == measure.units.end()) {
        return refuse_unit(measure, text, decimal->unit);
    }
    const std::int64_t counted = decimal->mantissa * unit->numerator;
    const std::int64_t divisor = decimal->divisor * unit->denominator;
    if (counted % divisor != 0) {
        return base::fail(
            base::ErrorKind::kInvalidInput, fmt::format("\"{}\" cannot be kept exactly", text),
            fmt::format("devices count in {}", measure.counted_in),
            fmt::format("{}{}", nearest_words(counted, divisor, measure, range), measure.remedy));
    }
    const std::int64_t value = counted / divisor;
    if (value < range.least || value > range.most) {
        return refuse(measure, fmt::format("\"{}\" is out of range", text),
                      fmt::format("it must lie in {} to {}", words_of(range.least, measure),
                                  words_of(range.most, measure)));
    }
    return value;
}

std::string words_of(std::int64_t value, const Measure& measure) {
    const Unit& unit = measure.units.front();
    return fmt::format(
        "{}{}", static_cast<double>(value * unit.denominator) / static_cast<double>(unit.numerator),
        unit.name);
}

}  // namespace frugal::policy
