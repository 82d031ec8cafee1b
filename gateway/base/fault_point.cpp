// SPDX-License-Identifier: Apache-2.0
#include "base/fault_point.hpp"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>

namespace frugal::base {

namespace {

// Process-wide by nature: it ends the process. Written once before threads start.
std::string armed_name;
std::atomic<long> armed_count{0};

}  // namespace

void arm_fault_points() {
    const char* text = std::getenv("FRUGAL_CRASH_AT");
    if (text == nullptr) {
        return;
    }
    const std::string value(text);
    const auto colon = value.find(':');
    armed_name = value.substr(0, colon);
    armed_count = colon == std::string::npos ? 1 : std::atol(value.c_str() + colon + 1);
}

void fault_point(std::string_view name) {
    if (armed_count.load(std::memory_order_relaxed) == 0 || name != armed_name) {
        return;
    }
    if (armed_count.fetch_sub(1) == 1) {
        std::raise(SIGKILL);
    }
}

}  // namespace frugal::base
