// SPDX-License-Identifier: Apache-2.0
// The workers answer on the loop, once a job, also when they are gone before the answer arrives.
#include "app/edge_workers.hpp"

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

namespace frugal::app {
namespace {

core::Infer job(std::uint64_t work) {
    core::Infer infer;
    infer.work = {work};
    infer.inputs.emplace_back(base::Bytes{1, 2, 3});
    infer.inputs.emplace_back(base::Bytes{4, 5, 6});
    return infer;
}

SharedBytes no_model() {
    return std::make_shared<const base::Bytes>(base::Bytes{'n', 'o', 'n', 'e'});
}

TEST(EdgeWorkers, AnswersEachJobOnceWithTheEnginesError) {
    boost::asio::io_context loop;
    std::vector<core::InferenceDone> answers;
    EdgeWorkers workers(loop, 2, [&](core::InferenceDone done) {
        answers.push_back(std::move(done));
        if (answers.size() == 8) {
            loop.stop();
        }
    });
    const auto guard = boost::asio::make_work_guard(loop);
    for (std::uint64_t work = 0; work < 8; ++work) {
        workers.run(job(work), no_model());
    }
    loop.run();
    std::uint64_t seen = 0;
    for (const auto& answer : answers) {
        ASSERT_EQ(answer.answers.size(), 2U) << "one for each input";
        EXPECT_FALSE(answer.answers[0]) << "four bytes are no model";
        EXPECT_FALSE(answer.answers[1]);
        seen |= 1ULL << answer.work.value;
    }
    EXPECT_EQ(seen, 0xFFU);
}

// A storage reopen replaces the workers while answers of the old ones wait in the loop.
TEST(EdgeWorkers, AnswersThatOutliveTheWorkersTouchNothingOfThem) {
    boost::asio::io_context loop;
    int answers = 0;
    auto workers =
        std::make_unique<EdgeWorkers>(loop, 2, [&](const core::InferenceDone&) { ++answers; });
    for (std::uint64_t work = 0; work < 8; ++work) {
        workers->run(job(work), no_model());
    }
    workers.reset();  // waits for the jobs; their answers are posted, none is delivered yet
    EXPECT_EQ(answers, 0);
    loop.run();
    EXPECT_EQ(answers, 8);
}

}  // namespace
}  // namespace frugal::app
