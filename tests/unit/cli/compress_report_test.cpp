// SPDX-License-Identifier: Apache-2.0
#include "cli/compress_report.hpp"

#include <gtest/gtest.h>

namespace frugal::cli {
namespace {

std::string report_of(const std::string& stages, const std::string& before = "300") {
    return R"({"schema":"frugal.cli/v1/model-compress","recipe":"r","recipe_text":"",)"
           R"("output_sha256":")" +
           std::string(64, 'a') + R"(","raw_bytes_before":)" + before +
           R"(,"packed_bytes_before":200,"evaluation":{"inputs":5,"accuracy_after":0.9075},)"
           R"("stages":)" +
           stages + "}";
}

TEST(CompressReport, BringsStagesAndAccuracy) {
    const auto report = read_compress_report(
        report_of(R"([{"kind":"strip","raw_bytes":250,"packed_bytes":150}])"), "r.json");
    ASSERT_TRUE(report) << report.error().describe();
    ASSERT_EQ(report->provenance.stages.size(), 2U);
    EXPECT_EQ(report->provenance.stages[0].kind, "as given");
    EXPECT_EQ(report->provenance.stages[1].packed_bytes, 150U);
    EXPECT_EQ(report->accuracy_permyriad, 9075U);
}

TEST(CompressReport, AStageWithoutNameOrSizesIsRefused) {
    const std::string good = R"({"kind":"strip","raw_bytes":250,"packed_bytes":150})";
    for (const std::string bad :
         {"{}", "7", R"({"raw_bytes":250,"packed_bytes":150})",
          R"({"kind":"strip","packed_bytes":150})", R"({"kind":"strip","raw_bytes":250})",
          R"({"kind":"strip","raw_bytes":-1,"packed_bytes":150})",
          R"({"kind":"strip","raw_bytes":4294967296,"packed_bytes":150})"}) {
        for (const auto& stages : {"[" + bad + "," + good + "]", "[" + good + "," + bad + "]"}) {
            const auto report = read_compress_report(report_of(stages), "r.json");
            ASSERT_FALSE(report) << stages;
            EXPECT_EQ(report.error().kind, base::ErrorKind::kInvalidInput);
            EXPECT_EQ(report.error().message, "r.json: not a whole report of model compress");
            EXPECT_FALSE(report.error().remedy.empty());
        }
    }
    const auto second = read_compress_report(report_of("[" + good + ",{}]"), "r.json");
    EXPECT_EQ(second.error().cause, "stage 2 has no kind, raw_bytes or packed_bytes");
    EXPECT_FALSE(read_compress_report(report_of("[]"), "r.json")) << "a recipe has a stage";
    EXPECT_FALSE(read_compress_report(report_of("[" + good + "]", "0"), "r.json"));
}

}  // namespace
}  // namespace frugal::cli
