// SPDX-License-Identifier: Apache-2.0
// One number for how busy the edge is, q8, and the price that follows from it: what every ack and
// verdict carries. 255 says "stop": nothing that comes now can be taken. Owned by the desk.
#pragma once

#include <cstdint>
#include <optional>

#include "core/event.hpp"
#include "core/offload/quantile_sketch.hpp"

namespace frugal::core {

class LoadMeter {
public:
    static constexpr std::uint8_t kStop = 255;

    explicit LoadMeter(base::Duration sojourn_target) : target_(sojourn_target) {}

    void on_start(base::Instant now, base::Duration sojourn);
    /// Whenever something happens: what was long ago fades, also while nothing starts.
    void on_time(base::Instant now);
    void on_idle() { sojourns_.clear(); }
    void set_host(const HostLoad& host) { host_ = host; }

    /// The largest of: queue over its limit, bytes over theirs, p95 of the waiting time over twice
    /// the target, the host. Only a full queue says "stop".
    std::uint8_t load(std::uint64_t queued, std::uint64_t queue_limit, std::uint64_t bytes,
                      std::uint64_t bytes_limit) const;
    base::Duration sojourn_p95() const { return sojourns_.quantile(950); }

    /// Nothing below half load, then up to 255: devices add it to what an escalation costs them.
    static std::uint8_t price_of(std::uint8_t load);

private:
    void fade(base::Instant now, base::Duration every);

    base::Duration target_;
    QuantileSketch sojourns_{256};
    std::optional<base::Instant> faded_at_;
    HostLoad host_;
};

}  // namespace frugal::core
