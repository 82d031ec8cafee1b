// SPDX-License-Identifier: Apache-2.0
#include "app/sandbox/child.hpp"

#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/descriptor.hpp"

namespace frugal::app {

using base::Descriptor;
using base::ErrorKind;
using base::fail;
using base::Result;
using SteadyClock = std::chrono::steady_clock;

namespace {

constexpr std::size_t kPieceBytes = 65'536;

/// Two ends of one line in both directions. A socket, because writing to a child that is gone must
/// not raise SIGPIPE.
struct Line {
    Descriptor ours;
    Descriptor theirs;
};

Result<Line> make_line() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return fail(ErrorKind::kUnavailable, "a child process cannot be started",
                    std::strerror(errno), "Raise the limit of open files.");
    }
    return Line{Descriptor(ends[0]), Descriptor(ends[1])};
}

/// A started child; ended and waited for when this goes out of scope.
class Child {
public:
    Child() = default;
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            wait();
        }
    }

    Result<void> start(const ChildCommand& command, const Descriptor& line) {
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, line.number(), STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions, line.number(), STDOUT_FILENO);
        std::vector<char*> arguments{const_cast<char*>(command.program.c_str())};
        for (const auto& argument : command.arguments) {
            arguments.push_back(const_cast<char*>(argument.c_str()));
        }
        arguments.push_back(nullptr);
        // Nothing of ours; but numerical libraries start threads before main unless told not to,
        // and what those take at their own pace would count against the child's limits.
        std::string one_thread = "OPENBLAS_NUM_THREADS=1";
        std::string one_team = "OMP_NUM_THREADS=1";
        std::array<char*, 3> environment{one_thread.data(), one_team.data(), nullptr};
        const int error = ::posix_spawn(&pid_, command.program.c_str(), &actions, nullptr,
                                        arguments.data(), environment.data());
        posix_spawn_file_actions_destroy(&actions);
        if (error != 0) {
            pid_ = -1;
            return fail(ErrorKind::kUnavailable, command.program + " cannot be started",
                        std::strerror(error), "Look at the limits of the service's unit.");
        }
        return {};
    }

    void kill() { ::kill(pid_, SIGKILL); }

    /// How it ended, as waitpid() says.
    int wait() {
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        pid_ = -1;
        return status;
    }

    /// As wait(); one that closed its line and stays is ended at the deadline: nothing.
    std::optional<int> wait_until(SteadyClock::time_point deadline) {
        int status = 0;
        while (::waitpid(pid_, &status, WNOHANG) == 0) {
            if (SteadyClock::now() >= deadline) {
                kill();
                wait();
                return std::nullopt;
            }
            ::poll(nullptr, 0, kWaitMilliseconds);
        }
        pid_ = -1;
        return status;
    }

private:
    static constexpr int kWaitMilliseconds = 1;

    pid_t pid_ = -1;
};

enum class Ending { kAnswered, kTooLate, kTooLong };

/// Both directions at once: a child that does not read must not keep us from listening.
class Exchange {
public:
    Exchange(Descriptor line, base::ByteView request) : line_(std::move(line)), rest_(request) {}

    Ending run(const ChildCommand& command) {
        const auto deadline = SteadyClock::now() + command.wall_limit;
        end_if_all_is_said();
        while (line_.is_open()) {
            const auto left =
                std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now());
            if (left.count() <= 0) {
                return Ending::kTooLate;
            }
            pollfd end{line_.number(), POLLIN, 0};
            end.events = static_cast<short>(POLLIN | (rest_.empty() ? 0 : POLLOUT));
            ::poll(&end, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
            if ((end.revents & POLLOUT) != 0) {
                give();
            }
            if ((end.revents & ~POLLOUT) != 0 && !take(command.answer_bytes_max)) {
                return Ending::kTooLong;
            }
        }
        return Ending::kAnswered;
    }

    base::Bytes take_answer() { return std::move(answer_); }

private:
    void give() {
        const auto sent = ::send(line_.number(), rest_.data(), std::min(rest_.size(), kPieceBytes),
                                 MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            rest_ = rest_.subspan(static_cast<std::size_t>(sent));
        } else if (errno != EAGAIN && errno != EINTR) {
            rest_ = {};  // it does not listen any more; how it ended says why
        }
        end_if_all_is_said();
    }

    void end_if_all_is_said() {
        if (rest_.empty()) {
            ::shutdown(line_.number(), SHUT_WR);
        }
    }

    /// False if the answer is longer than allowed.
    bool take(std::size_t limit) {
        std::array<std::uint8_t, kPieceBytes> piece;
        const auto got = ::recv(line_.number(), piece.data(), piece.size(), MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            return true;
        }
        if (got <= 0) {
            line_.close();  // a reset is an end, too: the child's status tells which
            return true;
        }
        answer_.insert(answer_.end(), piece.begin(), piece.begin() + got);
        return answer_.size() <= limit;
    }

    Descriptor line_;
    base::ByteView rest_;
    base::Bytes answer_;
};

tl::unexpected<base::Error> killed(int signal) {
    if (signal == SIGXCPU) {
        return fail(ErrorKind::kLimit, "it takes more processor time than is allowed", {},
                    "Use a smaller model.");
    }
    const char* name = sigabbrev_np(signal);
    return fail(ErrorKind::kInvalidInput,
                fmt::format("its reader was killed by SIG{}", name != nullptr ? name : "?"),
                "the file is damaged, or made to do harm; the daemon is not affected",
                "Export the model again; if it stays, report the file as a defect.");
}

tl::unexpected<base::Error> ended_by_us(Ending ending, const ChildCommand& command) {
    if (ending == Ending::kTooLate) {
        const auto seconds = std::chrono::duration<double>(command.wall_limit).count();
        return fail(ErrorKind::kLimit, fmt::format("it takes longer than {:g} s", seconds), {},
                    "Use a smaller model, or a faster machine.");
    }
    return fail(ErrorKind::kLimit, "its reader answers more than is allowed",
                fmt::format("the limit is {} bytes", command.answer_bytes_max),
                "Use a smaller model.");
}

}  // namespace

Result<base::Bytes> run_child(const ChildCommand& command, base::ByteView request) {
    auto line = make_line();
    if (!line) {
        return tl::unexpected(line.error());
    }
    Child child;
    if (auto started = child.start(command, line->theirs); !started) {
        return tl::unexpected(started.error());
    }
    line->theirs.close();
    const auto deadline = SteadyClock::now() + command.wall_limit;
    Exchange exchange(std::move(line->ours), request);
    const Ending ending = exchange.run(command);
    if (ending != Ending::kAnswered) {
        child.kill();
        child.wait();
        return ended_by_us(ending, command);
    }
    const auto status = child.wait_until(deadline);
    if (!status) {
        return ended_by_us(Ending::kTooLate, command);
    }
    if (WIFSIGNALED(*status)) {
        return killed(WTERMSIG(*status));
    }
    if (WEXITSTATUS(*status) != 0) {
        return fail(ErrorKind::kInvalidInput,
                    fmt::format("its reader ended with status {}", WEXITSTATUS(*status)), {},
                    "Export the model again; if it stays, report the file as a defect.");
    }
    return exchange.take_answer();
}

}  // namespace frugal::app
