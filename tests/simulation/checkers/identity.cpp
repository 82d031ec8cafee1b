// SPDX-License-Identifier: Apache-2.0
// I13: every row and every stream belongs to the device whose certificate brought it. I14: nothing
// of a revoked device is stored after the revocation was answered.
#include <fmt/format.h>

#include "simulation/checkers/make.hpp"

namespace frugal::simulation {

namespace {

class Identity final : public Checker {
public:
    using Checker::Checker;

    void on_revoked(const std::string& device) override { revoked_.emplace(device, 0); }

    void on_committed(const core::WriteBatch& batch) override {
        for (const auto& record : batch.records) {
            if (const auto* device = std::get_if<core::DeviceRecord>(&record)) {
                names_[core::index_of(device->number)] = device->id.text();
            }
        }
        for (const auto& run : batch.decisions) {
            const auto& name = names_[core::index_of(run.device)];
            if (revoked_.contains(name)) {
                trace_.violate("I14", "decisions of " + name + " stored after its revocation");
            }
        }
    }

    void on_loaded(const DatabaseView& database) override {
        if (oracle_.had_amnesia) {
            revoked_.clear();  // a backup from before the revocation
        }
        for (const auto& device : database.devices) {
            names_[core::index_of(device.number)] = device.id.text();
        }
        for (const auto& stream : database.streams) {
            const auto truth = oracle_.streams.find(stream.id.value);
            const auto& name = names_[core::index_of(stream.device)];
            if (truth == oracle_.streams.end() || truth->second.device != name) {
                trace_.violate("I13",
                               fmt::format("stream {:x} is kept as {}'s", stream.id.value, name));
            }
        }
        for (const auto& row : database.rows) {
            const auto truth = oracle_.streams.find(row.stream.value);
            if (truth != oracle_.streams.end() && truth->second.device != row.device.text()) {
                trace_.violate("I13", fmt::format("a decision of {} is kept as {}'s",
                                                  truth->second.device, row.device.text()));
                return;
            }
        }
    }

private:
    std::map<std::uint32_t, std::string> names_;
    std::map<std::string, std::uint64_t> revoked_;
};

}  // namespace

std::unique_ptr<Checker> make_identity(const Oracle& o, Trace& t, const Options& s) {
    return std::make_unique<Identity>(o, t, s);
}

}  // namespace frugal::simulation
