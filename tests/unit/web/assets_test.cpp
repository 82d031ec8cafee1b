// SPDX-License-Identifier: Apache-2.0
#include "web/assets.hpp"

#include <gtest/gtest.h>

#include <string>

namespace frugal::web {
namespace {

TEST(Assets, PageAndEverythingItNamesIsThere) {
    const auto page = find_asset("/");
    ASSERT_TRUE(page);
    const std::string html(base::as_text(page->content));
    EXPECT_NE(html.find("<title>Frugal</title>"), std::string::npos);
    for (const std::string path : {"/assets/page.css", "/assets/page.js", "/assets/favicon.svg"}) {
        EXPECT_NE(html.find(path), std::string::npos) << path;
        const auto asset = find_asset(path);
        ASSERT_TRUE(asset) << path;
        EXPECT_GT(asset->content.size(), 100u) << path;
    }
}

TEST(Assets, LoadsNothingFromElsewhere) {
    for (const std::string path : {"/", "/assets/page.css", "/assets/page.js"}) {
        const std::string text(base::as_text(find_asset(path)->content));
        EXPECT_EQ(text.find("https://"), std::string::npos) << path;
    }
}

TEST(Assets, UnknownPathIsAbsent) {
    EXPECT_FALSE(find_asset("/../etc/passwd"));
    EXPECT_FALSE(find_asset(""));
}

}  // namespace
}  // namespace frugal::web
