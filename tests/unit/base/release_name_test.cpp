// SPDX-License-Identifier: Apache-2.0
#include "base/release_name.hpp"

#include <gtest/gtest.h>

namespace frugal::base {
namespace {

TEST(ReleaseName, ComesBackFromItsText) {
    for (const auto* text : {"fashion@2", "a@1", "net-7@2147483647"}) {
        const auto name = ReleaseName::parse(text);
        ASSERT_TRUE(name) << text;
        EXPECT_EQ(name->text(), text);
    }
}

TEST(ReleaseName, NothingElseIsOne) {
    for (const auto* text : {"", "fashion", "@2", "fashion@", "fashion@0", "fashion@02",
                             "fashion@-1", "fashion@+1", "fashion@ 2", "fashion@2x", "fashion@2@3",
                             "Fashion@2", "fashion@2147483648", "fashion@99999999999"}) {
        EXPECT_FALSE(ReleaseName::parse(text)) << text;
    }
}

}  // namespace
}  // namespace frugal::base
