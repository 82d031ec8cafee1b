// SPDX-License-Identifier: Apache-2.0
#include "simulation/offload/desk_site.hpp"

#include <array>

#include <fmt/format.h>

namespace frugal::simulation {

namespace {

/// From one second until before another.
double mean_per_second(const std::map<std::int64_t, std::uint64_t>& counts, std::int64_t from,
                       std::int64_t until) {
    double sum = 0;
    for (auto second = from; second < until; ++second) {
        const auto found = counts.find(second);
        sum += found == counts.end() ? 0 : static_cast<double>(found->second);
    }
    return until > from ? sum / static_cast<double>(until - from) : 0;
}

}  // namespace

base::Duration engine_time(const DeskOptions& options, std::uint32_t task, std::int64_t size) {
    return options.engine_base + options.engine_each * size * static_cast<std::int64_t>(task);
}

std::vector<DeskSender> desk_devices(DeskOutcome& outcome) {
    const auto& options = outcome.options;
    const auto count = options.groups * options.devices_per_group;
    const auto one =
        (engine_time(options, 1, 1) + engine_time(options, options.tasks, 1)) / 2;  // on average
    const auto capacity = 1e6 * options.workers / static_cast<double>(one.count());
    const auto usual = capacity * options.load / (count - 1 + options.greed);
    std::vector<DeskSender> devices;
    for (std::uint32_t i = 0; i < count; ++i) {
        auto rate = usual * (i == 0 ? options.greed : 1);
        if (options.share_permille != 0) {
            rate *= 4;  // most is decided locally
        }
        devices.push_back({.id = *base::DeviceId::parse(fmt::format("device-{}", i)),
                           .task = 1 + i / options.groups % options.tasks,
                           .rate = rate});
        outcome.devices.push_back({.group = i % options.groups});
    }
    return devices;
}

core::Snapshot desk_snapshot(const DeskOutcome& outcome, const std::vector<DeskSender>& devices) {
    core::Snapshot site;
    static constexpr std::array kPriorityOf = {core::Priority::kNormal, core::Priority::kUrgent,
                                               core::Priority::kBackground};
    for (std::uint32_t task = 1; task <= outcome.options.tasks; ++task) {
        site.tasks.push_back({.task = task,
                              .name = "task",
                              .labels = {"a", "b"},
                              .priority = kPriorityOf[(task - 1) % kPriorityOf.size()],
                              .group_share_permille = outcome.options.share_permille});
        site.edge_models.push_back({task, base::Digest{}, "edge", kDeskInputBytes});
    }
    for (std::size_t i = 0; i < devices.size(); ++i) {
        core::DeviceRecord record{.number = core::DeviceNumber{static_cast<std::uint32_t>(i)},
                                  .id = devices[i].id,
                                  .label = fmt::format("group-{}", outcome.devices[i].group),
                                  .state = core::DeviceState::kEnrolled,
                                  .certificate = core::CertificateRecord{}};
        record.reported.push_back({.task = devices[i].task});
        site.devices.push_back(std::move(record));
    }
    return site;
}

core::CoreConfig desk_config(const DeskOptions& options) {
    core::CoreConfig core;
    core.offload.workers = options.workers;
    core.offload.batch_max = options.batch_max;
    core.offload.groups_by_label = true;
    core.fleet.log_lines_per_second = 1;
    return core;
}

core::Hello desk_hello(const DeskSender& device, std::size_t index) {
    core::Hello hello{.protocol = 1,
                      .device = device.id.text(),
                      .stream = {index + 1},
                      .boot_epoch = 1,
                      .next_sequence = device.next_task,
                      .oldest_sequence = device.next_decision,
                      .capability = {.device_class = *base::ClassName::parse("m4")}};
    hello.tasks.push_back({.task = device.task});
    return hello;
}

void DeskRates::tell(DeskOutcome& outcome) const {
    const auto from = kFaultFrom.count();
    const auto until = kFaultUntil.count();
    const auto end = outcome.options.length / std::chrono::seconds(1);
    const auto back = std::chrono::ceil<std::chrono::seconds>(kKillAt + kAway).count() + 2;
    outcome.asks_before = mean_per_second(asks_, 3, from);
    outcome.rate_before = mean_per_second(answers_, 3, from);
    outcome.asks_back = mean_per_second(asks_, back, until);
    outcome.rate_back = mean_per_second(answers_, back, until);
    outcome.rate_after = mean_per_second(answers_, until + 10, end);
}

}  // namespace frugal::simulation
