// SPDX-License-Identifier: Apache-2.0
// I27: a device is sent a version of the policy to obey only if it is entitled to it: it is in
// force for itself, for its label or for its class, in this order, or on its way to the share of
// the devices that this one belongs to; one to evaluate only while it is in the shadow. After a
// policy of its own it obeys what its label or class does, under a number above. What it obeys it
// was entitled to once. For whose model a form is made is I32's business. When all is at rest, who
// can be reached obeys and evaluates what it should, and the highest id that a device ever accepted
// is never forgotten.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "core/offload/policy_comparison.hpp"
#include "frugal/policy.h"
#include "frugal/store.h"
#include "simulation/checkers/make.hpp"
#include "simulation/world/release_shelf.hpp"

namespace frugal::simulation {

namespace {

/// What one commit after the other made of the policy; the newest is what counts at rest.
struct Site {
    struct Override {
        base::Bytes content{};
        bool is_withdrawn = false;
    };
    std::map<std::string, base::Bytes> in_force{};  ///< by device class, also "any"
    std::map<std::pair<std::string, base::Audience>, Override> overrides{};  ///< class, for whom
    std::map<std::string, std::string> classes{};                            ///< by device
    std::map<std::string, std::string> labels{};                             ///< by device
    std::map<std::uint32_t, std::map<std::string, base::Bytes>> versions{};  ///< parts by class
    std::uint32_t candidate = 0;                                             ///< 0: none
    std::uint32_t share = 0;
    std::set<std::string> enrolled{};

    /// Each returns whether a device's policy may be another one now.
    bool apply(const core::PolicyRecord& record) {
        if (record.audience.is_class()) {
            in_force[record.device_class.text()] = without_model(record.blob->content());
        } else {
            overrides[{record.device_class.text(), record.audience}] = {
                without_model(record.blob->content()), record.is_withdrawn};
        }
        return true;
    }
    bool apply(const core::PolicyRecordDropped& record) {
        overrides.erase({record.device_class.text(), record.audience});
        return true;
    }
    bool apply(const core::PolicyVersionRecord& record) {
        auto& parts = versions[record.version];
        parts.clear();  // another one had the number, in a database that was lost
        for (const auto& part : record.parts) {
            parts[part.device_class.text()] = without_model(part.blob->content());
        }
        return false;
    }
    bool apply(const core::PolicyRolloutRecord& record) {
        const bool is_open = record.status == core::PolicyRolloutStatus::kRunning ||
                             record.status == core::PolicyRolloutStatus::kHalted;
        candidate = is_open ? record.version : 0;
        share = is_open ? record.steps[record.step].permyriad : 0;
        return true;
    }
    bool apply(const core::DeviceRecord& record) {
        labels[record.id.text()] = record.label;
        if (record.state == core::DeviceState::kEnrolled && record.capability) {
            enrolled.insert(record.id.text());
        } else {
            enrolled.erase(record.id.text());
        }
        return false;
    }
    template <typename Other>
    bool apply(const Other&) {
        return false;
    }
};

/// Of the parts by class, the one for this class; null for none.
const base::Bytes* part_of(const std::map<std::string, base::Bytes>& parts,
                           const std::string& device_class) {
    const auto own = parts.find(device_class);
    const auto found = own != parts.end() ? own : parts.find("any");
    return found == parts.end() ? nullptr : &found->second;
}

std::uint32_t id_of(const base::Bytes& content) {
    return fr_policy_id(content.data(), content.size());
}

/// Of its label and of itself, as far as there is one; withdrawn ones too.
std::vector<const Site::Override*> overrides_of(const Site& site, const std::string& device) {
    std::vector<const Site::Override*> overrides;
    const auto label = site.labels.find(device);
    for (const auto& audience :
         {base::Audience::label(label != site.labels.end() ? label->second : ""),
          base::Audience::device(*base::DeviceId::parse(device))}) {
        const auto own = site.overrides.find({site.classes.at(device), audience});
        if (own != site.overrides.end()) {
            overrides.push_back(&own->second);
        }
    }
    return overrides;
}

/// What it is to obey, but for a candidate; null for none.
const base::Bytes* in_force_for(const Site& site, const std::string& device) {
    const auto* chosen = part_of(site.in_force, site.classes.at(device));
    for (const auto* own : overrides_of(site, device)) {
        if (!own->is_withdrawn || chosen == nullptr || id_of(own->content) > id_of(*chosen)) {
            chosen = &own->content;
        }
    }
    return chosen;
}

// Who has a policy of its own is not concerned by what is staged for classes, nor is a class that
// has one by what is staged for any.
const base::Bytes* part_of_candidate(const Site& site, const std::string& device) {
    const auto& device_class = site.classes.at(device);
    if (std::ranges::any_of(overrides_of(site, device),
                            [](const auto* own) { return !own->is_withdrawn; })) {
        return nullptr;
    }
    const auto found = site.versions.find(site.candidate);
    if (found == site.versions.end() ||
        (site.in_force.contains(device_class) && !found->second.contains(device_class))) {
        return nullptr;
    }
    return part_of(found->second, device_class);
}

/// To be evaluated beside the one in force; null for none.
const base::Bytes* shadow_of(const Site& site, const std::string& device) {
    const auto* content = site.share == 0 ? part_of_candidate(site, device) : nullptr;
    const auto* obeyed = in_force_for(site, device);
    return content != nullptr && (obeyed == nullptr || *obeyed != *content) ? content : nullptr;
}

/// What devices may be given, in some states of the site.
struct Entitlement {
    using Policy = std::pair<std::string, base::Bytes>;  ///< device, content

    std::set<Policy> in_force{};
    std::map<Policy, std::uint32_t> shares{};  ///< largest, permyriad
    std::set<Policy> shadows{};

    void add(const Site& site) {
        for (const auto& [name, device_class] : site.classes) {
            if (const auto* content = in_force_for(site, name)) {
                in_force.insert({name, *content});
            }
            if (const auto* content = part_of_candidate(site, name)) {
                auto& share = shares[{name, *content}];
                share = std::max(share, site.share);
            }
            if (const auto* content = shadow_of(site, name)) {
                shadows.insert({name, *content});
            }
        }
    }
};

class StagedPolicy final : public Checker {
public:
    using Checker::Checker;

    // What waited for this commit was decided somewhere between the one before and its end.
    void on_committed(const core::WriteBatch& batch) override {
        present_ = {};
        present_.add(site_);
        for (const auto& record : batch.records) {
            if (std::visit([this](const auto& one) { return site_.apply(one); }, record)) {
                entitle();
            }
        }
    }

    // What was committed by a process that died of it is known only now.
    void on_loaded(const DatabaseView& database) override {
        auto classes = std::move(site_.classes);
        site_ = {};
        site_.classes = std::move(classes);
        present_ = {};
        const auto apply = [this](const auto& records) {
            std::ranges::for_each(records, [this](const auto& one) { site_.apply(one); });
        };
        apply(database.devices);
        apply(database.policies);
        apply(database.policy_versions);
        apply(database.policy_rollouts);
        entitle();
    }

    void on_send(const base::DeviceId& device, const core::DownMessage& message,
                 std::size_t) override {
        const auto* desired = std::get_if<core::Desired>(&message);
        if (desired == nullptr || !site_.classes.contains(device.text())) {
            return;
        }
        for (const auto& task : desired->tasks) {
            if (task.policy != nullptr) {
                judge(present_, device.text(), without_model(task.policy->content()), "is sent");
            }
            if (task.shadow != nullptr) {
                trace_.sometimes("policy in the shadow");
                judge_shadow(device.text(), without_model(task.shadow->content()));
            }
        }
    }

    void on_boot(const DeviceView& device, fr_status_t status) override {
        if (status == FR_OK) {
            on_step(device);
        }
    }
    void on_wiped(std::size_t device) override { devices_.erase(device); }
    void on_power_off(std::size_t device) override { devices_[device].is_on = false; }

    void on_step(const DeviceView& view) override {
        auto& device = devices_[view.index];
        const auto& task = view.node.state.tasks[0];
        device.name = view.name;
        device.is_on = true;
        device.is_cloned = view.is_cloned;
        device.has_model = task.active >= 0;
        if (auto& own = site_.classes[view.name]; own != view.node.config->device_class) {
            own = view.node.config->device_class;
            entitle();
        }
        if (task.policy_floor < device.floor) {
            trace_.violate("I27", fmt::format("{} accepted policy {}, and now forgot all above {}",
                                              view.name, device.floor, task.policy_floor));
        }
        device.floor = task.policy_floor;
        const auto shadow = content_at(view.node, fr_record_shadow(0));
        device.evaluates.assign(shadow.begin(), shadow.end());
        const auto obeyed = obeyed_by(view.node);
        if (!std::equal(obeyed.begin(), obeyed.end(), device.obeys.begin(), device.obeys.end())) {
            device.obeys.assign(obeyed.begin(), obeyed.end());
            if (!device.obeys.empty()) {
                judge(once_, view.name, device.obeys, "obeys");
            }
        }
    }

    std::string unsettled() const override {
        for (const auto& [index, device] : devices_) {
            if (!is_expected(device)) {
                continue;
            }
            const auto* shadow = shadow_of(site_, device.name);
            if (device.evaluates != (shadow != nullptr ? *shadow : base::Bytes())) {
                return fmt::format("{} evaluates policy {} instead of {}", device.name,
                                   id_of(device.evaluates), shadow != nullptr ? id_of(*shadow) : 0);
            }
            const auto* wanted = wanted_of(device.name);
            if (wanted != nullptr && *wanted != device.obeys) {
                return fmt::format("{} obeys policy {} instead of {}", device.name,
                                   id_of(device.obeys), id_of(*wanted));
            }
        }
        return {};
    }

    void on_end(const DatabaseView&) override {
        if (const auto why = unsettled(); !why.empty()) {
            trace_.violate("I27", why + " for good");
        }
    }

private:
    struct Device {
        std::string name{};
        bool is_on = false;
        bool is_cloned = false;
        bool has_model = false;
        std::uint32_t floor = 0;
        base::Bytes obeys{};
        base::Bytes evaluates{};
    };

    static base::Bytes content_at(const fr_node_t& node, std::uint32_t key) {
        std::uint32_t size = 0;
        const auto* record = fr_record_log_get(&node.records, key, &size);
        return record == nullptr || size <= FR_SIGNATURE_SIZE
                   ? base::Bytes()
                   : without_model({record + FR_SIGNATURE_SIZE, size - FR_SIGNATURE_SIZE});
    }

    static base::Bytes obeyed_by(const fr_node_t& node) {
        const auto slot = node.state.tasks[0].active;
        return slot < 0 ? base::Bytes()
                        : content_at(node, fr_record_policy(0, static_cast<std::uint32_t>(slot)));
    }

    void entitle() {
        present_.add(site_);
        once_.add(site_);
    }

    void judge(const Entitlement& entitled, const std::string& device, const base::Bytes& content,
               const char* what) {
        const auto id = id_of(content);
        const auto share = entitled.shares.find({device, content});
        const auto place = core::policy_place(*base::DeviceId::parse(device), id);
        if (share != entitled.shares.end() && place < share->second) {
            trace_.sometimes("staged policy with its share");
        } else if (!entitled.in_force.contains({device, content})) {
            trace_.violate("I27", fmt::format("{} of class {} at place {} {} policy {}, which is "
                                              "for the first {}",
                                              device, site_.classes.at(device), place, what, id,
                                              share != entitled.shares.end() ? share->second : 0));
        }
    }

    void judge_shadow(const std::string& device, const base::Bytes& content) {
        if (!present_.shadows.contains({device, content})) {
            trace_.violate("I27",
                           fmt::format("{} of class {} is sent policy {} to evaluate, which is not "
                                       "in the shadow",
                                       device, site_.classes.at(device), id_of(content)));
        }
    }

    // A database from a backup may know less than the devices, until somebody sets a policy anew.
    bool is_expected(const Device& device) const {
        const bool is_behind = oracle_.had_amnesia && !options_.has_staged_policies;
        return !is_behind && device.is_on && !device.is_cloned && device.has_model &&
               site_.enrolled.contains(device.name);
    }

    const base::Bytes* wanted_of(const std::string& device) const {
        const auto* content = part_of_candidate(site_, device);
        const auto place = core::policy_place(*base::DeviceId::parse(device), site_.candidate);
        return content != nullptr && place < site_.share ? content : in_force_for(site_, device);
    }

    Site site_;
    Entitlement present_;  ///< since the commit before the last
    Entitlement once_;     ///< a device may have got it then, or get it late
    std::map<std::size_t, Device> devices_;
};

}  // namespace

std::unique_ptr<Checker> make_staged_policy(const Oracle& o, Trace& t, const Options& s) {
    return std::make_unique<StagedPolicy>(o, t, s);
}

}  // namespace frugal::simulation
