// SPDX-License-Identifier: Apache-2.0
// What can be rolled out and answered: tasks, releases, policies, edge models. Owned by the core.
// Releases are shared by pointer and never change in place: one that gets more encodings is another
// record with the same number, and whoever holds the old one keeps it as it was.
#pragma once

#include <map>
#include <memory>
#include <tuple>
#include <vector>

#include "core/config.hpp"
#include "core/journal.hpp"
#include "core/snapshot.hpp"

namespace frugal::core {

using ReleasePointer = std::shared_ptr<const ReleaseRecord>;

class Catalogue {
public:
    Catalogue(Snapshot& snapshot, Journal& journal, const RolloutConfig& config);

    /// kInvalidInput.
    base::Result<Done> define_task(const Step& step, const std::string& actor,
                                   DefineTask&& command);

    /// kInvalidInput, kConflict (numbers taken by somebody else), kLimit.
    base::Result<ReleaseImported> import(const Step& step, const std::string& actor,
                                         ImportRelease&& command,
                                         std::optional<ReleaseNumber> restores = {});
    /// All or none of them; what a variant has already is left out. Errors: see AddEncodings.
    base::Result<Done> add_encodings(const Step& step, const std::string& actor,
                                     AddEncodings&& command);
    base::Result<Done> set_edge_model(const Step& step, const std::string& actor,
                                      SetEdgeModel&& command);
    /// In force for its task and class from now on. Versions are the PolicyDesk's.
    void put_policy(const Step& step, PolicyRecord policy);
    void drop_policy(const Step& step, const PolicyRecord& policy);

    const ReleaseRecord& release(ReleaseNumber number) const;
    ReleasePointer find_release(const base::ModelName& model, std::uint32_t release) const;
    ReleasePointer pointer(ReleaseNumber number) const { return releases_[index_of(number)]; }
    const std::vector<ReleasePointer>& releases() const { return releases_; }

    ReleasePlan plan(const base::ModelName& model, std::uint32_t task) const;

    const TaskRecord* task(std::uint32_t task) const;
    const EdgeModelRecord* edge_model(std::uint32_t task) const;
    /// The policy for a device class, or the one for "any"; null if there is none.
    const PolicyRecord* policy(std::uint32_t task, const base::ClassName& device_class,
                               const base::Audience& audience = {}) const;
    /// What this device obeys, but for a version on its way: its own override, its label's, or its
    /// class's policy. A withdrawn override counts while it is the newest. Null if there is none,
    /// or the device has not told its class. Overrides more specific than `most` are left out.
    const PolicyRecord* policy_of(std::uint32_t task, const DeviceRecord& device,
                                  base::Audience::Kind most = base::Audience::Kind::kDevice) const;
    /// What devices of the class obey below an override for `audience`; `label` is that of the
    /// device if it is for one. Null if there is none.
    const PolicyRecord* policy_below(std::uint32_t task, const base::ClassName& device_class,
                                     const base::Audience& audience,
                                     const std::string& label) const;
    /// The most specific override for it that is not withdrawn; null for none.
    const PolicyRecord* override_of(std::uint32_t task, const DeviceRecord& device) const;
    /// In order of class and audience; withdrawn ones too.
    std::vector<const PolicyRecord*> overrides(std::uint32_t task) const;
    /// Whether the task or a policy of it in force limits what a group may escalate.
    bool has_group_share(std::uint32_t task) const;
    TaskList list() const;

private:
    base::Result<void> check_import(const ImportRelease& command, bool is_permit) const;
    const PolicyRecord* chosen(std::uint32_t task, const base::ClassName& device_class,
                               const std::vector<base::Audience>& audiences) const;

    std::map<std::uint32_t, TaskRecord> tasks_;
    std::vector<ReleasePointer> releases_;  ///< by number
    std::map<std::uint32_t, EdgeModelRecord> edge_models_;
    using PolicyKey = std::tuple<std::uint32_t, base::ClassName, base::Audience>;
    std::map<PolicyKey, PolicyRecord> policies_;
    bool has_overrides_ = false;  ///< or had: who never had one looks for none
    Journal& journal_;
    RolloutConfig config_;
};

}  // namespace frugal::core
