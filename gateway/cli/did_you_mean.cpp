// SPDX-License-Identifier: Apache-2.0
#include "cli/did_you_mean.hpp"

#include <algorithm>

#include "base/nearest_word.hpp"

namespace frugal::cli {

namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
    return app.get_subcommands([](const CLI::App*) { return true; });
}

/// Of the command or a level above it; null for none.
const CLI::Option* find_option(const CLI::App& app, const std::string& word) {
    for (const auto* level = &app; level != nullptr; level = level->get_parent()) {
        if (const auto* option = level->get_option_no_throw(word)) {
            return option;
        }
    }
    return nullptr;
}

bool takes_the_next_word(const CLI::App& app, const std::string& word) {
    const auto* option = find_option(app, word);
    return option != nullptr && option->get_items_expected_max() > 0;
}

base::Error unknown(const CLI::App& app, const std::string& word) {
    const auto commands = commands_of(app);
    std::vector<std::string_view> names;
    std::string known;
    for (const auto* command : commands) {
        names.push_back(command->get_name());
        known += (known.empty() ? "" : ", ") + command->get_name();
    }
    const auto nearest = base::nearest_word(word, names, std::max<std::size_t>(2, word.size() / 2));
    return {base::ErrorKind::kInvalidInput, "\"" + word + "\" is no command of " + app.get_name(),
            nearest ? "did you mean \"" + std::string(*nearest) + "\"?" : "",
            "One of: " + known + "."};
}

base::Error strange(const CLI::App& app, const std::string& word) {
    std::vector<std::string> names;
    for (const auto* level = &app; level != nullptr; level = level->get_parent()) {
        for (const auto* option : level->get_options()) {
            for (const auto& name : option->get_lnames()) {
                names.push_back("--" + name);
            }
        }
    }
    // A beginning is nearer than any other word: --out is --output, not --url.
    const auto longer = std::ranges::find_if(
        names, [&](const std::string& name) { return name.starts_with(word); });
    const std::vector<std::string_view> views(names.begin(), names.end());
    const auto nearest = longer != names.end() ? std::optional<std::string_view>(*longer)
                                               : base::nearest_word(word, views, 2);
    return {base::ErrorKind::kInvalidInput, word + " is no option of " + app.get_name(),
            nearest ? "did you mean " + std::string(*nearest) + "?" : "",
            "--help lists the options."};
}

}  // namespace

std::optional<base::Error> unknown_command(const CLI::App& root,
                                           const std::vector<std::string>& words) {
    const auto* app = &root;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto commands = commands_of(*app);
        if (commands.empty()) {
            return std::nullopt;
        }
        if (words[i].starts_with("-")) {
            i += takes_the_next_word(*app, words[i]) ? 1 : 0;
            continue;
        }
        const auto next = std::ranges::find(commands, words[i], &CLI::App::get_name);
        if (next == commands.end()) {
            return unknown(*app, words[i]);
        }
        app = *next;
    }
    return std::nullopt;
}

std::optional<base::Error> unknown_option(const CLI::App& root,
                                          const std::vector<std::string>& words) {
    const auto* app = &root;
    for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
        if (!words[i].starts_with("-")) {
            const auto commands = commands_of(*app);
            const auto next = std::ranges::find(commands, words[i], &CLI::App::get_name);
            app = next == commands.end() ? app : *next;
            continue;
        }
        const std::string word = words[i].substr(0, words[i].find('='));
        if (word.starts_with("--") && find_option(*app, word) == nullptr) {
            return strange(*app, word);
        }
        i += word == words[i] && takes_the_next_word(*app, word) ? 1 : 0;
    }
    return std::nullopt;
}

}  // namespace frugal::cli
