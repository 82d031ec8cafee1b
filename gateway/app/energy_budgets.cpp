// SPDX-License-Identifier: Apache-2.0
#include "app/energy_budgets.hpp"

#include <charconv>
#include <optional>

namespace frugal::app {

namespace {

constexpr std::size_t kEntriesMax = 256;
constexpr std::uint32_t kTaskMax = 255;

std::optional<std::uint32_t> number(std::string_view text) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && value != 0
               ? std::optional(value)
               : std::nullopt;
}

std::string_view trimmed(std::string_view text) {
    const auto from = text.find_first_not_of(' ');
    return from == std::string_view::npos
               ? std::string_view()
               : text.substr(from, text.find_last_not_of(' ') - from + 1);
}

/// The text before the mark, which is cut off with it; absent if there is no mark.
std::optional<std::string_view> take_until(std::string_view& text, char mark) {
    const auto at = text.find(mark);
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    const auto before = text.substr(0, at);
    text.remove_prefix(at + 1);
    return before;
}

std::optional<core::EnergyBudget> parse_entry(std::string_view text) {
    const auto task_text = take_until(text, ':');
    const auto class_text = take_until(text, '=');
    auto device_class = base::ClassName::parse(class_text.value_or(std::string_view()));
    if (!device_class) {
        return std::nullopt;
    }
    core::EnergyBudget entry{.device_class = std::move(*device_class)};
    if (task_text) {
        entry.task = number(*task_text);
    }
    if (task_text && (!entry.task || *entry.task > kTaskMax)) {
        return std::nullopt;
    }
    const auto budget_text = take_until(text, '@');
    entry.budget_uj = number(budget_text.value_or(text));
    const auto picojoules = budget_text ? number(text) : std::optional<std::uint32_t>(0);
    if (!entry.budget_uj || !picojoules) {
        return std::nullopt;
    }
    entry.picojoules_per_operation = *picojoules;
    return entry;
}

}  // namespace

base::Result<std::vector<core::EnergyBudget>> parse_energy_budgets(std::string_view text) {
    std::vector<core::EnergyBudget> budgets;
    while (!trimmed(text).empty()) {
        const auto before = take_until(text, ',');
        const auto entry_text = trimmed(before.value_or(text));
        auto entry = parse_entry(entry_text);
        if (!entry || budgets.size() == kEntriesMax) {
            return base::fail(
                base::ErrorKind::kInvalidInput,
                "rollout.energy_budgets: \"" + std::string(entry_text) + "\" is not understood",
                "an entry is [TASK:]CLASS=MICROJOULES[@PICOJOULES], at most 256 "
                "separated by commas",
                "Write for instance 1:m4=2000 or any=5000@700.");
        }
        budgets.push_back(std::move(*entry));
        if (!before) {
            break;
        }
    }
    return budgets;
}

}  // namespace frugal::app
