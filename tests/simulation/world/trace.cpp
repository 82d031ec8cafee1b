// SPDX-License-Identifier: Apache-2.0
#include "simulation/world/trace.hpp"

#include <cstdio>

#include <fmt/format.h>

namespace frugal::simulation {

namespace {
constexpr std::size_t kLastEvents = 60;
constexpr std::size_t kViolationsMax = 20;
}  // namespace

void Trace::note(const std::string& text) {
    ++events_;
    const auto micros = now_.since_start.count();
    auto line = fmt::format("{:>12.6f} {}", static_cast<double>(micros) / 1e6, text);
    for (const char c : line) {
        hash_ = (hash_ ^ static_cast<std::uint8_t>(c)) * 1099511628211ULL;
    }
    if (is_loud_) {
        std::puts(line.c_str());
    }
    last_.push_back(std::move(line));
    if (last_.size() > kLastEvents) {
        last_.pop_front();
    }
}

void Trace::violate(const std::string& invariant, const std::string& what) {
    note("VIOLATION " + invariant + ": " + what);
    if (violations_.size() < kViolationsMax) {
        violations_.push_back({invariant, what});
    }
}

}  // namespace frugal::simulation
