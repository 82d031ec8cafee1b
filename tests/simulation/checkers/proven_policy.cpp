// SPDX-License-Identifier: Apache-2.0
// I28: a staged version comes in force for all by itself only if in each of its device classes some
// device was there to prove it: where all have policies of their own, a person takes it on.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "simulation/checkers/make.hpp"
#include "simulation/world/release_shelf.hpp"

namespace frugal::simulation {

namespace {

constexpr const char* kAny = "any";

/// What one record after the other made of the policies and of those who obey them.
struct Site {
    struct Device {
        std::string name;
        std::string label;
        std::string device_class;
    };
    std::map<std::string, Device> deciding{};         ///< enrolled, and decide the task
    std::map<std::string, std::uint32_t> in_force{};  ///< versions by class, also "any"
    std::set<std::pair<std::string, base::Audience>> overrides{};  ///< class, for whom; no ended
    std::map<std::uint32_t, std::set<std::string>> versions{};     ///< classes of their parts
    std::optional<core::PolicyRolloutRecord> rollout{};

    void apply(const core::DeviceRecord& record) {
        const bool decides = std::ranges::find(record.reported, kTask, &core::TaskState::task) !=
                             record.reported.end();
        deciding.erase(record.id.text());
        if (record.state == core::DeviceState::kEnrolled && record.capability && decides) {
            deciding[record.id.text()] = {record.id.text(), record.label,
                                          record.capability->device_class.text()};
        }
    }
    void apply(const core::PolicyRecord& record) {
        const std::pair key(record.device_class.text(), record.audience);
        if (record.audience.is_class()) {
            in_force[key.first] = record.policy;
        } else if (record.is_withdrawn) {
            overrides.erase(key);
        } else {
            overrides.insert(key);
        }
    }
    void apply(const core::PolicyRecordDropped& record) {
        overrides.erase({record.device_class.text(), record.audience});
    }
    void apply(const core::PolicyVersionRecord& record) {
        auto& classes = versions[record.version];
        classes.clear();
        for (const auto& part : record.parts) {
            classes.insert(part.device_class.text());
        }
    }
    void apply(const core::PolicyRolloutRecord& record) { rollout = record; }
    template <typename Other>
    void apply(const Other&) {}

    bool has_own(const Device& device) const {
        const auto& name = device.device_class;
        return overrides.contains({name, base::Audience::label(device.label)}) ||
               overrides.contains(
                   {name, base::Audience::device(*base::DeviceId::parse(device.name))});
    }
    /// Whether the version replaces what the class obeys: not its first policy, nor one for any in
    /// place of its own.
    bool concerns(std::uint32_t version, const std::string& device_class) const {
        const auto own = in_force.find(device_class);
        const auto present = own != in_force.end() ? own : in_force.find(kAny);
        const auto parts = versions.find(version);
        if (parts == versions.end() || present == in_force.end() || present->second == version) {
            return false;
        }
        return parts->second.contains(device_class) ||
               (own == in_force.end() && parts->second.contains(kAny));
    }
};

class ProvenPolicy final : public Checker {
public:
    using Checker::Checker;

    void on_committed(const core::WriteBatch& batch) override {
        const bool is_resumed = std::ranges::any_of(batch.records, [](const auto& record) {
            const auto* audit = std::get_if<core::AuditRecord>(&record);
            return audit != nullptr && audit->action == "policy.resume" &&
                   audit->actor != "gateway";
        });
        for (const auto& record : batch.records) {
            const auto* reached = std::get_if<core::PolicyVersionReached>(&record);
            if (reached != nullptr && !is_resumed) {
                judge(reached->version);
            }
            std::visit([this](const auto& one) { site_.apply(one); }, record);
        }
    }

    void on_loaded(const DatabaseView& database) override {
        site_ = {};
        const auto apply = [this](const auto& records) {
            std::ranges::for_each(records, [this](const auto& one) { site_.apply(one); });
        };
        apply(database.devices);
        apply(database.policies);
        apply(database.policy_versions);
        apply(database.policy_rollouts);
    }

private:
    void judge(std::uint32_t version) {
        const bool was_on_its_way = site_.rollout && site_.rollout->version == version &&
                                    site_.rollout->status == core::PolicyRolloutStatus::kRunning;
        if (!was_on_its_way) {
            return;
        }
        std::map<std::string, std::size_t> free;  ///< devices without their own, by class
        for (const auto& [name, device] : site_.deciding) {
            if (site_.concerns(version, device.device_class)) {
                free[device.device_class] += site_.has_own(device) ? 0 : 1;
            }
        }
        for (const auto& [device_class, devices] : free) {
            if (devices == 0) {
                trace_.violate("I28",
                               fmt::format("version {} came in force for class {}, all of whose "
                                           "devices have policies of their own",
                                           version, device_class));
            }
        }
        trace_.sometimes("staged policy in force by itself");
    }

    Site site_;
};

}  // namespace

std::unique_ptr<Checker> make_proven_policy(const Oracle& o, Trace& t, const Options& s) {
    return std::make_unique<ProvenPolicy>(o, t, s);
}

}  // namespace frugal::simulation
