// SPDX-License-Identifier: Apache-2.0
// A Mosquitto of one test on a Unix socket in a directory of its own, optionally with a TLS
// listener for devices. Owned by the test; ended with it.
#pragma once

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/assert.hpp"
#include "support/temporary_directory.hpp"

namespace frugal::tests {

class LocalBroker {
public:
    static constexpr const char* kProgram = "/usr/sbin/mosquitto";
    static bool is_installed() { return std::filesystem::exists(kProgram); }

    explicit LocalBroker(const std::string& extra_configuration = {}) {
        std::ofstream(directory_.path() / "broker.conf")
            << "user root\npersistence false\nlog_dest none\nallow_anonymous true\n"
            << extra_configuration << "listener 0 " << socket() << "\n";
        start();
    }
    ~LocalBroker() { stop(); }
    LocalBroker(const LocalBroker&) = delete;
    LocalBroker& operator=(const LocalBroker&) = delete;

    const std::filesystem::path& directory() const { return directory_.path(); }
    std::string socket() const { return (directory_.path() / "mqtt.sock").string(); }

    void start() {
        std::string program = kProgram;
        std::string option = "-c";
        std::string file = (directory_.path() / "broker.conf").string();
        std::vector<char*> arguments{program.data(), option.data(), file.data(), nullptr};
        FRUGAL_ASSERT(::posix_spawn(&pid_, kProgram, nullptr, nullptr, arguments.data(), environ) ==
                      0);
        while (!std::filesystem::exists(socket())) {
            FRUGAL_ASSERT(::waitpid(pid_, nullptr, WNOHANG) == 0);
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    }
    void stop() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
            pid_ = -1;
            std::filesystem::remove(socket());
        }
    }

private:
    TemporaryDirectory directory_;
    pid_t pid_ = -1;
};

}  // namespace frugal::tests
