// SPDX-License-Identifier: Apache-2.0
#include "app/token_store.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace frugal::app {
namespace {

class TokenStoreTest : public testing::Test {
protected:
    void SetUp() override {
        path_ =
            std::filesystem::path(testing::TempDir()) / ("tokens-" + std::to_string(::getpid()));
        std::filesystem::remove(path_);
    }
    void TearDown() override { std::filesystem::remove(path_); }

    std::filesystem::path path_;
};

TEST_F(TokenStoreTest, KeepsOnlyDigestsAndKnowsItsTokensAgain) {
    auto store = TokenStore::load(path_);
    ASSERT_TRUE(store);
    const auto text = store->create(wire::Role::kOperator, "night shift");
    ASSERT_TRUE(text) << text.error().describe();

    std::stringstream file;
    file << std::ifstream(path_).rdbuf();
    EXPECT_EQ(file.str().find(text->substr(text->rfind('_') + 1)), std::string::npos)
        << "the secret is in the file";
    struct stat status {};
    ASSERT_EQ(::stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);

    const auto again = TokenStore::load(path_);
    ASSERT_TRUE(again) << again.error().describe();
    const auto actor = again->authenticate(*text);
    ASSERT_TRUE(actor);
    EXPECT_EQ(actor->role, wire::Role::kOperator);
    EXPECT_EQ(again->tokens().at(0).label, "night shift");
}

TEST_F(TokenStoreTest, RefusesWrongAndRevokedTokens) {
    auto store = TokenStore::load(path_);
    ASSERT_TRUE(store);
    const auto text = store->create(wire::Role::kAdmin, "");
    ASSERT_TRUE(text);
    std::string wrong = *text;
    wrong.back() = wrong.back() == '0' ? '1' : '0';
    EXPECT_FALSE(store->authenticate(wrong));
    EXPECT_FALSE(store->authenticate(""));
    ASSERT_TRUE(store->revoke(store->tokens().at(0).record.id));
    EXPECT_FALSE(store->authenticate(*text));
    EXPECT_FALSE(TokenStore::load(path_)->authenticate(*text));
    EXPECT_EQ(store->revoke("000000000000").error().kind, base::ErrorKind::kNotFound);
}

TEST_F(TokenStoreTest, NamesTheDamagedLine) {
    std::ofstream(path_) << "not a token\n";
    std::filesystem::permissions(
        path_, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    const auto store = TokenStore::load(path_);
    ASSERT_FALSE(store);
    EXPECT_NE(store.error().message.find(":1: not a token line"), std::string::npos);
}

TEST_F(TokenStoreTest, RefusesALabelThatCouldForgeALine) {
    auto store = TokenStore::load(path_);
    ASSERT_TRUE(store);
    EXPECT_FALSE(store->create(wire::Role::kViewer, "a\nb"));
    EXPECT_FALSE(store->create(wire::Role::kViewer, std::string(65, 'x')));
}

}  // namespace
}  // namespace frugal::app
