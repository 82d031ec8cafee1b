// SPDX-License-Identifier: Apache-2.0
// Answers requests for artifact blocks: gathers them for a moment, sends what several devices miss
// once on the shared topic, the rest device by device, at a bounded rate. Owned by the core. Keeps
// one request per device and no artifact bytes; whatever is lost is asked for again.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "core/config.hpp"
#include "core/fleet/registry.hpp"
#include "core/step.hpp"
#include "core/transfer/token_bucket.hpp"

namespace frugal::core {

class TransferDesk {
public:
    TransferDesk(Registry& registry, const TransferConfig& config)
        : registry_(registry),
          config_(config),
          bucket_(config.bytes_per_second, config.burst_bytes) {}

    /// `offered`: the artifacts the device may have. Replaces an earlier request of the device.
    void on_fetch(const Step& step, const Device& device, const Fetch& fetch,
                  const std::vector<ArtifactRecord>& offered);

    /// Forgets what the device asked for.
    void forget(DeviceNumber device);

    void on_time(const Step& step);
    std::optional<base::Instant> next_deadline() const;

    const TransferStatistics& statistics() const { return statistics_; }

private:
    struct Want {
        ArtifactRecord artifact;
        std::uint32_t base_block = 0;
        std::uint64_t missing = 0;  ///< already cut to the credit and to the artifact's end
    };
    struct Shipment {
        ArtifactRecord artifact;
        std::vector<std::uint32_t> blocks;
        std::optional<DeviceNumber> device;  ///< absent: shared
        std::uint32_t wanted_by = 1;
    };

    void plan(base::Instant now);
    bool on_its_way(const base::Digest& artifact, std::uint32_t block) const;
    void drop_what_is_on_its_way(base::Instant now);
    void plan_shared();
    void plan_unicast();
    void ship(const Step& step, Shipment&& shipment);
    void drop_wanted(const Shipment& shipment);

    Registry& registry_;
    TransferConfig config_;
    TokenBucket bucket_;
    std::map<DeviceNumber, Want> wants_;  ///< gathering
    std::optional<base::Instant> plan_at_;
    std::deque<Shipment> shipments_;
    /// When a block last went to everybody, for as long as that matters.
    std::map<std::pair<base::Digest, std::uint32_t>, base::Instant> shared_at_;
    TransferStatistics statistics_;
};

}  // namespace frugal::core
