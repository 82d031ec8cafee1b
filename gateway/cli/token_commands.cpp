// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>

#include "cli/api_client.hpp"
#include "cli/command.hpp"
#include "cli/json_path.hpp"
#include "cli/output.hpp"

namespace frugal::cli {

namespace json = boost::json;
using base::Result;

namespace {

Result<int> create(const Context& context, const std::string& role, const std::string& label) {
    const json::object body{{"role", role}, {"label", label}};
    const auto answer = ApiClient(context).call(
        {"POST", "/api/v1/tokens", "application/json", json::serialize(body)});
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    if (context.json) {
        print_json("token-create", answer->as_object());
    } else {
        fmt::print("{}\n", text_at(*answer, "token"));
        say("Shown once. It carries the rights of a " + role + ".");
    }
    return kExitDone;
}

Result<int> start(const Context& context, const std::string& role) {
    const json::object body{{"role", role}};
    const auto answer = ApiClient(context).call(
        {"POST", "/api/v1/start-links", "application/json", json::serialize(body)});
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    if (context.json) {
        print_json("token-start", answer->as_object());
    } else {
        fmt::print("{}\n", text_at(*answer, "start_url"));
        say(
            fmt::format("Opens the page once, within {} minutes, with the rights of a {}. "
                        "A link made earlier is good no more.",
                        number_at(*answer, "expires_in_s") / 60, role));
    }
    return kExitDone;
}

/// Takes the whole link or its code alone; the code travels in the body only.
Result<int> redeem(const Context& context, const std::string& link) {
    const json::object body{{"code", link.substr(link.rfind('#') + 1)}};
    const auto answer =
        ApiClient(context).call({"POST", "/start", "application/json", json::serialize(body)});
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    if (context.json) {
        print_json("token-redeem", answer->as_object());
    } else {
        fmt::print("{}\n", text_at(*answer, "token"));
        say("Shown once; the link is used up.");
    }
    return kExitDone;
}

Result<int> list(const Context& context) {
    const auto answer = ApiClient(context).call({"GET", "/api/v1/tokens", {}, {}});
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    if (context.json) {
        print_json("token-list", answer->as_object());
        return kExitDone;
    }
    std::vector<std::vector<std::string>> rows;
    for (const auto& token : list_at(*answer, "tokens")) {
        rows.push_back({text_at(token, "id"), text_at(token, "role"), text_at(token, "label")});
    }
    print_table({"id", "role", "label"}, rows);
    return kExitDone;
}

Result<int> revoke(const Context& context, const std::string& id) {
    const auto answer =
        ApiClient(context).call({"DELETE", "/api/v1/tokens/" + percent_encode(id), {}, {}});
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    if (context.json) {
        print_json("token-revoke", {{"id", id}, {"done", true}});
    } else {
        fmt::print("token {} revoked\n", id);
    }
    return kExitDone;
}

}  // namespace

void add_token_commands(CLI::App& root, Context& context) {
    auto* noun = root.add_subcommand("token", "who may use the REST interface");
    noun->require_subcommand(1);
    auto role = std::make_shared<std::string>("viewer");
    auto label = std::make_shared<std::string>();
    auto id = std::make_shared<std::string>();
    auto* create_command = noun->add_subcommand("create", "make a token; it is shown once");
    create_command->add_option("--role", *role, "viewer, operator or admin")->capture_default_str();
    create_command->add_option("--label", *label, "what it is for");
    on_command(*create_command, context,
               [&context, role, label] { return create(context, *role, *label); });
    auto link_role = std::make_shared<std::string>("admin");
    auto link = std::make_shared<std::string>();
    auto* start_command =
        noun->add_subcommand("start", "make a link that opens the page once, in place of a token");
    start_command->add_option("--role", *link_role, "viewer, operator or admin")
        ->capture_default_str();
    on_command(*start_command, context,
               [&context, link_role] { return start(context, *link_role); });
    auto* redeem_command =
        noun->add_subcommand("redeem", "change a start link for a token; it is shown once");
    redeem_command->add_option("link", *link, "the link, or its code")->required();
    on_command(*redeem_command, context, [&context, link] { return redeem(context, *link); });
    on_command(*noun->add_subcommand("list", "tokens by id, never their secrets"), context,
               [&context] { return list(context); });
    auto* revoke_command = noun->add_subcommand("revoke", "end a token");
    revoke_command->add_option("id", *id)->required();
    on_command(*revoke_command, context, [&context, id] { return revoke(context, *id); });
}

}  // namespace frugal::cli
