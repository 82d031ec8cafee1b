// SPDX-License-Identifier: Apache-2.0
#include "crypto/token.hpp"

#include <gtest/gtest.h>

#include <set>

#include "crypto/claim_code.hpp"
#include "crypto/random.hpp"

namespace frugal::crypto {
namespace {

TEST(Token, is_recognized_again_from_its_text) {
    const NewToken token = make_token();
    EXPECT_EQ(token.text.size(), 4 + kTokenIdLength + 1 + kTokenSecretLength);
    const auto presented = parse_token(token.text);
    ASSERT_TRUE(presented);
    EXPECT_EQ(presented->id, token.record.id);
    EXPECT_TRUE(is_same_token(token.record, *presented));
}

TEST(Token, is_not_recognized_with_any_character_changed) {
    const NewToken token = make_token();
    for (std::size_t i = 0; i < token.text.size(); ++i) {
        std::string text = token.text;
        text[i] = text[i] == '0' ? '1' : '0';
        const auto presented = parse_token(text);
        EXPECT_TRUE(!presented || !is_same_token(token.record, *presented)) << "character " << i;
    }
}

TEST(Token, of_another_form_is_absent) {
    const std::string good = make_token().text;
    std::string upper = good;
    upper.back() = 'A';
    for (const std::string& text :
         {std::string(), std::string("frg_"), good + "0", good.substr(0, good.size() - 1),
          "FRG_" + good.substr(4), upper}) {
        EXPECT_FALSE(parse_token(text)) << text;
    }
}

TEST(Token, keeps_nothing_of_the_secret) {
    const NewToken token = make_token();
    EXPECT_EQ(token.text.find(token.record.id), 4u);
    EXPECT_NE(make_token().text, token.text);
}

TEST(ClaimCode, is_recognized_as_people_type_it) {
    const NewClaimCode code = make_claim_code();
    ASSERT_EQ(code.text.size(), 19u);
    EXPECT_EQ(claim_code_digest(code.text), code.digest);
    std::string typed;
    for (const char c : code.text) {
        if (c != '-') {
            typed += c == '0' ? 'o' : c == '1' ? 'l' : static_cast<char>(std::tolower(c));
        }
    }
    EXPECT_EQ(claim_code_digest(typed), code.digest);
    EXPECT_EQ(claim_code_digest(" " + code.text + " "), code.digest);
}

TEST(ClaimCode, of_another_form_is_absent) {
    for (const char* text : {"", "7K2M", "7K2M-9QXT-7K2M-9QX", "7K2M-9QXT-7K2M-9QXTT",
                             "7K2M-9QXT-7K2M-9QXU", "7K2M-9QXT-7K2M-9QX!"}) {
        EXPECT_FALSE(claim_code_digest(text)) << text;
    }
    EXPECT_FALSE(claim_code_digest(std::string(1000, '-')));
}

TEST(Random, does_not_repeat) {
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 1000; ++i) {
        seen.insert(random_u64());
    }
    EXPECT_EQ(seen.size(), 1000u);
}

TEST(Random, compares_whole_contents) {
    EXPECT_TRUE(equal_in_constant_time({}, {}));
    EXPECT_TRUE(equal_in_constant_time(base::as_bytes("ab"), base::as_bytes("ab")));
    EXPECT_FALSE(equal_in_constant_time(base::as_bytes("ab"), base::as_bytes("ac")));
    EXPECT_FALSE(equal_in_constant_time(base::as_bytes("ab"), base::as_bytes("abc")));
}

}  // namespace
}  // namespace frugal::crypto
