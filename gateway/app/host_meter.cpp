// SPDX-License-Identifier: Apache-2.0
#include "app/host_meter.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>

namespace frugal::app {

namespace {

constexpr auto kEvery = std::chrono::seconds(1);
constexpr std::int64_t kWarmSpan_millidegrees = 10'000;
constexpr int kZones = 8;
constexpr int kTrips = 8;

std::string line_of(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

std::optional<std::int64_t> number_of(const std::string& path) {
    const auto line = line_of(path);
    std::int64_t number = 0;
    const auto read = std::from_chars(line.data(), line.data() + line.size(), number);
    return read.ec == std::errc() ? std::optional(number) : std::nullopt;
}

/// The lowest temperature at which the kernel slows this zone's processor down.
std::optional<std::int64_t> passive_trip(const std::string& zone) {
    std::optional<std::int64_t> lowest;
    for (int trip = 0; trip < kTrips; ++trip) {
        const auto prefix = zone + "/trip_point_" + std::to_string(trip);
        const auto degrees = number_of(prefix + "_temp");
        if (degrees && *degrees > 0 && line_of(prefix + "_type") == "passive") {
            lowest = lowest ? std::min(*lowest, *degrees) : degrees;
        }
    }
    return lowest;
}

std::uint8_t warmest_zone() {
    std::uint8_t warmest = 0;
    for (int number = 0; number < kZones; ++number) {
        const auto zone = "/sys/class/thermal/thermal_zone" + std::to_string(number);
        const auto degrees = number_of(zone + "/temp");
        const auto trip = degrees ? passive_trip(zone) : std::nullopt;
        if (trip) {
            warmest = std::max(warmest, throttle_of(*degrees, *trip));
        }
    }
    return warmest;
}

}  // namespace

std::optional<CpuTimes> parse_cpu_times(std::string_view stat) {
    // cpu user nice system idle iowait irq softirq steal ...
    static constexpr std::string_view kPrefix = "cpu ";
    if (!stat.starts_with(kPrefix)) {
        return std::nullopt;
    }
    CpuTimes times;
    const char* at = stat.data() + kPrefix.size();
    const char* const end = stat.data() + stat.size();
    for (int field = 0; field < 8; ++field) {
        while (at != end && *at == ' ') {
            ++at;
        }
        std::uint64_t value = 0;
        const auto read = std::from_chars(at, end, value);
        if (read.ec != std::errc()) {
            return std::nullopt;
        }
        at = read.ptr;
        const bool is_idle = field == 1 || field == 3 || field == 4;
        times.busy += is_idle ? 0 : value;
        times.total += value;
    }
    return times;
}

std::uint8_t busy_between(const CpuTimes& before, const CpuTimes& now) {
    if (now.total <= before.total || now.busy < before.busy) {
        return 0;
    }
    const auto part = (now.busy - before.busy) * 255 / (now.total - before.total);
    return static_cast<std::uint8_t>(std::min<std::uint64_t>(part, 255));
}

std::uint8_t throttle_of(std::int64_t millidegrees, std::int64_t trip_millidegrees) {
    const auto above = millidegrees - (trip_millidegrees - kWarmSpan_millidegrees);
    return static_cast<std::uint8_t>(
        std::clamp<std::int64_t>(above * 255 / kWarmSpan_millidegrees, 0, 255));
}

HostMeter::HostMeter(boost::asio::io_context& loop, std::int64_t percent, Handler handler)
    : timer_(loop), percent_(percent), handler_(std::move(handler)) {}

void HostMeter::start() {
    if (percent_ == 0) {
        return;
    }
    timer_.expires_after(kEvery);
    timer_.async_wait([this](boost::system::error_code error) {
        if (!error) {
            handler_(read());
            start();
        }
    });
}

core::HostLoad HostMeter::read() {
    const auto times = parse_cpu_times(line_of("/proc/stat"));
    const auto cpu = times && last_ ? busy_between(*last_, *times) : std::uint8_t{0};
    last_ = times;
    const auto counted = [this](std::uint8_t value) {
        return static_cast<std::uint8_t>(value * percent_ / 100);
    };
    return {counted(cpu), counted(warmest_zone())};
}

}  // namespace frugal::app
