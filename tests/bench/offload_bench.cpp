// SPDX-License-Identifier: Apache-2.0
// offload_bench: what the door of the escalation desk costs in real time, and what is kept of its
// promises at three times the load it can carry, in virtual time. The real core, no broker.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "core/tick.hpp"
#include "simulation/offload/desk_world.hpp"

namespace {

using frugal::base::Instant;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::uint32_t kDevices = 1000;
constexpr std::uint32_t kQueue = 1024;
constexpr std::size_t kInputBytes = 784;

frugal::core::Snapshot site() {
    frugal::core::Snapshot snapshot;
    snapshot.tasks.push_back({.task = 1, .name = "task", .labels = {"a", "b"}});
    snapshot.edge_models.push_back({1, frugal::base::Digest{}, "edge", kInputBytes});
    for (std::uint32_t i = 0; i < kDevices; ++i) {
        snapshot.devices.push_back(
            {.number = frugal::core::DeviceNumber{i},
             .id = *frugal::base::DeviceId::parse(fmt::format("device-{}", i)),
             .state = frugal::core::DeviceState::kEnrolled,
             .certificate = frugal::core::CertificateRecord{}});
    }
    return snapshot;
}

struct Costs {
    std::vector<double> admitted_us;
    std::vector<double> busy_us;
};

double quantile(std::vector<double>& values, double part) {
    if (values.empty()) {
        return 0;
    }
    std::ranges::sort(values);
    return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
}

/// 5,000 escalations a second at engines that do 1,700: every step of the core is timed.
Costs time_the_door() {
    frugal::core::CoreConfig config;
    config.offload.queue_limit = kQueue;
    config.offload.queue_bytes = 64U << 20U;
    config.offload.batch_max = 1;
    config.offload.first_service_time = microseconds(600);
    frugal::core::Tick tick(site(), config);
    frugal::base::Now now{Instant{std::chrono::seconds(1)}, {1'700'000'000'000}};
    tick.boot(now);
    Costs costs;
    std::optional<std::pair<frugal::base::WorkId, Instant>> running;
    const auto absorb = [&](frugal::core::TickOutput&& output) {
        bool is_busy = false;
        for (auto& effect : output.effects) {
            if (auto* infer = std::get_if<frugal::core::Infer>(&effect)) {
                running = {infer->work, now.instant + microseconds(600)};
            }
            if (const auto* send = std::get_if<frugal::core::Send>(&effect)) {
                const auto* verdict = std::get_if<frugal::core::Verdict>(&send->message);
                is_busy = is_busy || (verdict != nullptr &&
                                      verdict->status == frugal::core::VerdictStatus::kBusy);
            }
        }
        return is_busy;
    };
    for (std::uint64_t i = 0; i < 60'000; ++i) {
        now.instant = now.instant + microseconds(200);
        while (running && running->second <= now.instant) {
            frugal::core::InferenceDone done{running->first, {}, microseconds(600)};
            done.answers.emplace_back(frugal::core::EdgeAnswer{1, 200, 7});
            running.reset();
            std::vector<frugal::core::Event> events;
            events.emplace_back(std::move(done));
            absorb(tick.step(std::move(events), now));
        }
        frugal::core::Escalate message;
        message.stream = {i % kDevices + 1};
        message.sequence = i;
        message.task = 1;
        message.deadline_ms = 200 + static_cast<std::uint32_t>(i * 7919 % 800);
        message.policy_reason = frugal::core::PolicyReason::kEscalateGain;
        message.features = frugal::core::Features(frugal::base::Bytes(kInputBytes, 1));
        std::vector<frugal::core::Event> events;
        events.emplace_back(frugal::core::DeviceMessage{
            *frugal::base::DeviceId::parse(fmt::format("device-{}", i % kDevices)),
            std::move(message), 900});
        const auto begin = std::chrono::steady_clock::now();
        auto output = tick.step(std::move(events), now);
        const auto took =
            std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin)
                .count();
        (absorb(std::move(output)) ? costs.busy_us : costs.admitted_us).push_back(took);
    }
    return costs;
}

frugal::simulation::DeskOptions overload() {
    frugal::simulation::DeskOptions options;
    options.seed = 1;
    options.groups = 2;
    options.devices_per_group = 20;
    options.load = 3;
    options.batch_max = 1;
    options.engine_each = milliseconds(5);
    options.deadline_min = milliseconds(100);
    options.deadline_max = milliseconds(1000);
    options.way_max = milliseconds(3);
    options.audits = 0.1;
    options.length = std::chrono::seconds(120);
    return options;
}

}  // namespace

int main() {
    auto costs = time_the_door();
    const auto kept = frugal::simulation::run_desk(overload());
    const auto admitted = costs.admitted_us.size();
    const auto busy = costs.busy_us.size();
    fmt::print(
        "{{\"door_admitted\": {}, \"door_busy\": {}, \"admission_p50_us\": {:.2f}, "
        "\"admission_p99_us\": {:.2f}, \"busy_p50_us\": {:.2f}, \"busy_p99_us\": {:.2f}, "
        "\"overload_asked\": {}, \"overload_admitted\": {}, \"overload_in_time\": {}, "
        "\"overload_kept\": {:.5f}, \"overload_told_late\": {}, "
        "\"overload_audits_answered\": {:.4f}, \"overload_tasks_answered\": {:.4f}}}\n",
        admitted, busy, quantile(costs.admitted_us, 0.5), quantile(costs.admitted_us, 0.99),
        quantile(costs.busy_us, 0.5), quantile(costs.busy_us, 0.99), kept.asked, kept.admitted,
        kept.kept, kept.kept_ratio(), kept.told_late,
        static_cast<double>(kept.audits_answered) /
            static_cast<double>(std::max<std::uint64_t>(kept.audits, 1)),
        static_cast<double>(kept.tasks_answered) /
            static_cast<double>(std::max<std::uint64_t>(kept.tasks_asked, 1)));
    return kept.violations.empty() ? 0 : 1;
}
