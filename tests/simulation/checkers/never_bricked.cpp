// SPDX-License-Identifier: Apache-2.0
// I6: a device boots after any cut, and once it had a confirmed model it always boots with one.
#include <set>

#include <fmt/format.h>

#include "simulation/checkers/make.hpp"

namespace frugal::simulation {

namespace {

class NeverBricked final : public Checker {
public:
    using Checker::Checker;

    void on_wiped(std::size_t device) override { had_model_.erase(device); }

    void on_boot(const DeviceView& device, fr_status_t status) override {
        if (status != FR_OK) {
            trace_.violate("I6", fmt::format("{} does not boot: status {}", device.name,
                                             static_cast<int>(status)));
            return;
        }
        if (had_model_.contains(device.index) && device.node.tasks[0].loaded.release == 0) {
            trace_.violate("I6", fmt::format("{} boots without a model", device.name));
        }
    }

    void on_step(const DeviceView& device) override {
        if (device.node.is_booted && device.node.state.tasks[0].confirmed >= 0) {
            had_model_.insert(device.index);
        }
    }

private:
    std::set<std::size_t> had_model_;
};

}  // namespace

std::unique_ptr<Checker> make_never_bricked(const Oracle& o, Trace& t, const Options& s) {
    return std::make_unique<NeverBricked>(o, t, s);
}

}  // namespace frugal::simulation
