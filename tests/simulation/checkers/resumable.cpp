// SPDX-License-Identifier: Apache-2.0
// I11: an interrupted transfer goes on where it was: good blocks are taken again only within one
// window for each interruption.
#include <algorithm>

#include <fmt/format.h>

#include "simulation/checkers/make.hpp"

namespace frugal::simulation {

namespace {

class Resumable final : public Checker {
public:
    using Checker::Checker;

    void on_wiped(std::size_t device) override { transfers_.erase(device); }

    void on_boot(const DeviceView& device, fr_status_t) override {
        auto& transfer = transfers_[device.index];
        transfer.counted = 0;
        ++transfer.interruptions;
    }

    void on_step(const DeviceView& device) override {
        auto& transfer = transfers_[device.index];
        const auto& staging = device.node.staging;
        const auto& counters = device.node.counters;
        fr_artifact_id_t artifact;
        if (staging.open == 0 || fr_staging_artifact(&staging, &artifact) != FR_OK) {
            transfer.counted = counters.blocks_received;
            return;
        }
        const std::string digest(artifact.digest, artifact.digest + FR_SHA256_SIZE);
        const auto held = fr_staging_blocks_held(&staging);
        // A block list that proves bad, or too many bad blocks, cost a fresh start.
        const bool is_restart = counters.blocks_bad != transfer.bad &&
                                (counters.blocks_received != transfer.counted || held == 0);
        if (digest != transfer.digest || is_restart || transfer.is_complete) {
            // Another artifact, or one that proved bad, begins anew and rightly so.
            transfer.digest = digest;
            transfer.taken = held;
            transfer.interruptions = 0;
            transfer.counted = counters.blocks_received;
        }
        transfer.taken += counters.blocks_received - transfer.counted;
        transfer.counted = counters.blocks_received;
        transfer.bad = counters.blocks_bad;
        transfer.is_complete = fr_staging_is_complete(&staging);
        check(device, transfer, staging);
    }

private:
    struct Transfer {
        std::string digest{};
        std::uint32_t taken = 0;
        std::uint32_t counted = 0;
        std::uint32_t bad = 0;
        std::uint32_t interruptions = 0;
        bool is_complete = false;
    };

    void check(const DeviceView& device, Transfer& transfer, const fr_staging_t& staging) {
        // Blocks of units not yet complete: at most one hole for each block of credit.
        const auto unit = std::max(device.sector_bytes, staging.block_bytes) / staging.block_bytes;
        const auto window = std::min(FR_FETCH_CREDIT_MAX,
                                     device.node.config->fetch_credit * std::max(unit, 1U) + unit);
        const auto allowed = staging.block_count + transfer.interruptions * window;
        if (transfer.taken > allowed) {
            trace_.violate(
                "I11", fmt::format("{}: {} good blocks taken for {}, {} interruptions", device.name,
                                   transfer.taken, staging.block_count, transfer.interruptions));
            transfer.taken = 0;
        }
    }

    std::map<std::size_t, Transfer> transfers_;
};

}  // namespace

std::unique_ptr<Checker> make_resumable(const Oracle& o, Trace& t, const Options& s) {
    return std::make_unique<Resumable>(o, t, s);
}

}  // namespace frugal::simulation
