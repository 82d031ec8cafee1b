// SPDX-License-Identifier: Apache-2.0
// I10: after an abort was answered, no device that had not confirmed the release is offered it.
#include <set>

#include <fmt/format.h>

#include "simulation/checkers/make.hpp"

namespace frugal::simulation {

namespace {

class BlastRadius final : public Checker {
public:
    using Checker::Checker;

    void on_step(const DeviceView& device) override {
        const auto& task = device.node.state.tasks[0];
        if (task.active == task.confirmed && device.node.tasks[0].loaded.release != 0) {
            confirmed_.insert({device.name, device.node.tasks[0].loaded.release});
        }
    }

    void on_abort_done(std::uint32_t counter) override { aborted_.insert(counter); }

    void on_loaded(const DatabaseView&) override {
        if (oracle_.had_amnesia) {
            aborted_.clear();  // the abort itself may be forgotten
        }
    }

    void on_send(const base::DeviceId& device, const core::DownMessage& message,
                 std::size_t) override {
        const auto* desired = std::get_if<core::Desired>(&message);
        if (desired == nullptr) {
            return;
        }
        for (const auto& task : desired->tasks) {
            const auto counter = task.manifest ? task.manifest->content().counter : 0;
            if (aborted_.contains(counter) && !confirmed_.contains({device.text(), counter})) {
                trace_.violate("I10", fmt::format("{} is offered counter {} after its rollout was "
                                                  "aborted",
                                                  device.text(), counter));
            }
        }
    }

private:
    std::set<std::uint32_t> aborted_;
    std::set<std::pair<std::string, std::uint32_t>> confirmed_;
};

}  // namespace

std::unique_ptr<Checker> make_blast_radius(const Oracle& o, Trace& t, const Options& s) {
    return std::make_unique<BlastRadius>(o, t, s);
}

}  // namespace frugal::simulation
