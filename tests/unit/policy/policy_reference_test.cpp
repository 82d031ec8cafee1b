// SPDX-License-Identifier: Apache-2.0
// docs/reference/policy-file.md names every key and field that the reader of policy files knows.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "policy/author/field_names.hpp"
#include "policy/author/policy_check.hpp"
#include "policy/author/policy_keys.hpp"

namespace frugal::policy {
namespace {

std::string page() {
    std::ifstream file(FRUGAL_SOURCE_DIR "/docs/reference/policy-file.md");
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string quoted(std::string_view word) {
    return "`" + std::string(word) + "`";
}

TEST(PolicyReference, NamesEveryKey) {
    const std::string text = page();
    std::size_t keys = 0;
    for (const auto& table : policy_keys()) {
        EXPECT_NE(text.find(table.where), std::string::npos) << table.where;
        for (const auto& key : table.keys) {
            EXPECT_NE(text.find(quoted(key.name)), std::string::npos) << key.name;
            ++keys;
        }
    }
    EXPECT_GT(keys, 30U);
    EXPECT_NE(text.find(std::to_string(kPolicyTextMax) + " bytes"), std::string::npos);
}

TEST(PolicyReference, NamesEveryFieldWithItsRange) {
    const std::string text = page();
    for (const auto& field : kFields) {
        const auto row = text.rfind("| " + quoted(field.name) + " |");
        ASSERT_NE(row, std::string::npos) << field.name;
        const auto line = text.substr(row, text.find('\n', row) - row);
        const auto range = words_of(field.range.least, *field.measure) + " to " +
                           words_of(field.range.most, *field.measure);
        EXPECT_TRUE(line.ends_with("| " + range + " |")) << line << "\n" << range;
    }
}

}  // namespace
}  // namespace frugal::policy
