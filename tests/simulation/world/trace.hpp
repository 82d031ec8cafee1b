// SPDX-License-Identifier: Apache-2.0
// What a run leaves behind: a hash over every event (equal for equal seeds), the last events in
// words, counts of rare situations and of injected faults, and the violations found. Owned by one
// world; single-threaded. Never takes in signatures or other bytes that differ between runs.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace frugal::simulation {

struct Violation {
    std::string invariant;  ///< "I1"
    std::string what;
};

class Trace {
public:
    explicit Trace(bool is_loud) : is_loud_(is_loud) {}

    void set_time(base::Instant now) { now_ = now; }
    base::Instant now() const { return now_; }

    /// Adds an event to the hash and to the last events.
    void note(const std::string& text);

    /// A rare situation happened: releases want every one of them seen.
    void sometimes(const char* what) { ++marks_[what]; }
    void fault(const char* kind) { ++faults_[kind]; }

    void violate(const std::string& invariant, const std::string& what);

    std::uint64_t hash() const { return hash_; }
    std::uint64_t events() const { return events_; }
    const std::deque<std::string>& last() const { return last_; }
    const std::map<std::string, std::uint64_t>& marks() const { return marks_; }
    const std::map<std::string, std::uint64_t>& faults() const { return faults_; }
    const std::vector<Violation>& violations() const { return violations_; }

private:
    bool is_loud_;
    base::Instant now_;
    std::uint64_t hash_ = 1469598103934665603ULL;
    std::uint64_t events_ = 0;
    std::deque<std::string> last_;
    std::map<std::string, std::uint64_t> marks_;
    std::map<std::string, std::uint64_t> faults_;
    std::vector<Violation> violations_;
};

}  // namespace frugal::simulation
