// SPDX-License-Identifier: Apache-2.0
#include "device-sim/enrol/claim_codes.hpp"

#include <gtest/gtest.h>

namespace frugal::swarm {
namespace {

TEST(ClaimCodes, ReadsLinesObjectsAndArrays) {
    for (const char* text : {"# codes\n m4-0001 , AAAA \r\ntiny-0001,BBBB\n",
                             R"({"m4-0001": "AAAA", "tiny-0001": "BBBB"})",
                             R"([{"device":"m4-0001","code":"AAAA"},
                                 {"device":"tiny-0001","code":"BBBB"}])"}) {
        const auto codes = ClaimCodes::parse(text);
        ASSERT_TRUE(codes) << text;
        EXPECT_EQ(codes->size(), 2u);
        EXPECT_EQ(codes->find("m4-0001"), "AAAA");
        EXPECT_EQ(codes->find("tiny-0001"), "BBBB");
        EXPECT_FALSE(codes->find("m4-0002"));
    }
}

TEST(ClaimCodes, RefusesWhatIsNeither) {
    for (const char* text : {"m4-0001", ",x", "m4,", "{", R"({"a": 1})", R"([{"device":"a"}])"}) {
        EXPECT_FALSE(ClaimCodes::parse(text)) << text;
    }
}

TEST(ClaimCodes, ACommonCodeServesAll) {
    EXPECT_EQ(ClaimCodes::common("C").find("any"), "C");
    EXPECT_FALSE(ClaimCodes().find("any"));
}

}  // namespace
}  // namespace frugal::swarm
