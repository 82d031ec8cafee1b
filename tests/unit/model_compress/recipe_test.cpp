// SPDX-License-Identifier: Apache-2.0
#include "model/compress/recipe.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace {

namespace model = frugal::model;

TEST(Recipe, ReadsStagesInOrderWithTheirParameters) {
    const auto recipe = model::parse_recipe(R"(
name = "small"
calibration_inputs = 40
[[stage]]
kind = "regrid"
step = 12
lambda = 0.25
[[stage]]
kind = "round-scales"
mantissa_bits = 5
[gate]
min_agreement = 0.9
[search]
multiply = "lambda"
most = 9
)",
                                            "r.toml");
    ASSERT_TRUE(recipe.has_value()) << recipe.error().describe();
    EXPECT_EQ(recipe->name, "small");
    EXPECT_EQ(recipe->calibration_inputs, 40);
    ASSERT_EQ(recipe->stages.size(), 2U);
    EXPECT_EQ(model::stage_name(recipe->stages[0]), "regrid");
    const auto& regrid = std::get<model::RegridOptions>(recipe->stages[0]);
    EXPECT_EQ(regrid.step, 12);
    EXPECT_EQ(regrid.lambda, 0.25);
    EXPECT_EQ(regrid.depthwise_step, model::RegridOptions{}.depthwise_step);
    EXPECT_EQ(std::get<model::RoundScalesOptions>(recipe->stages[1]).mantissa_bits, 5);
    EXPECT_EQ(recipe->gate.min_agreement, 0.9);
    EXPECT_FALSE(recipe->gate.max_accuracy_drop.has_value());
    ASSERT_TRUE(recipe->search.has_value());
    EXPECT_EQ(recipe->search->parameter, "lambda");
    EXPECT_EQ(recipe->search->most, 9);
    EXPECT_EQ(recipe->search->tries, model::Search{}.tries);
}

TEST(Recipe, EveryParameterIsRecorded) {
    const auto parameters = model::stage_parameters(model::RegridOptions{.step = 12});
    ASSERT_EQ(parameters.size(), 7U);
    EXPECT_EQ(parameters[0], (std::pair<std::string, std::string>("step", "12")));
}

struct BadRecipe {
    const char* case_name;
    const char* text;
    const char* message;  ///< what the error must say
};

class BadRecipes : public testing::TestWithParam<BadRecipe> {};

TEST_P(BadRecipes, AreRefusedWithTheirPlace) {
    const auto recipe = model::parse_recipe(GetParam().text, "r.toml");
    ASSERT_FALSE(recipe.has_value());
    EXPECT_EQ(recipe.error().kind, frugal::base::ErrorKind::kInvalidInput);
    EXPECT_EQ(recipe.error().message, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadRecipes,
    testing::Values(
        BadRecipe{"syntax", "name = ", "r.toml:1:8: not valid TOML"},
        BadRecipe{"no_stages", "name = \"x\"", "r.toml: a recipe has 1 to 16 stages"},
        BadRecipe{"unknown_key_at_the_top", "speed = 3\n[[stage]]\nkind = \"regrid\"",
                  "r.toml:1:9: a recipe has no key speed"},
        BadRecipe{"unknown_stage", "[[stage]]\nkind = \"shrink\"",
                  "r.toml:2:8: there is no stage kind \"shrink\""},
        BadRecipe{"no_kind", "[[stage]]\nstep = 3", "r.toml:1:1: there is no stage kind \"\""},
        BadRecipe{"unknown_key", "[[stage]]\nkind = \"regrid\"\n  stop = 3",
                  "r.toml:3:10: the stage has no key stop"},
        BadRecipe{"a_key_of_another_stage", "[[stage]]\nkind = \"round-scales\"\nstep = 3",
                  "r.toml:3:8: the stage has no key step"},
        BadRecipe{"text_for_a_number", "[[stage]]\nkind = \"regrid\"\nstep = \"3\"",
                  "r.toml:3:8: step must be a number"},
        BadRecipe{"fraction_for_a_whole_number", "[[stage]]\nkind = \"regrid\"\npasses = 1.5",
                  "r.toml:3:10: passes must be a whole number"},
        BadRecipe{"out_of_range", "[[stage]]\nkind = \"regrid\"\nstep = 0.5",
                  "r.toml:3:8: step = 0.5 is out of range"},
        BadRecipe{"not_a_number", "[[stage]]\nkind = \"regrid\"\nstep = nan",
                  "r.toml:3:8: step must be a number"},
        BadRecipe{"gate_is_no_table", "gate = 3\n[[stage]]\nkind = \"regrid\"",
                  "r.toml:1:8: gate must be a table"},
        BadRecipe{"unknown_method", "[[stage]]\nkind = \"prune\"\nmethod = \"luck\"",
                  "r.toml:3:10: method = \"luck\" is not known"},
        BadRecipe{"method_is_no_text", "[[stage]]\nkind = \"prune\"\nmethod = 3",
                  "r.toml:3:10: method must be a string"},
        BadRecipe{"unknown_gate", "[[stage]]\nkind = \"regrid\"\n[gate]\nmin_luck = 1",
                  "r.toml:4:12: the gate has no key min_luck"},
        BadRecipe{"search_for_what_is_no_parameter",
                  "[[stage]]\nkind = \"regrid\"\n[search]\nmultiply = \"luck\"",
                  "r.toml:4:12: multiply = \"luck\" is not known"},
        BadRecipe{"search_for_a_step_where_there_is_none",
                  "[[stage]]\nkind = \"delta\"\n[gate]\nmin_agreement = 0.9\n[search]\ntries = 3",
                  "r.toml:5:1: a search needs a stage with what it multiplies, a gate, and "
                  "least not above most"},
        BadRecipe{"search_without_a_gate", "[[stage]]\nkind = \"regrid\"\n[search]\ntries = 3",
                  "r.toml:3:1: a search needs a stage with what it multiplies, a gate, and "
                  "least not above most"}),
    [](const auto& one) { return std::string(one.param.case_name); });

TEST(Recipe, TooManyStagesAreRefused) {
    std::string text;
    for (std::size_t i = 0; i <= model::kStagesMax; ++i) {
        text += "[[stage]]\nkind = \"regrid\"\n";
    }
    EXPECT_FALSE(model::parse_recipe(text, "r.toml").has_value());
}

TEST(Recipe, TheShippedRecipesAreGood) {
    const std::filesystem::path folder = FRUGAL_SOURCE_DIR "/config/recipes";
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::ifstream in(entry.path());
        const std::string text(std::istreambuf_iterator<char>(in), {});
        const auto recipe = model::parse_recipe(text, entry.path().filename().string());
        EXPECT_TRUE(recipe.has_value()) << recipe.error().describe();
        ++count;
    }
    EXPECT_GT(count, 0);
}

}  // namespace
