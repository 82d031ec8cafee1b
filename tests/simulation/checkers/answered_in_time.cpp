// SPDX-License-Identifier: Apache-2.0
// I25: whatever becomes of gateway, broker, link or edge model, a device that has power answers
// every task within its deadline: with the edge's answer or with its own.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "simulation/checkers/make.hpp"

namespace frugal::simulation {

namespace {

/// A node wakes at whole milliseconds, and at the earliest in the next one.
constexpr auto kGrain = std::chrono::milliseconds(3);

class AnsweredInTime final : public Checker {
public:
    using Checker::Checker;

    void on_submitted(std::size_t device, std::uint64_t sequence, base::Instant deadline) override {
        open_[device][sequence] = deadline;
    }

    void on_decided(std::size_t device, std::uint64_t sequence, base::Instant now) override {
        const auto found = open_[device].find(sequence);
        if (found == open_[device].end()) {
            return;
        }
        const auto deadline = found->second;
        open_[device].erase(found);
        if (now > deadline + kGrain) {
            report(device, sequence, now - deadline);
        }
    }

    // Without power there are no deadlines; what was open becomes final at the boot.
    void on_power_off(std::size_t device) override { open_.erase(device); }
    void on_boot(const DeviceView& device, fr_status_t) override { open_.erase(device.index); }
    void on_wiped(std::size_t device) override { open_.erase(device); }

    // By the node's own time: whatever is open waits there, and for no longer than it may.
    void on_step(const DeviceView& device) override {
        const auto open = open_[device.index];
        for (const auto& [sequence, deadline] : open) {
            const auto* escalation = waiting(device.node, sequence);
            if (escalation == nullptr) {
                report(device.index, sequence, "is not waited for any more");
            } else if (device.node.now_ms > escalation->deadline_ms + kGrain.count()) {
                report(device.index, sequence,
                       std::chrono::milliseconds(device.node.now_ms - escalation->deadline_ms));
            }
        }
    }

    // A device that does not come to anything any more is not seen stepping.
    void on_end(const DatabaseView&) override {
        const auto now = trace_.now();
        for (const auto& [device, open] : std::map(open_)) {
            for (const auto& [sequence, deadline] : open) {
                if (now > deadline + kGrain) {
                    report(device, sequence, "was never made");
                }
            }
        }
    }

private:
    static const fr_escalation_t* waiting(const fr_node_t& node, std::uint64_t sequence) {
        const auto* found = std::ranges::find_if(node.escalations, [&](const auto& escalation) {
            return escalation.is_waiting && escalation.sequence == sequence;
        });
        return found == std::end(node.escalations) ? nullptr : found;
    }

    void report(std::size_t device, std::uint64_t sequence, base::Duration late) {
        report(device, sequence, fmt::format("is {} us late", late.count()));
    }
    void report(std::size_t device, std::uint64_t sequence, const std::string& what) {
        trace_.violate("I25", fmt::format("device {}: decision {} {}", device, sequence, what));
        open_.erase(device);
    }

    std::map<std::size_t, std::map<std::uint64_t, base::Instant>> open_;
};

}  // namespace

std::unique_ptr<Checker> make_answered_in_time(const Oracle& o, Trace& t, const Options& s) {
    return std::make_unique<AnsweredInTime>(o, t, s);
}

}  // namespace frugal::simulation
