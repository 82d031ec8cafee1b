// SPDX-License-Identifier: Apache-2.0
// I26: whatever policy a device decides by is one that the owner set, byte for byte, with its
// signature.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "frugal/policy.h"
#include "frugal/store.h"
#include "simulation/checkers/make.hpp"
#include "simulation/world/release_shelf.hpp"

namespace frugal::simulation {

namespace {

class AuthoredPolicy final : public Checker {
public:
    using Checker::Checker;

    void on_boot(const DeviceView& device, fr_status_t status) override {
        if (status == FR_OK) {
            on_step(device);
        }
    }

    void on_step(const DeviceView& device) override {
        const auto slot = device.node.state.tasks[0].active;
        if (slot < 0) {
            return;
        }
        std::uint32_t size = 0;
        const auto type = fr_record_policy(0, static_cast<std::uint32_t>(slot));
        const auto* record = fr_record_log_get(&device.node.records, type, &size);
        if (record == nullptr) {
            return;
        }
        if (size <= FR_SIGNATURE_SIZE) {
            trace_.violate("I26", device.name + " holds a policy without a signature");
            return;
        }
        const base::ByteView content(record + FR_SIGNATURE_SIZE, size - FR_SIGNATURE_SIZE);
        auto& last = last_[device.index];
        if (std::equal(content.begin(), content.end(), last.begin(), last.end())) {
            return;
        }
        last.assign(content.begin(), content.end());
        if (!ReleaseShelf::instance().has_policy(content)) {
            trace_.violate("I26", fmt::format("{} decides by a policy of {} bytes, id {}, that "
                                              "nobody set",
                                              device.name, content.size(),
                                              fr_policy_id(content.data(), content.size())));
        }
    }

private:
    std::map<std::size_t, base::Bytes> last_;  ///< checked, by device
};

}  // namespace

std::unique_ptr<Checker> make_authored_policy(const Oracle& o, Trace& t, const Options& s) {
    return std::make_unique<AuthoredPolicy>(o, t, s);
}

}  // namespace frugal::simulation
