// SPDX-License-Identifier: Apache-2.0
#include "app/site_setup.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "app/config.hpp"
#include "app/site_files.hpp"
#include "crypto/release_key.hpp"
#include "crypto/site_authority.hpp"

namespace frugal::app {
namespace {

constexpr base::WallTime kNow{1'790'000'000'000};

class SiteSetupTest : public testing::Test {
protected:
    void SetUp() override {
        choices_.directory =
            std::filesystem::path(testing::TempDir()) / ("site-" + std::to_string(::getpid()));
        std::filesystem::remove_all(choices_.directory);
        choices_.name = "plant-7";
    }
    void TearDown() override { std::filesystem::remove_all(choices_.directory); }

    std::string text_of(const std::filesystem::path& path) {
        std::stringstream text;
        text << std::ifstream(path).rdbuf();
        return text.str();
    }

    SiteChoices choices_;
};

TEST_F(SiteSetupTest, MakesASiteTheDaemonAndTheBrokerCanRead) {
    const auto made = make_site(choices_, kNow);
    ASSERT_TRUE(made) << made.error().describe();
    const SiteFiles files(choices_.directory);

    const auto config = load_config(made->config.string());
    ASSERT_TRUE(config) << config.error().describe();
    EXPECT_EQ(config->site_name, "plant-7");
    EXPECT_TRUE(crypto::SiteAuthority::load(files.authority()));
    EXPECT_TRUE(crypto::ReleaseKey::load(files.release_key()));
    EXPECT_TRUE(crypto::ReleasePublicKey::load(files.release_public_key()));
    const auto policy_key = crypto::ReleaseKey::load(files.policy_key());
    ASSERT_TRUE(policy_key) << policy_key.error().describe();
    EXPECT_EQ(policy_key->public_point(),
              crypto::ReleasePublicKey::load(files.policy_public_key()).value().point());
    EXPECT_NE(policy_key->key_id(), crypto::ReleaseKey::load(files.release_key())->key_id());

    const std::string broker = text_of(made->broker_config);
    EXPECT_NE(broker.find("require_certificate true"), std::string::npos);
    EXPECT_EQ(broker.find("\nuser @"), std::string::npos);
    const auto body = broker.substr(broker.find("\nper_listener_settings"));
    EXPECT_EQ(body.find('@'), std::string::npos) << "a placeholder was left in";
    EXPECT_NE(text_of(files.broker() / "devices.acl").find("frugal/v1/plant-7/%u/up/#"),
              std::string::npos);
}

TEST_F(SiteSetupTest, KeepsPrivateKeysToTheirOwner) {
    ASSERT_TRUE(make_site(choices_, kNow));
    const SiteFiles files(choices_.directory);
    for (const auto& path : {files.authority() / "ca.key", files.release_key(), files.policy_key(),
                             files.http_key(), files.gateway_key(), files.start_code()}) {
        struct stat status {};
        ASSERT_EQ(::stat(path.c_str(), &status), 0) << path;
        EXPECT_EQ(status.st_mode & 0077, 0u) << path;
    }
}

TEST_F(SiteSetupTest, NeverTouchesAnExistingSite) {
    ASSERT_TRUE(make_site(choices_, kNow));
    const SiteFiles files(choices_.directory);
    const std::string before = text_of(files.release_key());
    const auto again = make_site(choices_, kNow);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind, base::ErrorKind::kConflict);
    EXPECT_EQ(text_of(files.release_key()), before);
}

TEST_F(SiteSetupTest, RefusesWhatCannotWork) {
    SiteChoices bad = choices_;
    bad.name = "Plant 7";
    EXPECT_EQ(make_site(bad, kNow).error().kind, base::ErrorKind::kInvalidInput);
    bad = choices_;
    bad.mqtt_socket = "/" + std::string(120, 'x');
    EXPECT_NE(make_site(bad, kNow).error().describe().find("too long"), std::string::npos);
}

}  // namespace
}  // namespace frugal::app
