// SPDX-License-Identifier: Apache-2.0
// The guards of a policy file.
#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "policy/author/field_names.hpp"
#include "policy/author/policy_parts.hpp"

namespace frugal::policy {

using base::Result;

namespace {

constexpr std::string_view kForm =
    "Write conditions as `battery < 20%` or `rtt > slack`, joined by `or`.";
constexpr std::size_t kConditionWords = 3;  // field, operation, value

const FieldName* find_field(std::string_view name) {
    const auto found = std::ranges::find(kFields, name, &FieldName::name);
    return found == kFields.end() ? nullptr : &*found;
}

std::vector<std::string_view> words_in(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    std::vector<std::string_view> words;
    std::size_t begin = text.find_first_not_of(kSpace);
    while (begin != std::string_view::npos) {
        const std::size_t end = std::min(text.find_first_of(kSpace, begin), text.size());
        words.push_back(text.substr(begin, end - begin));
        begin = text.find_first_not_of(kSpace, end);
    }
    return words;
}

bool is_of_sign(char c) {
    return std::string_view("<>=!").find(c) != std::string_view::npos;
}

/// The first word of the condition at `at` that a comparison is part of but not all of.
std::vector<std::string_view>::const_iterator find_glued(const std::vector<std::string_view>& words,
                                                         std::size_t at) {
    const auto end =
        words.begin() + static_cast<std::ptrdiff_t>(std::min(at + kConditionWords, words.size()));
    const auto found =
        std::find_if(words.begin() + static_cast<std::ptrdiff_t>(at), end, [](const auto& word) {
            return std::ranges::any_of(word, is_of_sign) && !std::ranges::all_of(word, is_of_sign);
        });
    return found == end ? words.end() : found;
}

std::int64_t values_of(const FieldName& field) {
    return field.range.most - field.range.least + 1;
}

/// Of how many values of the field any of the conditions on it is true.
std::int64_t times_true(std::span<const fr_guard_spec_t> guards, const FieldName& field) {
    std::vector<fr_guard_spec_t> own;
    std::ranges::copy_if(guards, std::back_inserter(own),
                         [&](const fr_guard_spec_t& guard) { return guard.field == field.field; });
    std::int64_t count = 0;
    for (std::int64_t value = field.range.least; !own.empty() && value <= field.range.most;
         ++value) {
        count +=
            std::ranges::any_of(own, [&](const auto& guard) { return guard_holds(guard, value); });
    }
    return count;
}

/// Each condition keeps its task local, so that together they must leave something of each field.
Result<void> check_together(const std::vector<fr_guard_spec_t>& all, const toml::node& place,
                            const std::string& origin) {
    for (const FieldName& field : kFields) {
        if (times_true(all, field) == values_of(field)) {
            return refuse_at(
                place, origin,
                fmt::format("the conditions on {} together are always true", field.name),
                "Correct one of them; pin = \"always-local\" in the task's table "
                "keeps all of it on the device.",
                "any condition that is true keeps the task on the device");
        }
    }
    return {};
}

/// Of what is wrong with a guard: its `then` if it has one, else the guard.
const toml::node& place_in(const toml::node& guard) {
    const toml::table* table = guard.as_table();
    const toml::node* then =
        table != nullptr && table->contains("when") ? table->get("then") : nullptr;
    return then != nullptr ? *then : guard;
}

/// Reads "a < 1 or b > c": every alternative is a guard of its own.
class ConditionReader {
public:
    ConditionReader(const toml::node& when, const std::string& origin)
        : node_(when), origin_(origin), text_(when.as_string()->get()) {}

    Result<void> read(std::vector<fr_guard_spec_t>& guards) const {
        const auto words = words_in(text_);
        if (words.empty()) {
            return refuse(text_, "`when` is empty", "a guard without a condition guards nothing");
        }
        for (std::size_t at = 0; at < words.size(); at += kConditionWords + 1) {
            if (const auto glued = find_glued(words, at); glued != words.end()) {
                return refuse(*glued, fmt::format("blanks are missing in \"{}\"", *glued),
                              "field, comparison and value are words of their own");
            }
            if (words.size() - at < kConditionWords) {
                return refuse(words[at],
                              fmt::format("the condition ends behind \"{}\"", words.back()),
                              "a condition is a field, a comparison and a value");
            }
            auto guard = read_condition(words[at], words[at + 1], words[at + 2]);
            if (!guard) {
                return tl::unexpected(guard.error());
            }
            guards.push_back(*guard);
            const std::size_t next = at + kConditionWords;
            if (next < words.size() && words[next] != "or") {
                return refuse(words[next], fmt::format("cannot read \"{}\" here", words[next]),
                              "only `or` joins conditions, and no space stands before a unit");
            }
            if (next + 1 == words.size()) {
                return refuse(words[next], "nothing follows the last `or`",
                              "a condition is missing");
            }
        }
        return {};
    }

private:
    Result<fr_guard_spec_t> read_condition(std::string_view name, std::string_view sign,
                                           std::string_view value) const {
        const FieldName* field = find_field(name);
        if (field == nullptr) {
            std::vector<std::string_view> names;
            std::ranges::transform(kFields, std::back_inserter(names), &FieldName::name);
            return refuse(name, fmt::format("there is no field \"{}\"", name),
                          fmt::format("fields are {}", fmt::join(names, ", ")));
        }
        const auto operation = std::ranges::find(
            kOperations, sign, &std::pair<std::string_view, fr_guard_operation_t>::first);
        if (operation == kOperations.end()) {
            return refuse(sign, fmt::format("\"{}\" compares nothing", sign),
                          "comparisons are <, <=, >, >=, ==, !=");
        }
        fr_guard_spec_t guard{};
        guard.field = static_cast<std::uint8_t>(field->field);
        guard.operation = static_cast<std::uint8_t>(operation->second);
        if (const FieldName* other = find_field(value); other != nullptr) {
            return compared(guard, *field, *other, value);
        }
        const auto number = read_quantity(value, *field->measure, field->range);
        if (!number) {
            return refuse_at(place_of(value), origin_,
                             fmt::format("{}: {}", name, number.error().message),
                             number.error().remedy, number.error().cause);
        }
        guard.value = static_cast<std::int16_t>(*number);
        return meant(guard, *field, name);
    }

    /// Refuses a comparison that no device can find true, and one that all find true.
    Result<fr_guard_spec_t> meant(const fr_guard_spec_t& guard, const FieldName& field,
                                  std::string_view word) const {
        const auto count = times_true({&guard, 1}, field);
        if (count != 0 && count != values_of(field)) {
            return guard;
        }
        return refuse_at(
            place_of(word), origin_,
            fmt::format("the condition is {} true", count == 0 ? "never" : "always"),
            count == 0 ? "Remove it, or correct its value."
                       : "Correct its value; pin = \"always-local\" in the task's "
                         "table keeps all of it on the device.",
            fmt::format("{} is {} to {}", field.name, words_of(field.range.least, *field.measure),
                        words_of(field.range.most, *field.measure)));
    }

    /// Against another field, which must be counted in the same.
    Result<fr_guard_spec_t> compared(fr_guard_spec_t guard, const FieldName& field,
                                     const FieldName& other, std::string_view value) const {
        if (field.field == other.field) {
            return refuse(value, fmt::format("{} is compared with itself", field.name),
                          "such a condition is always or never true");
        }
        if (field.measure != other.measure) {
            return refuse(value,
                          fmt::format("{} cannot be compared with {}", field.name, other.name),
                          fmt::format("devices count the one in {}, the other in {}",
                                      field.measure->counted_in, other.measure->counted_in));
        }
        guard.operation = static_cast<std::uint8_t>(guard.operation | FR_GUARD_FIELD_VALUE);
        guard.value = static_cast<std::int16_t>(other.field);
        return guard;
    }

    /// Of a word of the condition, if it stands in one line and between single quotes.
    toml::source_position place_of(std::string_view word) const {
        const toml::source_region& region = node_.source();
        auto place = region.begin;
        if (region.end.line == place.line && region.end.column == place.column + text_.size() + 2) {
            place.column += static_cast<toml::source_index>(1 + (word.data() - text_.data()));
        }
        return place;
    }

    tl::unexpected<base::Error> refuse(std::string_view word, const std::string& what,
                                       const std::string& cause) const {
        return refuse_at(place_of(word), origin_, what, std::string(kForm), cause);
    }

    const toml::node& node_;
    const std::string& origin_;
    std::string_view text_;
};

}  // namespace

bool guard_holds(const fr_guard_spec_t& guard, std::int64_t value) {
    switch (guard.operation) {
        case FR_GUARD_LESS:
            return value < guard.value;
        case FR_GUARD_LESS_EQUAL:
            return value <= guard.value;
        case FR_GUARD_GREATER:
            return value > guard.value;
        case FR_GUARD_GREATER_EQUAL:
            return value >= guard.value;
        case FR_GUARD_EQUAL:
            return value == guard.value;
        case FR_GUARD_NOT_EQUAL:
            return value != guard.value;
        default:
            return false;  // against another field: not told by this one alone
    }
}

Result<std::vector<fr_guard_spec_t>> read_guards(const toml::table& file,
                                                 const std::string& origin) {
    std::vector<fr_guard_spec_t> all;
    const toml::array* guards = file["guard"].as_array();
    for (std::size_t i = 0; guards != nullptr && i < guards->size(); ++i) {
        const toml::table* guard = guards->get(i)->as_table();
        const toml::node* when = guard != nullptr ? guard->get("when") : nullptr;
        const auto then = guard != nullptr ? (*guard)["then"].value<std::string>() : std::nullopt;
        if (when == nullptr || !when->is_string() || then != "local") {
            return refuse_at(place_in(*guards->get(i)), origin,
                             "a guard needs `when` and then = \"local\"",
                             "Write when = \"battery < 20%\" and then = \"local\".",
                             "guards can only keep a task on the device");
        }
        if (auto read = ConditionReader(*when, origin).read(all); !read) {
            return tl::unexpected(read.error());
        }
    }
    if (all.size() > FR_POLICY_GUARDS_MAX) {
        return refuse_at(*guards, origin, fmt::format("{} conditions are too many", all.size()),
                         fmt::format("Use at most {}.", FR_POLICY_GUARDS_MAX),
                         "every alternative of a condition counts");
    }
    if (guards != nullptr) {
        if (auto checked = check_together(all, *guards, origin); !checked) {
            return tl::unexpected(checked.error());
        }
    }
    return all;
}

}  // namespace frugal::policy
