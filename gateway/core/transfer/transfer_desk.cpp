// SPDX-License-Identifier: Apache-2.0
#include "core/transfer/transfer_desk.hpp"

#include <algorithm>
#include <bit>

namespace frugal::core {

namespace {

constexpr std::size_t kBlocksPerShipment = 8;

std::uint32_t block_count(const ArtifactRecord& artifact) {
    return (artifact.size_bytes + artifact.block_bytes - 1) / artifact.block_bytes;
}

std::uint32_t block_size(const ArtifactRecord& artifact, std::uint32_t block) {
    const auto offset = std::uint64_t{block} * artifact.block_bytes;
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(artifact.block_bytes, artifact.size_bytes - offset));
}

// The lowest `credit` set bits that name blocks of the artifact.
std::uint64_t cut_to_credit(const Fetch& fetch, std::uint32_t blocks) {
    std::uint64_t kept = 0;
    std::uint32_t left = fetch.credit;
    for (std::uint32_t bit = 0; bit < 64 && left > 0; ++bit) {
        const auto mask = std::uint64_t{1} << bit;
        if ((fetch.missing & mask) != 0 && fetch.base_block + bit < blocks) {
            kept |= mask;
            --left;
        }
    }
    return kept;
}

}  // namespace

void TransferDesk::on_fetch(const Step& step, const Device& device, const Fetch& fetch,
                            const std::vector<ArtifactRecord>& offered) {
    ++statistics_.fetches;
    const auto artifact = std::ranges::find(offered, fetch.artifact, &ArtifactRecord::digest);
    if (artifact == offered.end()) {
        ++statistics_.refused_fetches;
        return;
    }
    const auto missing = cut_to_credit(fetch, block_count(*artifact));
    if (missing == 0) {
        return;
    }
    wants_[device.record.number] = {*artifact, fetch.base_block, missing};
    if (!plan_at_) {
        plan_at_ = step.now.instant + config_.gather;
    }
}

void TransferDesk::forget(DeviceNumber device) {
    wants_.erase(device);
    std::erase_if(shipments_,
                  [device](const Shipment& shipment) { return shipment.device == device; });
}

std::optional<base::Instant> TransferDesk::next_deadline() const {
    return shipments_.empty() ? plan_at_ : std::optional(bucket_.opens_at());
}

void TransferDesk::on_time(const Step& step) {
    while (true) {
        if (shipments_.empty()) {
            if (!plan_at_ || *plan_at_ > step.now.instant) {
                return;
            }
            plan(step.now.instant);
        }
        while (!shipments_.empty()) {
            if (!bucket_.is_open(step.now.instant)) {
                return;
            }
            auto shipment = std::move(shipments_.front());
            shipments_.pop_front();
            ship(step, std::move(shipment));
        }
    }
}

// A request that crossed a shared block on the way: the device has the block by now, or asks again
// after its own time-out, which is much longer.
bool TransferDesk::on_its_way(const base::Digest& artifact, std::uint32_t block) const {
    return shared_at_.contains({artifact, block});
}

void TransferDesk::drop_what_is_on_its_way(base::Instant now) {
    std::erase_if(shared_at_,
                  [&](const auto& entry) { return entry.second + config_.shared_settle <= now; });
    for (auto& [device, want] : wants_) {
        for (auto mask = want.missing; mask != 0; mask &= mask - 1) {
            const auto bit = static_cast<std::uint32_t>(std::countr_zero(mask));
            if (on_its_way(want.artifact.digest, want.base_block + bit)) {
                want.missing &= ~(std::uint64_t{1} << bit);
            }
        }
    }
    std::erase_if(wants_, [](const auto& entry) { return entry.second.missing == 0; });
}

void TransferDesk::plan(base::Instant now) {
    drop_what_is_on_its_way(now);
    plan_shared();
    plan_unicast();
    wants_.clear();
    plan_at_.reset();
}

// Blocks that enough devices miss leave the requests and go once for all.
void TransferDesk::plan_shared() {
    if (wants_.size() < config_.shared_devices) {
        return;
    }
    std::map<std::pair<base::Digest, std::uint32_t>, std::uint32_t> wanted;
    std::map<base::Digest, const ArtifactRecord*> artifacts;
    for (const auto& [device, want] : wants_) {
        artifacts[want.artifact.digest] = &want.artifact;
        for (auto mask = want.missing; mask != 0; mask &= mask - 1) {
            const auto bit = static_cast<std::uint32_t>(std::countr_zero(mask));
            ++wanted[{want.artifact.digest, want.base_block + bit}];
        }
    }
    for (const auto& [key, count] : wanted) {
        if (count >= config_.shared_devices) {
            shipments_.push_back({*artifacts[key.first], {key.second}, std::nullopt, count});
        }
    }
    for (const auto& shipment : shipments_) {
        drop_wanted(shipment);
    }
}

// Several blocks to one device before the next: the broker's cost is per delivery and wake-up.
void TransferDesk::plan_unicast() {
    for (const auto& [device, want] : wants_) {
        Shipment shipment{want.artifact, {}, device, 1};
        for (auto mask = want.missing; mask != 0; mask &= mask - 1) {
            const auto bit = static_cast<std::uint32_t>(std::countr_zero(mask));
            shipment.blocks.push_back(want.base_block + bit);
            if (shipment.blocks.size() == kBlocksPerShipment) {
                shipments_.push_back(shipment);
                shipment.blocks.clear();
            }
        }
        if (!shipment.blocks.empty()) {
            shipments_.push_back(std::move(shipment));
        }
    }
}

// Takes a shipment's blocks out of the gathered requests it answers.
void TransferDesk::drop_wanted(const Shipment& shipment) {
    const auto drop = [&](Want& want) {
        if (want.artifact.digest != shipment.artifact.digest) {
            return;
        }
        for (const auto block : shipment.blocks) {
            if (block >= want.base_block && block - want.base_block < 64) {
                want.missing &= ~(std::uint64_t{1} << (block - want.base_block));
            }
        }
    };
    if (!shipment.device) {
        for (auto& [device, want] : wants_) {
            drop(want);
        }
    } else if (const auto found = wants_.find(*shipment.device); found != wants_.end()) {
        drop(found->second);
    }
}

void TransferDesk::ship(const Step& step, Shipment&& shipment) {
    // Whoever asked again while this was waiting for its turn is answered by it.
    drop_wanted(shipment);
    std::uint64_t bytes = 0;
    for (const auto block : shipment.blocks) {
        bytes += block_size(shipment.artifact, block) + config_.message_overhead;
    }
    bucket_.take(bytes, step.now.instant);
    statistics_.published_bytes += bytes;
    statistics_.delivered_bytes += bytes * shipment.wanted_by;
    (shipment.device ? statistics_.unicast_blocks : statistics_.shared_blocks) +=
        shipment.blocks.size();
    SendBlocks send{.artifact = shipment.artifact.digest,
                    .block_bytes = shipment.artifact.block_bytes,
                    .blocks = std::move(shipment.blocks)};
    if (shipment.device) {
        send.device = registry_.at(*shipment.device).record.id;
    } else {
        for (const auto block : send.blocks) {
            shared_at_[{shipment.artifact.digest, block}] = step.now.instant;
        }
    }
    step.immediately(std::move(send));
}

}  // namespace frugal::core
