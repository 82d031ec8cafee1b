// SPDX-License-Identifier: Apache-2.0
// Looks once a second how busy and how warm the machine is, for the price of escalations. Reads
// /proc/stat and the thermal zones; what a machine does not tell counts as nothing. Owned by the
// gateway, on the loop; never writes anything.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/steady_timer.hpp>

#include "core/event.hpp"

namespace frugal::app {

/// Ticks since the machine started, all processors together.
struct CpuTimes {
    std::uint64_t busy = 0;  ///< without niced work, which gives way to ours
    std::uint64_t total = 0;
};
/// The first line of /proc/stat; absent if it is none.
std::optional<CpuTimes> parse_cpu_times(std::string_view stat);
/// q8 of the time between two looks; 0 if there was none.
std::uint8_t busy_between(const CpuTimes& before, const CpuTimes& now);
/// q8 of the last 10 degrees below the temperature at which the kernel slows the processor down.
std::uint8_t throttle_of(std::int64_t millidegrees, std::int64_t trip_millidegrees);

class HostMeter {
public:
    using Handler = std::function<void(core::HostLoad)>;

    /// percent: how much of what is read counts; 0 for not looking at all.
    HostMeter(boost::asio::io_context& loop, std::int64_t percent, Handler handler);

    void start();
    void stop() { timer_.cancel(); }

private:
    core::HostLoad read();

    boost::asio::steady_timer timer_;
    std::int64_t percent_;
    Handler handler_;
    std::optional<CpuTimes> last_;
};

}  // namespace frugal::app
