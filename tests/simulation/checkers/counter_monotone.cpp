// SPDX-License-Identifier: Apache-2.0
// I8: the anti-rollback counter never goes down, and grows only for a confirmed model.
#include <fmt/format.h>

#include "simulation/checkers/make.hpp"

namespace frugal::simulation {

namespace {

class CounterMonotone final : public Checker {
public:
    using Checker::Checker;

    void on_wiped(std::size_t device) override { burned_.erase(device); }
    void on_boot(const DeviceView& device, fr_status_t status) override {
        if (status == FR_OK) {
            on_step(device);
        }
    }

    void on_step(const DeviceView& device) override {
        const auto& task = device.node.state.tasks[0];
        // A clone starts with what it copied.
        auto& last = burned_.emplace(device.index, task.burned_counter).first->second;
        if (task.burned_counter < last) {
            trace_.violate("I8", fmt::format("{}: counter {} after {}", device.name,
                                             task.burned_counter, last));
        }
        if (task.burned_counter > last && task.active != task.confirmed) {
            trace_.violate("I8", fmt::format("{}: counter {} burned for an unconfirmed model",
                                             device.name, task.burned_counter));
        }
        last = task.burned_counter;
    }

private:
    std::map<std::size_t, std::uint32_t> burned_;
};

}  // namespace

std::unique_ptr<Checker> make_counter_monotone(const Oracle& o, Trace& t, const Options& s) {
    return std::make_unique<CounterMonotone>(o, t, s);
}

}  // namespace frugal::simulation
