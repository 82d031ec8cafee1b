// SPDX-License-Identifier: Apache-2.0
#include "cli/policy_verbs.hpp"

#include <gtest/gtest.h>

namespace frugal::cli {
namespace {

std::string named(const std::string& message) {
    return named_after({base::ErrorKind::kInvalidInput, message, {}, {}}, "my/leaf.toml").message;
}

TEST(NamedAfter, PutsTheFileWhereTheGatewaySaysPolicy) {
    EXPECT_EQ(named("policy:3:1: no cap"), "my/leaf.toml:3:1: no cap");
    EXPECT_EQ(named("policy: no [task.leaf]"), "my/leaf.toml: no [task.leaf]");
    EXPECT_EQ(named("device class m4: policy:3:1: no cap"),
              "device class m4: my/leaf.toml:3:1: no cap");
    EXPECT_EQ(named("no such task or release"), "no such task or release");
    EXPECT_EQ(named("this gateway holds no policy key"), "this gateway holds no policy key");
}

}  // namespace
}  // namespace frugal::cli
