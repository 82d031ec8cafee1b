// SPDX-License-Identifier: Apache-2.0
#include "cli/offline_policy.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <CLI/CLI.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "cli/output.hpp"
#include "support/temporary_directory.hpp"

namespace frugal::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

class OfflinePolicy : public testing::Test {
protected:
    std::string file(const std::string& name, const std::string& text) const {
        const fs::path path = folder_ / name;
        std::ofstream(path, std::ios::binary) << text;
        return path.string();
    }

    const tests::TemporaryDirectory directory_;
    const fs::path& folder_ = directory_.path();
};

// Two unsure wrong answers, a sure wrong one, a sure right one that the edge gets wrong.
constexpr const char* kTrace =
    "seq,task,local_class,local_confidence_q8,margin_q8,edge_class,true_class\n"
    "0,1,0,40,5,1,1\n1,1,0,60,9,1,1\n2,1,0,200,150,1,1\n3,1,1,250,240,0,1\n";

TEST_F(OfflinePolicy, ReplayPrintsTheDocumentedDocument) {
    Context context;
    context.json = true;
    ReplayCommand command;
    command.trace = file("t.csv", kTrace);
    command.extra = file("x.csv", "seq,phase,entropy_conf_q8\n0,0,9\n1,0,9\n2,0,180\n3,0,240\n");
    command.options.cost = 0.2;
    testing::internal::CaptureStdout();
    const auto done = replay_policy(context, command);
    const json::value printed = json::parse(testing::internal::GetCapturedStdout());
    ASSERT_TRUE(done) << done.error().describe();
    EXPECT_EQ(printed.at("schema"), "frugal.cli/v1/policy-replay");
    EXPECT_EQ(printed.at("tasks"), 4);
    std::string names;
    for (const json::value& policy : printed.at("policies").as_array()) {
        names += std::string(policy.at("name").as_string()) + " ";
        for (const char* key : {"cost_per_task", "over_best_fixed_percent", "escalated_fraction",
                                "accuracy", "worst_over_best_fixed_percent"}) {
            EXPECT_TRUE(policy.at(key).is_number()) << key;
        }
        if (policy.at("name") == "all-edge") {
            EXPECT_DOUBLE_EQ(policy.at("cost_per_task").as_double(), 0.45);
            EXPECT_DOUBLE_EQ(policy.at("escalated_fraction").as_double(), 1);
            EXPECT_DOUBLE_EQ(policy.at("accuracy").as_double(), 0.75);
            EXPECT_NEAR(policy.at("over_best_fixed_percent").as_double(), 200, 1e-9);
        }
    }
    EXPECT_EQ(names,
              "isogain hedge best-fixed best-fixed-margin best-fixed-per-class calibrate-once "
              "oracle all-local all-edge chow sedna-threshold sedna-cross-entropy sedna-ibt "
              "exponential-weights hi-lcb ");
}

TEST_F(OfflinePolicy, ReplayCountsTheCanarySamplesItUsed) {
    Context context;
    context.json = true;
    ReplayCommand command;
    command.trace = file("t.csv", kTrace);
    command.canaries = {file("c.csv",
                             "local_class,local_confidence_q8,edge_class,true_class,phase\n"
                             "0,40,1,1,7\n0,60,1,1,7\n0,60,1,1,8\n")};
    testing::internal::CaptureStdout();
    const auto done = replay_policy(context, command);
    const json::value printed = json::parse(testing::internal::GetCapturedStdout());
    ASSERT_TRUE(done) << done.error().describe();
    EXPECT_EQ(printed.at("canary_samples"), 2);
    EXPECT_EQ(printed.at("canary_samples_unused"), 1);
    EXPECT_EQ(printed.at("notes").as_array().size(), 2u);
}

TEST_F(OfflinePolicy, ReplayRefusesCostsAndSharesThatAreNoNumbers) {
    for (const char* option : {"--cost=nan", "--cost=-1", "--cost=inf", "--cost=0", "--cost=1e3",
                               "--cost=0.1x", "--share=nan", "--share=inf", "--share=-0.1",
                               "--share=1.5", "--seeds=0", "--push-every=-1"}) {
        Context context;
        CLI::App root;
        add_offline_policy_commands(root, context);
        EXPECT_THROW(root.parse(std::string("replay --trace t.csv ") + option), CLI::ParseError)
            << option;
    }
    Context context;
    CLI::App root;
    add_offline_policy_commands(root, context);
    EXPECT_NO_THROW(root.parse("replay --trace t.csv --cost 0.2 --share 1"));
}

TEST_F(OfflinePolicy, ReplayNamesThePlaceOfABadValue) {
    ReplayCommand command;
    command.trace = file("t.csv", std::string(kTrace) + "4,1,0,999,0,0,0\n");
    const auto done = replay_policy({}, command);
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().message.find("t.csv:6:7: local_confidence_q8 is \"999\""),
              std::string::npos)
        << done.error().describe();
    EXPECT_EQ(exit_code(done.error().kind), kExitFailed);
}

TEST_F(OfflinePolicy, AMissingFileIsNotFound) {
    ReplayCommand command;
    command.trace = (folder_ / "none.csv").string();
    const auto done = replay_policy({}, command);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, base::ErrorKind::kNotFound);
}

TEST_F(OfflinePolicy, CheckPrintsItsProofs) {
    Context context;
    context.json = true;
    testing::internal::CaptureStdout();
    const auto done = check_policy(context, FRUGAL_SOURCE_DIR "/config/policies/fashion.toml");
    const json::value printed = json::parse(testing::internal::GetCapturedStdout());
    ASSERT_TRUE(done) << done.error().describe();
    EXPECT_EQ(printed.at("fail_safe"), "local");
    EXPECT_EQ(printed.at("tasks").as_array().size(), 5u);
}

}  // namespace
}  // namespace frugal::cli
