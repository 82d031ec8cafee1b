// SPDX-License-Identifier: Apache-2.0
#include "app/config.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace frugal::app {
namespace {

std::string value_text(const Config& config, const ConfigKey& key) {
    if (const auto* text = std::get_if<std::string Config::*>(&key.member)) {
        return config.*(*text);
    }
    return std::to_string(config.*std::get<std::int64_t Config::*>(key.member));
}

TEST(Config, ExampleFileStatesEveryDefault) {
    std::ifstream file(FRUGAL_SOURCE_DIR "/config/frugal.toml");
    std::stringstream text;
    text << file.rdbuf();
    const auto config = parse_config(text.str(), "frugal.toml");
    ASSERT_TRUE(config) << config.error().describe();
    for (const auto& key : config_keys()) {
        EXPECT_EQ(value_text(*config, key), value_text(Config{}, key)) << key.name;
        const auto dot = key.name.find('.');
        const std::string leaf(key.name.substr(dot == std::string_view::npos ? 0 : dot + 1));
        EXPECT_NE(text.str().find("\n" + leaf + " = "), std::string::npos) << key.name;
    }
}

struct BadCase {
    std::string case_name;
    std::string text;
    std::string expected;  // part of the description
};

class ConfigRefuses : public testing::TestWithParam<BadCase> {};

TEST_P(ConfigRefuses, NamingPlaceAndRemedy) {
    const auto config = parse_config(GetParam().text, "f.toml");
    ASSERT_FALSE(config);
    EXPECT_NE(config.error().describe().find(GetParam().expected), std::string::npos)
        << config.error().describe();
}

INSTANTIATE_TEST_SUITE_P(
    Cases, ConfigRefuses,
    testing::Values(
        BadCase{"unknown_key", "[http]\nlisen = \"x\"\n",
                "f.toml:2:9: unknown key http.lisen (no such setting in this version). Did you "
                "mean http.listen?"},
        BadCase{"unknown_section", "[sinks]\nx = 1\n", "f.toml:2:5: unknown key sinks.x"},
        BadCase{"wrong_type", "[http]\nconnections = \"many\"\n",
                "f.toml:2:15: http.connections must be a whole number"},
        BadCase{"text_wanted", "[site]\nname = 7\n", "site.name must be a string"},
        BadCase{"out_of_range", "[http]\nconnections = 0\n", "Use 4 to 16384"},
        BadCase{"not_toml", "[http\n", "f.toml:1:6: not valid TOML"},
        BadCase{"bad_site",
                "[site]\nname = \"K\xc3\xbc"
                "che\"\n",
                "site.name"},
        BadCase{"plain_mqtt", "[mqtt]\nurl = \"mqtt://host\"\n", "mqtts://host:8883"},
        BadCase{"bad_level", "[log]\nlevel = \"loud\"\n", "Use error, warning, info or debug"},
        BadCase{"cloud_scheme", "[cloud]\nurl = \"ftp://x\"\n",
                "f.toml: cloud.url: \"ftp://x\" is no inference server's address"},
        BadCase{"cloud_port", "[cloud]\nurl = \"http://x:99999\"\n", "1 to 65535"},
        BadCase{"cloud_rule_too_short", "[cloud]\nurl = \"http://x\"\ntasks = \"1 big\"\n",
                "f.toml: cloud.tasks: cannot read \"1 big\""},
        BadCase{"cloud_rule_above_one", "[cloud]\nurl = \"http://x\"\ntasks = \"1 big 1.6\"\n",
                "above 0 and at most 1"},
        BadCase{"cloud_rule_no_number", "[cloud]\nurl = \"http://x\"\ntasks = \"1 big nan\"\n",
                "above 0 and at most 1"},
        BadCase{"cloud_task_twice", "[cloud]\nurl = \"http://x\"\ntasks = \"1 a 0.5, 1 b 0.6\"\n",
                "task 1 twice"},
        BadCase{"cloud_tasks_without_url", "[cloud]\ntasks = \"1 a 0.5\"\n",
                "cloud.tasks is set but cloud.url is not"},
        BadCase{"newer_schema", "schema_version = 2\n", "schema_version = 2 is out of range"}),
    [](const auto& test) { return test.param.case_name; });

TEST(Config, EnvironmentOverridesAndIsChecked) {
    Config config;
    EXPECT_TRUE(apply_environment(config, "FRUGAL_HTTP__LISTEN", "127.0.0.1:1"));
    EXPECT_EQ(config.http_listen, "127.0.0.1:1");
    EXPECT_FALSE(apply_environment(config, "FRUGAL_HTTP__CONNECTIONS", "four"));
    EXPECT_FALSE(apply_environment(config, "FRUGAL_NO__SUCH", "x"));
}

}  // namespace
}  // namespace frugal::app
