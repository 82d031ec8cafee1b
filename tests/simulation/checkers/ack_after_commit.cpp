// SPDX-License-Identifier: Apache-2.0
// I3: an ack leaves the gateway only after the commit of everything it covers, and the acks of a
// stream never go down.
#include <fmt/format.h>

#include "simulation/checkers/make.hpp"

namespace frugal::simulation {

namespace {

class AckAfterCommit final : public Checker {
public:
    using Checker::Checker;

    void on_committed(const core::WriteBatch& batch) override {
        for (const auto& stream : batch.streams) {
            committed_[stream.id.value] = stream.next_sequence;
        }
    }

    void on_loaded(const DatabaseView& database) override {
        committed_.clear();
        sent_.clear();
        for (const auto& stream : database.streams) {
            committed_[stream.id.value] = stream.next_sequence;
        }
    }

    void on_send(const base::DeviceId& device, const core::DownMessage& message,
                 std::size_t) override {
        const auto* ack = std::get_if<core::Ack>(&message);
        if (ack == nullptr) {
            return;
        }
        const auto id = ack->stream.value;
        const auto durable = committed_.contains(id) ? committed_[id] : 0;
        if (ack->next_sequence > durable) {
            trace_.violate("I3", fmt::format("{} stream {:x}: ack {} leaves, {} is committed",
                                             device.text(), id, ack->next_sequence, durable));
        }
        auto& last = sent_[id];
        if (ack->next_sequence < last) {
            trace_.violate("I3", fmt::format("{} stream {:x}: ack {} after {}", device.text(), id,
                                             ack->next_sequence, last));
        }
        last = std::max(last, ack->next_sequence);
    }

private:
    std::map<std::uint64_t, std::uint64_t> committed_;
    std::map<std::uint64_t, std::uint64_t> sent_;  ///< by this process
};

}  // namespace

std::unique_ptr<Checker> make_ack_after_commit(const Oracle& o, Trace& t, const Options& s) {
    return std::make_unique<AckAfterCommit>(o, t, s);
}

}  // namespace frugal::simulation
