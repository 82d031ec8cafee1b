// SPDX-License-Identifier: Apache-2.0
#include "base/ids.hpp"

#include <gtest/gtest.h>

namespace frugal::base {
namespace {

TEST(Ids, AcceptsTheAlphabetAndNothingElse) {
    struct Case {
        std::string case_name;
        std::string text;
        bool valid;
    };
    const std::vector<Case> cases = {
        {"plain", "press-7", true},
        {"digits", "42", true},
        {"longest", std::string(64, 'a'), true},
        {"too long", std::string(65, 'a'), false},
        {"empty", "", false},
        {"upper case", "Press", false},
        {"mqtt wildcard plus", "+", false},
        {"mqtt wildcard hash", "#", false},
        {"topic level", "a/b", false},
        {"umlaut",
         "k\xc3\xbc"
         "che",
         false},
        {"nul byte", std::string("a\0b", 3), false},
        {"space", "a b", false},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(DeviceId::parse(c.text).has_value(), c.valid) << c.case_name;
    }
}

TEST(Ids, KeepsItsText) {
    EXPECT_EQ(SiteId::parse("plant-7")->text(), "plant-7");
}

}  // namespace
}  // namespace frugal::base
