// SPDX-License-Identifier: Apache-2.0
// I6: a device boots after any cut, and once it had a confirmed model it always boots with one. A
// device with one slot may be without from the moment it gives that up for the next model, in a
// record of its own, until it has confirmed one again; that it gets one is I18.
#include <set>

#include <fmt/format.h>

#include "simulation/checkers/make.hpp"

namespace frugal::simulation {

namespace {

class NeverBricked final : public Checker {
public:
    using Checker::Checker;

    void on_wiped(std::size_t device) override {
        had_model_.erase(device);
        has_given_up_.erase(device);
    }

    void on_boot(const DeviceView& device, fr_status_t status) override {
        if (status != FR_OK) {
            trace_.violate("I6", fmt::format("{} does not boot: status {}", device.name,
                                             static_cast<int>(status)));
            return;
        }
        if (device.node.tasks[0].loaded.release != 0 || !had_model_.contains(device.index)) {
            return;
        }
        if (!has_one_slot(device) || !has_given_up_.contains(device.index)) {
            trace_.violate("I6", fmt::format("{} boots without a model", device.name));
        }
    }

    // The record that gives the slot up is an operation like any other: a cut may leave it whole.
    void on_flash(const DeviceView& device, std::uint32_t, std::uint32_t) override {
        if (device.node.state.tasks[0].is_rewriting != 0) {
            has_given_up_.insert(device.index);
        }
    }

    void on_step(const DeviceView& device) override {
        const auto& task = device.node.state.tasks[0];
        if (device.node.is_booted == 0) {
            return;
        }
        if (task.is_rewriting != 0) {
            has_given_up_.insert(device.index);
        } else if (task.confirmed >= 0) {
            had_model_.insert(device.index);
            has_given_up_.erase(device.index);
        }
    }

private:
    static bool has_one_slot(const DeviceView& device) {
        return device.node.layout.slot_count == 1;
    }

    std::set<std::size_t> had_model_;
    std::set<std::size_t> has_given_up_;
};

}  // namespace

std::unique_ptr<Checker> make_never_bricked(const Oracle& o, Trace& t, const Options& s) {
    return std::make_unique<NeverBricked>(o, t, s);
}

}  // namespace frugal::simulation
