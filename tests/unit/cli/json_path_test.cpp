// SPDX-License-Identifier: Apache-2.0
#include "cli/json_path.hpp"

#include <gtest/gtest.h>
#include <boost/json/parse.hpp>

namespace frugal::cli {
namespace {

TEST(JsonPath, ReadsWhatIsThereAndShrugsAtWhatIsNot) {
    const auto root = boost::json::parse(R"({"a":{"b":"x","n":7,"r":1.5},"l":[1,2],"z":null})");
    EXPECT_EQ(text_at(root, "a.b"), "x");
    EXPECT_EQ(text_at(root, "a.n"), "7");
    EXPECT_EQ(number_at(root, "a.n"), 7u);
    EXPECT_DOUBLE_EQ(real_at(root, "a.r"), 1.5);
    EXPECT_EQ(list_at(root, "l").size(), 2u);
    EXPECT_EQ(text_at(root, "a.c"), "");
    EXPECT_EQ(text_at(root, "z"), "");
    EXPECT_EQ(number_at(root, "a.b"), 0u);
    EXPECT_TRUE(list_at(root, "a").empty());
    EXPECT_TRUE(at_path(root, "a.b.c").is_null());
}

}  // namespace
}  // namespace frugal::cli
