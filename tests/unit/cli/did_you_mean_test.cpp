// SPDX-License-Identifier: Apache-2.0
#include "cli/did_you_mean.hpp"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

namespace frugal::cli {
namespace {

class DidYouMean : public testing::Test {
protected:
    DidYouMean() {
        root.add_option("--site", site);
        root.add_flag("--json", is_json);
        auto* model = root.add_subcommand("model");
        auto* pack = model->add_subcommand("pack");
        pack->add_option("file", file);
        pack->add_option("-o,--output", output);
        model->add_subcommand("unpack");
        root.add_subcommand("policy");
    }
    CLI::App root{"", "frugalctl"};
    std::string site;
    std::string file;
    std::string output;
    bool is_json = false;
};

TEST_F(DidYouMean, NamesTheNearestCommand) {
    const auto verb = unknown_command(root, {"--site", "pack", "--json", "model", "pakc", "x"});
    ASSERT_TRUE(verb);
    EXPECT_NE(verb->message.find("pakc"), std::string::npos);
    EXPECT_NE(verb->cause.find("\"pack\""), std::string::npos);
    EXPECT_NE(verb->remedy.find("pack, unpack"), std::string::npos);
    EXPECT_NE(unknown_command(root, {"polcy"})->cause.find("policy"), std::string::npos);
}

TEST_F(DidYouMean, GuessesNothingFar) {
    const auto noun = unknown_command(root, {"xyzzy"});
    ASSERT_TRUE(noun);
    EXPECT_TRUE(noun->cause.empty());
    EXPECT_NE(noun->remedy.find("model, policy"), std::string::npos);
}

TEST_F(DidYouMean, IsSilentAboutWhatIsNoCommand) {
    EXPECT_FALSE(unknown_command(root, {"model", "pack", "missing.tflite"}));
    EXPECT_FALSE(unknown_command(root, {"model"}));
    EXPECT_FALSE(unknown_command(root, {"--sit", "model", "pack"}));
}

TEST_F(DidYouMean, NamesTheNearestOption) {
    const auto cut = unknown_option(root, {"model", "pack", "x", "--out", "y"});
    ASSERT_TRUE(cut);
    EXPECT_EQ(cut->message, "--out is no option of pack");
    EXPECT_EQ(cut->cause, "did you mean --output?");
    EXPECT_EQ(unknown_option(root, {"model", "pack", "--ouptut=y"})->cause,
              "did you mean --output?");
    EXPECT_EQ(unknown_option(root, {"--jsn", "model"})->cause, "did you mean --json?");
    EXPECT_TRUE(unknown_option(root, {"model", "unpack", "--zzzzzzz"})->cause.empty());
}

TEST_F(DidYouMean, IsSilentAboutOptionsThereAre) {
    EXPECT_FALSE(unknown_option(root, {"--site", "--odd", "model", "pack", "x", "--output=y"}));
    EXPECT_FALSE(unknown_option(root, {"model", "pack", "-o", "--y", "--json"}));
    EXPECT_FALSE(unknown_option(root, {"model", "pack", "--", "--file"}));
}

}  // namespace
}  // namespace frugal::cli
