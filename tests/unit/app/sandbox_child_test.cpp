// SPDX-License-Identifier: Apache-2.0
// A child that reads bytes of a stranger: what it may do, and what its parent learns of its end.
#include <gtest/gtest.h>

#include <sys/types.h>
#include <sys/wait.h>

#include "app/sandbox/child.hpp"

namespace frugal::app {
namespace {

using base::ErrorKind;

base::Result<base::Bytes> run(const std::string& mode, base::ByteView request = {},
                              std::size_t answer_bytes_max = 16 << 20,
                              base::Duration wall_limit = std::chrono::seconds(60)) {
    return run_child({.program = FRUGAL_CONFINED_CHILD,
                      .arguments = {mode},
                      .wall_limit = wall_limit,
                      .answer_bytes_max = answer_bytes_max},
                     request);
}

void expect_no_child_left() {
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
}

TEST(SandboxChild, AnswersWhileItIsStillAsked) {
    base::Bytes request(3'000'000);
    for (std::size_t i = 0; i < request.size(); ++i) {
        request[i] = static_cast<std::uint8_t>(i * 31 >> 3);
    }
    const auto answer = run("echo", request);
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(*answer, request);
    EXPECT_TRUE(run("echo")->empty());
    expect_no_child_left();
}

#if !defined(__SANITIZE_ADDRESS__)
std::string text(const base::Result<base::Bytes>& answer) {
    return answer ? std::string(base::as_text(*answer)) : answer.error().describe();
}

TEST(SandboxChild, CannotOpenMakeConnectForkOrSignal) {
    EXPECT_EQ(text(run("escape")), "refused refused refused refused refused refused");
}

TEST(SandboxChild, HasSoMuchMemoryAndNoMore) {
    EXPECT_EQ(text(run("allocate")), "limited");
}
#endif

struct Ending {
    const char* mode;
    ErrorKind kind;
    const char* words;
};

class SandboxEnding : public ::testing::TestWithParam<Ending> {};

TEST_P(SandboxEnding, IsToldInWords) {
    const auto answer = run(GetParam().mode);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, GetParam().kind);
    EXPECT_NE(answer.error().message.find(GetParam().words), std::string::npos)
        << answer.error().describe();
    EXPECT_FALSE(answer.error().remedy.empty());
    expect_no_child_left();
}

INSTANTIATE_TEST_SUITE_P(
    Endings, SandboxEnding,
    ::testing::Values(Ending{"segv", ErrorKind::kInvalidInput, "killed by SIGSEGV"},
                      Ending{"abort", ErrorKind::kInvalidInput, "killed by SIGABRT"},
                      Ending{"fail", ErrorKind::kInvalidInput, "ended with status 3"},
                      Ending{"spin", ErrorKind::kLimit, "processor time"},
                      Ending{"shout", ErrorKind::kLimit, "more than is allowed"}),
    [](const auto& named) { return std::string(named.param.mode); });

TEST(SandboxChild, IsEndedWhenItsTimeIsUp) {
    for (const char* mode : {"silent", "leave"}) {  // the second closes its line and stays
        const auto answer = run(mode, {}, 1000, std::chrono::milliseconds(50));
        ASSERT_FALSE(answer) << mode;
        EXPECT_EQ(answer.error().kind, ErrorKind::kLimit) << mode;
        EXPECT_NE(answer.error().message.find("longer than 0.05 s"), std::string::npos) << mode;
        expect_no_child_left();
    }
}

TEST(SandboxChild, AProgramThatIsNotThereIsSaid) {
    const auto answer = run_child({.program = "/nowhere/at/all", .arguments = {}}, {});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::kUnavailable);
    EXPECT_NE(answer.error().message.find("/nowhere/at/all"), std::string::npos);
}

}  // namespace
}  // namespace frugal::app
