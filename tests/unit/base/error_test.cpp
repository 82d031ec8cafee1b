// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"

#include <gtest/gtest.h>

#include "base/result.hpp"

namespace frugal::base {
namespace {

Result<int> read_number() {
    return fail(ErrorKind::kInvalidInput, "line 3: \"x\" is not a number", "letters",
                "Write digits.");
}

TEST(Error, ContextGoesInFrontAndTheRestStays) {
    const auto result = read_number();
    ASSERT_FALSE(result);
    const Error error = result.error().with_context("frugal.toml");
    EXPECT_EQ(error.describe(),
              "frugal.toml: line 3: \"x\" is not a number (letters). Write digits.");
    EXPECT_EQ(error.kind, ErrorKind::kInvalidInput);
}

}  // namespace
}  // namespace frugal::base
