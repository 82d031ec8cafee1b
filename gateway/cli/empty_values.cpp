// SPDX-License-Identifier: Apache-2.0
#include "cli/empty_values.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace frugal::cli {

namespace {

/// Kept with what is made and read by people; an empty one says as much as none.
constexpr std::array<std::string_view, 2> kForPeople = {"--comment", "--note"};

std::string refuse_empty(const std::string& text) {
    return text.empty() ? "the value is empty: name one, or leave it out" : "";
}

}  // namespace

void refuse_empty_values(CLI::App& root) {
    for (auto* option : root.get_options()) {
        const bool takes_a_value = option->get_items_expected_max() > 0;
        const bool is_for_people = std::ranges::any_of(kForPeople, [&](std::string_view name) {
            return option->check_name(std::string(name));
        });
        if (takes_a_value && !is_for_people) {
            option->check(CLI::Validator([](const std::string& text) { return refuse_empty(text); },
                                         std::string()));
        }
    }
    for (auto* command : root.get_subcommands([](const CLI::App*) { return true; })) {
        refuse_empty_values(*command);
    }
}

}  // namespace frugal::cli
