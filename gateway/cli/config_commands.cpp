// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/config.hpp"
#include "cli/command.hpp"
#include "cli/output.hpp"

namespace frugal::cli {

namespace {

base::Result<int> check_config(const Context& context, const std::string& path) {
    const auto config = app::load_config(path);
    if (!config) {
        return tl::unexpected(config.error());
    }
    if (context.json) {
        print_json("config-check", {{"file", path}, {"ok", true}});
    } else {
        fmt::print("{}: ok\n", path);
    }
    return kExitDone;
}

base::Result<int> dump_config(const Context& context, const std::string& path) {
    const auto config = app::load_config(path);
    if (!config) {
        return tl::unexpected(config.error());
    }
    boost::json::object values;
    std::vector<std::vector<std::string>> rows;
    for (const auto& key : app::config_keys()) {
        const std::string name(key.name);
        if (const auto* text = std::get_if<std::string app::Config::*>(&key.member)) {
            values[name] = (*config).*(*text);
            rows.push_back({name, (*config).*(*text)});
        } else {
            const auto number = (*config).*std::get<std::int64_t app::Config::*>(key.member);
            values[name] = number;
            rows.push_back({name, std::to_string(number)});
        }
    }
    if (context.json) {
        print_json("config-dump", {{"file", path}, {"values", values}});
    } else {
        print_table({"key", "value"}, rows);
    }
    return kExitDone;
}

}  // namespace

void add_config_commands(CLI::App& root, Context& context) {
    auto* noun = root.add_subcommand("config", "the daemon's configuration")->require_subcommand(1);
    auto path = std::make_shared<std::string>();
    const auto path_of = [&context, path] {
        return path->empty() ? context.site + "/frugal.toml" : *path;
    };
    auto* check = noun->add_subcommand("check", "read a configuration and say what is wrong");
    check->add_option("file", *path, "default: the site's frugal.toml");
    on_command(*check, context, [&context, path_of] { return check_config(context, path_of()); });
    auto* dump = noun->add_subcommand("dump", "print every key with its value");
    dump->add_option("file", *path, "default: the site's frugal.toml");
    on_command(*dump, context, [&context, path_of] { return dump_config(context, path_of()); });
}

}  // namespace frugal::cli
