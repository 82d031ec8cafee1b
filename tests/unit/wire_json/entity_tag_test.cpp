// SPDX-License-Identifier: Apache-2.0
#include "wire/entity_tag.hpp"

#include <gtest/gtest.h>

namespace frugal::wire {
namespace {

struct TagCase {
    const char* case_name;
    const char* value;
    IfMatch expected;
};

TEST(EntityTag, IsTheNumberInQuotes) {
    EXPECT_EQ(entity_tag(7), "\"7\"");
    EXPECT_EQ(read_if_match(entity_tag(UINT64_MAX))->numbers,
              std::vector<std::uint64_t>{UINT64_MAX});
}

TEST(EntityTag, ReadsWhatACallerHasSeen) {
    const TagCase cases[] = {
        {"one", "\"7\"", {false, {7}}},
        {"several", "\"7\" ,\t\"9\"", {false, {7, 9}}},
        {"any", " * ", {true, {}}},
        {"a foreign one matches nothing", "\"abc\"", {false, {}}},
        {"a weak one matches nothing", "W/\"7\"", {false, {}}},
        {"no number of ours", "\"07\", \"-1\", \"\"", {false, {}}},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.case_name);
        const auto read = read_if_match(row.value);
        ASSERT_TRUE(read);
        EXPECT_EQ(read->is_any, row.expected.is_any);
        EXPECT_EQ(read->numbers, row.expected.numbers);
    }
}

TEST(EntityTag, WhatIsNoListOfTagsIsRefused) {
    for (const char* value : {"", "7", "\"7", "\"7\",", "*, \"7\"", "W/", "\""}) {
        SCOPED_TRACE(value);
        const auto read = read_if_match(value);
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().kind, base::ErrorKind::kInvalidInput);
        EXPECT_NE(read.error().message.find("If-Match"), std::string::npos);
        EXPECT_FALSE(read.error().remedy.empty());
    }
    std::string many = "\"1\"";
    for (int i = 0; i < 16; ++i) {
        many += ",\"1\"";
    }
    EXPECT_FALSE(read_if_match(many));
}

}  // namespace
}  // namespace frugal::wire
