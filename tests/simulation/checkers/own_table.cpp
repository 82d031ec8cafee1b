// SPDX-License-Identifier: Apache-2.0
// I32: a device never asks the edge by the gain table of another model than the one it runs: not
// between an update and the policy that follows it, nor after going back.
#include <map>
#include <set>

#include <fmt/format.h>

#include "frugal/policy.h"
#include "frugal/store.h"
#include "simulation/checkers/make.hpp"
#include "simulation/world/release_shelf.hpp"

namespace frugal::simulation {

namespace {

class OwnTable final : public Checker {
public:
    using Checker::Checker;

    void on_boot(const DeviceView& device, fr_status_t status) override {
        if (status == FR_OK) {
            on_step(device);
        }
    }
    void on_wiped(std::size_t device) override { devices_.erase(device); }

    // What it decides its next task by, from flash alone: the node is not asked what it believes.
    void on_step(const DeviceView& view) override {
        auto& device = devices_[view.index];
        device.name = view.name;
        device.has_foreign_table = false;
        fr_task_status_t status{};
        if (fr_node_task_status(&view.node, kTask, &status) != FR_OK || status.active_slot < 0) {
            return;
        }
        std::uint32_t size = 0;
        const auto slot = static_cast<std::uint32_t>(status.active_slot);
        const auto* record =
            fr_record_log_get(&view.node.records, fr_record_policy(0, slot), &size);
        if (record == nullptr || size <= FR_SIGNATURE_SIZE) {
            return;
        }
        const auto tag =
            fr_policy_model(record + FR_SIGNATURE_SIZE, size - FR_SIGNATURE_SIZE, kTask);
        const auto own = fr_policy_model_tag(status.model_digest);
        device.has_foreign_table = tag != 0 && tag != own;
        device.tag = tag;
        device.own = own;
        device.is_bound = tag != 0;
    }

    void on_asked(std::size_t index, std::uint32_t task) override {
        auto& device = devices_[index];
        if (task != kTask) {
            return;
        }
        if (device.has_foreign_table) {
            trace_.violate("I32",
                           fmt::format("{} runs model {:04x} and asks by the table of {:04x}",
                                       device.name, device.own, device.tag));
        }
        if (device.is_bound && device.asked_with.insert(device.own).second &&
            device.asked_with.size() > 1) {
            trace_.sometimes("asked under another model than before");
        }
    }

private:
    struct Device {
        std::string name{};
        bool has_foreign_table = false;
        bool is_bound = false;
        std::uint32_t tag = 0;
        std::uint32_t own = 0;
        std::set<std::uint32_t> asked_with{};  ///< models
    };
    std::map<std::size_t, Device> devices_;
};

}  // namespace

std::unique_ptr<Checker> make_own_table(const Oracle& o, Trace& t, const Options& s) {
    return std::make_unique<OwnTable>(o, t, s);
}

}  // namespace frugal::simulation
