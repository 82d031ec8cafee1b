// SPDX-License-Identifier: Apache-2.0
// A child for the tests of the sandbox: the daemon's own model reader, or one of several ways to
// misbehave.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "app/sandbox/confine.hpp"
#include "app/sandbox/model_trial.hpp"

namespace {

constexpr std::uint64_t kMemoryBytes = 256U << 20;
const pid_t kParent = getppid();  // a confined process may not ask

void say(const char* text) {
    if (write(STDOUT_FILENO, text, std::strlen(text)) < 0) {
        std::_Exit(9);
    }
}

void echo() {
    std::vector<char> piece(65'536);
    for (auto got = read(STDIN_FILENO, piece.data(), piece.size()); got > 0;
         got = read(STDIN_FILENO, piece.data(), piece.size())) {
        for (ssize_t sent = 0; sent < got;) {
            const auto more =
                write(STDOUT_FILENO, piece.data() + sent, static_cast<std::size_t>(got - sent));
            if (more < 0) {
                std::_Exit(9);
            }
            sent += more;
        }
    }
}

// What a confined process must not be able to do; says "allowed" if it can.
void escape() {
    say(open("/etc/passwd", O_RDONLY) < 0 ? "refused " : "allowed ");
    say(open("/tmp/frugal-escaped", O_CREAT | O_WRONLY, 0600) < 0 ? "refused " : "allowed ");
    say(socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? "refused " : "allowed ");
    say(fork() < 0 ? "refused " : "allowed ");
    say(kill(kParent, 0) != 0 ? "refused " : "allowed ");
    say(syscall(SYS_tgkill, kParent, kParent, 0) != 0 ? "refused" : "allowed");
}

[[noreturn]] void spin() {
    volatile std::uint64_t turns = 0;
    for (;;) {
        const std::uint64_t next = turns + 1;
        turns = next;
    }
}

void allocate() {
    for (std::size_t size = 1; size <= (std::size_t{1} << 40); size *= 2) {
        void* memory = std::malloc(size);
        if (memory == nullptr) {
            say(size > kMemoryBytes / 2 ? "limited" : "too small a limit");
            return;
        }
        std::free(memory);
    }
    say("unlimited");
}

[[noreturn]] void shout() {
    const std::string long_text(65'536, 'a');
    for (;;) {
        say(long_text.c_str());
    }
}

[[noreturn]] void leave() {
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    spin();
}

}  // namespace

int main(int argc, char** argv) {
    const std::string mode = argc > 1 ? argv[1] : "";
    if (mode == frugal::app::kTrialArgument) {
        return frugal::app::trial_main(argc, argv);
    }
    if (!frugal::app::confine({.memory_bytes = kMemoryBytes, .cpu_seconds = 1})) {
        return 8;
    }
    if (mode == "echo") {
        echo();
    } else if (mode == "escape") {
        escape();
    } else if (mode == "spin") {
        spin();
    } else if (mode == "allocate") {
        allocate();
    } else if (mode == "shout") {
        shout();
    } else if (mode == "silent") {
        spin();
    } else if (mode == "leave") {
        leave();
    } else if (mode == "segv") {
        std::signal(SIGSEGV, SIG_DFL);  // a sanitizer would end it in its own way
        raise(SIGSEGV);
    } else if (mode == "abort") {
        std::abort();
    } else if (mode == "fail") {
        return 3;
    }
    return 0;
}
