// SPDX-License-Identifier: Apache-2.0
#include "cli/usage_error.hpp"

#include <string_view>

namespace frugal::cli {

namespace {

constexpr std::string_view kIsRequired = " is required";

/// "setup, status, ...": the nouns, or the verbs of one.
std::string commands_of(const CLI::App& app) {
    std::string names;
    for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
        names += (names.empty() ? "" : ", ") + command->get_name();
    }
    return names;
}

}  // namespace

base::Error usage_error(const CLI::App& root, const std::string& text) {
    const auto* app = &root;
    std::string path = root.get_name();
    while (!app->get_subcommands().empty()) {
        app = app->get_subcommands().front();
        path += " " + app->get_name();
    }
    const std::string help = path + " --help";
    const std::string commands = commands_of(*app);
    const bool is_missing = text.ends_with(kIsRequired);
    if (is_missing && !commands.empty()) {
        return {base::ErrorKind::kInvalidInput, path + ": a command is missing", "",
                "One of: " + commands + "; " + help + " says what they do."};
    }
    const std::string name = text.substr(0, text.find(kIsRequired));
    const auto* option = is_missing ? app->get_option_no_throw(name) : nullptr;
    const std::string meaning = option == nullptr ? "" : option->get_description();
    return {base::ErrorKind::kInvalidInput, path + ": " + text,
            meaning.empty() ? "" : name + ": " + meaning,
            (is_missing ? "Add it; " : "") + help + " tells all options."};
}

}  // namespace frugal::cli
