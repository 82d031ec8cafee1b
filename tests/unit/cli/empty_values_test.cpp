// SPDX-License-Identifier: Apache-2.0
// A script whose variable is not set gives an empty value: it must never mean the whole fleet.
#include "cli/empty_values.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include <CLI/CLI.hpp>

#include "cli/command.hpp"

namespace frugal::cli {
namespace {

/// What the command line is refused with; empty: it is taken.
std::string refusal_of(std::vector<std::string> words) {
    Context context;
    CLI::App app{"", "frugalctl"};
    app.require_subcommand(1);
    app.add_option("--url", context.url);
    app.fallthrough();
    add_device_commands(app, context);
    add_task_commands(app, context);
    add_policy_commands(app, context);
    add_rollout_commands(app, context);
    add_decision_commands(app, context);
    refuse_empty_values(app);
    std::ranges::reverse(words);
    try {
        app.parse(words);
    } catch (const CLI::ParseError& error) {
        return error.what();
    }
    return {};
}

TEST(EmptyValues, AreRefusedByEveryVerbOfAPolicy) {
    using Words = std::vector<std::string>;
    for (const auto& [verb, option] : std::vector<std::pair<Words, std::string>>{
             {{"policy", "revert", "1"}, "--device"},
             {{"policy", "revert", "1"}, "--label"},
             {{"policy", "set", "1", "p.toml", "--release", "m@1"}, "--device"},
             {{"policy", "set", "1", "p.toml", "--release", "m@1"}, "--label"},
             {{"policy", "set", "1", "p.toml"}, "--release"},
             {{"policy", "show", "1"}, "--device"},
             {{"policy", "show", "1"}, "--label"},
             {{"policy", "diff", "1", "p.toml", "--release", "m@1"}, "--device"},
             {{"policy", "diff", "1", "p.toml", "--release", "m@1"}, "--label"},
             {{"policy", "pin", "1", "always-edge"}, "--device"},
             {{"policy", "clear", "1"}, "--label"},
             {{"policy", "simulate", "p.toml", "--release", "m@1"}, "--task"},
             {{"rollout", "start", "m@1"}, "--device"},
             {{"decision", "query"}, "--device"},
             {{"device", "list"}, "--url"},
         }) {
        auto words = verb;
        words.insert(words.end(), {option, ""});
        EXPECT_NE(refusal_of(words).find(option + ": the value is empty"), std::string::npos)
            << verb[0] << " " << verb[1] << " " << option << ": " << refusal_of(words);
        words.back() = "m4-0001";
        EXPECT_EQ(refusal_of(words).find("is empty"), std::string::npos) << refusal_of(words);
    }
}

TEST(EmptyValues, AreRefusedOfArguments) {
    EXPECT_NE(refusal_of({"policy", "learned", ""}).find("is empty"), std::string::npos);
    EXPECT_NE(refusal_of({"device", "show", ""}).find("is empty"), std::string::npos);
    EXPECT_EQ(refusal_of({"policy", "learned"}), "");
}

TEST(EmptyValues, OfWhatOnlyPeopleReadAreTaken) {
    EXPECT_EQ(refusal_of({"policy", "revert", "1", "--comment", ""}), "");
}

TEST(Numbers, OutOfRangeAreRefusedInWordsThatFitALine) {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"policy", "explain", "m4-0002", "-1"},
          std::vector<std::string>{"policy", "set", "1", "p", "--release", "m@1", "--shadow",
                                   "-1"}}) {
        const auto refusal = refusal_of(words);
        EXPECT_NE(refusal.find("-1 is no whole number from 0 to "), std::string::npos) << refusal;
        EXPECT_LT(refusal.size(), 100u) << refusal;
    }
    EXPECT_EQ(refusal_of({"policy", "explain", "m4-0002", "317"}), "");
}

}  // namespace
}  // namespace frugal::cli
