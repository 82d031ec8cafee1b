// SPDX-License-Identifier: Apache-2.0
// Bodies with labelled samples: what is taken, and what is refused by name.
#include "wire/canary_request.hpp"

#include <gtest/gtest.h>

namespace frugal::wire {
namespace {

using Parts = std::vector<std::pair<std::string, std::string>>;

HttpRequest request(const Parts& parts, std::vector<NamedValue> query = {{"release", "net@2"}}) {
    HttpRequest request;
    request.parameters = {{"task", "3"}};
    request.query = std::move(query);
    std::string body;
    for (const auto& [name, content] : parts) {
        body += "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + content +
                "\r\n";
    }
    body += "--b--\r\n";
    request.fields = {{"content-type", "multipart/form-data; boundary=b"}};
    request.body = {body.begin(), body.end()};
    return request;
}

TEST(CanaryRequest, HasReleaseInputsAndLabels) {
    const auto wanted = read_canary(request({{"inputs", "abc"}, {"labels", "1\n2\n"}}));
    ASSERT_TRUE(wanted) << wanted.error().describe();
    EXPECT_EQ(wanted->task, 3U);
    EXPECT_EQ(wanted->model.text(), "net");
    EXPECT_EQ(wanted->release, 2U);
    EXPECT_EQ(base::as_text(wanted->inputs), "abc");
    EXPECT_EQ(base::as_text(wanted->labels), "1\n2\n");
}

TEST(CanaryRequest, AnEdgeModelMayComeWithSamplesOrAlone) {
    auto both = request({{"model", "m"}, {"inputs", "abc"}, {"labels", "1\n"}});
    const auto measured = read_set_edge_model(both);
    ASSERT_TRUE(measured) << measured.error().describe();
    EXPECT_EQ(base::as_text(measured->model), "m");
    ASSERT_TRUE(measured->canary);
    EXPECT_EQ(base::as_text(measured->canary->inputs), "abc");

    HttpRequest alone;
    alone.parameters = {{"task", "3"}};
    alone.query = {{"name", "big"}};
    alone.body = {1, 2};
    const auto unmeasured = read_set_edge_model(alone);
    ASSERT_TRUE(unmeasured);
    EXPECT_EQ(unmeasured->name, "big");
    EXPECT_EQ(unmeasured->model.size(), 2U);
    EXPECT_FALSE(unmeasured->canary);
}

struct RefusedCase {
    std::string case_name;
    HttpRequest request;
    std::string names;
};
class CanaryRequestRefuses : public ::testing::TestWithParam<RefusedCase> {};

TEST_P(CanaryRequestRefuses, WithWhatIsMissing) {
    const auto refused = read_canary(GetParam().request);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().describe().find(GetParam().names), std::string::npos)
        << refused.error().describe();
}

INSTANTIATE_TEST_SUITE_P(
    All, CanaryRequestRefuses,
    ::testing::Values(
        RefusedCase{"no_labels", request({{"inputs", "abc"}}), "labels"},
        RefusedCase{"no_inputs", request({{"labels", "1"}}), "inputs"},
        RefusedCase{"empty_inputs", request({{"inputs", ""}, {"labels", "1"}}), "inputs"},
        RefusedCase{"no_release", request({{"inputs", "abc"}, {"labels", "1"}}, {}), "release"}),
    [](const auto& test) { return test.param.case_name; });

}  // namespace
}  // namespace frugal::wire
