// SPDX-License-Identifier: Apache-2.0
// I16: queues, batches and messages keep within their limits, and no node meets a state it calls
// impossible.
#include <fmt/format.h>

#include "core/config.hpp"
#include "simulation/checkers/make.hpp"

namespace frugal::simulation {

namespace {

constexpr std::size_t kAdminRows = 4096;  ///< what people's requests may add to a batch

class Bounded final : public Checker {
public:
    using Checker::Checker;

    void on_step(const DeviceView& device) override {
        if (device.node.counters.internal_errors != 0) {
            trace_.violate("I16", device.name + ": impossible state and event met");
        }
    }

    void on_send(const base::DeviceId& device, const core::DownMessage&,
                 std::size_t bytes) override {
        if (bytes > FR_MESSAGE_SIZE_MAX) {
            trace_.violate("I16", fmt::format("{} is sent {} bytes", device.text(), bytes));
        }
    }

    void on_committed(const core::WriteBatch& batch) override {
        if (batch.decision_rows > options_.batch_rows ||
            batch.rows() > options_.batch_rows + kAdminRows) {
            trace_.violate("I16", fmt::format("a batch of {} rows", batch.rows()));
        }
    }

    void on_overview(const core::Overview& view) override {
        const core::OffloadConfig limits;
        if (view.escalations.queued > options_.queue_limit ||
            view.escalations.queued_bytes > limits.queue_bytes ||
            view.escalations.running > limits.workers) {
            trace_.violate("I16", fmt::format("{} escalations queued, {} run",
                                              view.escalations.queued, view.escalations.running));
        }
    }
};

}  // namespace

std::unique_ptr<Checker> make_bounded(const Oracle& o, Trace& t, const Options& s) {
    return std::make_unique<Bounded>(o, t, s);
}

}  // namespace frugal::simulation
