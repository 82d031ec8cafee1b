// SPDX-License-Identifier: Apache-2.0
// I9: the slot confirmed last, and the slot that runs, are never erased or written.
#include <fmt/format.h>

#include "simulation/checkers/make.hpp"

namespace frugal::simulation {

namespace {

class ConfirmedSlot final : public Checker {
public:
    using Checker::Checker;

    void on_flash(const DeviceView& device, std::uint32_t offset, std::uint32_t size) override {
        const auto& layout = device.node.layout;
        const auto& task = device.node.state.tasks[0];
        for (const int slot : {task.confirmed, task.active}) {
            const auto start = layout.slots + static_cast<std::uint32_t>(slot) * layout.slot_bytes;
            if (slot >= 0 && offset < start + layout.slot_bytes && offset + size > start) {
                trace_.violate("I9", fmt::format("{}: slot {} is written at {} while it is the "
                                                 "confirmed or the running one",
                                                 device.name, slot, offset));
            }
        }
    }
};

}  // namespace

std::unique_ptr<Checker> make_confirmed_slot(const Oracle& o, Trace& t, const Options& s) {
    return std::make_unique<ConfirmedSlot>(o, t, s);
}

}  // namespace frugal::simulation
