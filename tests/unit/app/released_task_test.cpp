// SPDX-License-Identifier: Apache-2.0
#include "app/released_task.hpp"

#include <gtest/gtest.h>

namespace frugal::app {
namespace {

core::ModelList released() {
    core::ModelList models;
    for (const auto& [number, task] : {std::pair{1U, 1U}, {2U, 1U}, {3U, 2U}}) {
        auto release = std::make_shared<core::ReleaseRecord>(
            core::ReleaseRecord{.model = *base::ModelName::parse("fashion")});
        release->release = number;
        release->task = task;
        models.releases.push_back(release);
    }
    return models;
}

base::Result<ReleasedTask> find(std::uint32_t task, const std::string& name) {
    static const core::TaskList kTasks{.tasks = {{1, "leaf"}, {2, "fruit"}}};
    const auto release = base::ReleaseName::parse(name);
    return find_released(kTasks, released(), task, release.value());
}

TEST(ReleasedTask, IsTheTaskAndItsRelease) {
    const auto found = find(1, "fashion@2");
    ASSERT_TRUE(found) << found.error().describe();
    EXPECT_EQ(found->task->name, "leaf");
    EXPECT_EQ(found->release->release, 2U);
}

struct RefusedCase {
    const char* case_name;
    std::uint32_t task;
    const char* release;
    base::ErrorKind kind;
    const char* message;
    const char* cause;
};

class ReleasedTaskRefuses : public ::testing::TestWithParam<RefusedCase> {};

TEST_P(ReleasedTaskRefuses, AndSaysWhichAndWhy) {
    const auto found = find(GetParam().task, GetParam().release);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().kind, GetParam().kind);
    EXPECT_EQ(found.error().message, GetParam().message);
    EXPECT_EQ(found.error().cause, GetParam().cause);
    EXPECT_FALSE(found.error().remedy.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Refusals, ReleasedTaskRefuses,
    ::testing::Values(
        RefusedCase{"no_release", 1, "fashion@9", base::ErrorKind::kNotFound,
                    "there is no release fashion@9", "the newest of fashion is fashion@3"},
        RefusedCase{"no_model", 1, "fashoin@1", base::ErrorKind::kNotFound,
                    "there is no release fashoin@1", "this gateway has no model named fashoin"},
        RefusedCase{"no_task", 7, "fashion@1", base::ErrorKind::kNotFound, "there is no task 7",
                    ""},
        RefusedCase{"another_task", 1, "fashion@3", base::ErrorKind::kConflict,
                    "release fashion@3 is not of task 1", "its models are of task 2"}),
    [](const auto& tested) { return std::string(tested.param.case_name); });

}  // namespace
}  // namespace frugal::app
