// SPDX-License-Identifier: Apache-2.0
#include "cli/usage_error.hpp"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

namespace frugal::cli {
namespace {

class UsageError : public testing::Test {
protected:
    UsageError() {
        root.require_subcommand(1);
        auto* model = root.add_subcommand("model");
        model->require_subcommand(1);
        auto* pack = model->add_subcommand("pack");
        pack->add_option("file", file, "the model to pack")->required();
        pack->add_option("-o,--output", output, "the file to write")->required();
        model->add_subcommand("unpack");
    }

    base::Error told(const std::string& line) {
        try {
            root.parse(line);
        } catch (const CLI::ParseError& error) {
            return usage_error(root, error.what());
        }
        return {};
    }

    CLI::App root{"", "frugalctl"};
    std::string file;
    std::string output;
};

TEST_F(UsageError, NamesTheCommandWhatItLacksAndWhatThatIs) {
    const auto option = told("model pack x");
    EXPECT_EQ(option.message, "frugalctl model pack: --output is required");
    EXPECT_EQ(option.cause, "--output: the file to write");
    EXPECT_EQ(option.remedy, "Add it; frugalctl model pack --help tells all options.");
    const auto positional = told("model pack -o y");
    EXPECT_EQ(positional.message, "frugalctl model pack: file is required");
    EXPECT_EQ(positional.cause, "file: the model to pack");
}

TEST_F(UsageError, NamesTheCommandsThatMayFollow) {
    const auto verb = told("model");
    EXPECT_EQ(verb.message, "frugalctl model: a command is missing");
    EXPECT_EQ(verb.remedy, "One of: pack, unpack; frugalctl model --help says what they do.");
    EXPECT_EQ(told("").message, "frugalctl: a command is missing");
}

TEST_F(UsageError, GivesTheParsersWordsForAnythingElse) {
    const auto value = told("model pack x -o");
    EXPECT_EQ(value.message.find("frugalctl model pack: --output: "), 0U) << value.message;
    EXPECT_EQ(value.remedy, "frugalctl model pack --help tells all options.");
}

}  // namespace
}  // namespace frugal::cli
