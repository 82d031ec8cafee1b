// SPDX-License-Identifier: Apache-2.0
// Joins the core's words with the learner's: which cell a device's decision belongs to, which
// policy is in force and how it may learn, what is stored. Owned by PolicyLearner, one thread at a
// time; no I/O. Never signs, sends or asks.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "app/canary_run.hpp"
#include "core/effect.hpp"
#include "policy/learn/site_learner.hpp"

namespace frugal::app {

/// Where a policy's rules come from, also those of a learned one.
struct AuthoredPolicy {
    std::string text;
    std::string release;  ///< "fashion@2": whose models it was compiled for
    /// Of device classes whose part comes from another text.
    std::map<base::ClassName, core::PolicySource> apart{};
};

AuthoredPolicy authored_of(const core::PolicyVersionRecord& version);

/// What the learner must know of the site, as the core tells it.
struct SiteKnowledge {
    core::TaskList tasks;
    core::ModelList models;
    std::map<std::uint32_t, AuthoredPolicy> authored;  ///< by the policy's id
};

/// What the core told since the last time.
struct LearnerNews {
    std::vector<core::Observed> answered;
    std::vector<core::DecisionsStored> decided;
};

class LearnerFeed {
public:
    explicit LearnerFeed(std::uint64_t seed) : learner_(seed) {}

    void remember(std::vector<core::LearningRecord> stored);
    void remember(const std::vector<core::CanaryRecord>& canaries);
    void know(SiteKnowledge knowledge);

    /// What labelled samples say of a pair of models; the cells that begin anew from it. None if
    /// the policy of the device class does not learn, or a person has set one since it was begun:
    /// `owner_changes` is core::TaskList's of then.
    std::vector<policy::StoredCell> register_pair(std::uint32_t task, const CanaryPair& pair,
                                                  std::uint32_t owner_changes = 0);

    /// Feeds the news; the observations come back complete, to be stored. Nothing is learned from
    /// devices that obey a version on its way, and their audits, of unknown rate, are left out.
    std::vector<core::ObservationRecord> take(LearnerNews&& news, base::Instant now = {});

    /// When a device of the cell was last heard to decide; absent if none was since the start.
    std::optional<base::Instant> last_seen(const policy::CellKey& key) const;
    /// Whether the cell's edge model is the one that answers now.
    bool is_served(const policy::CellKey& key) const;
    /// "fashion@2": the newest release that brings devices the cell's model; empty for none.
    std::string release_of(const policy::CellKey& key) const;

    /// Policies whose texts cannot be read any more, so that nothing is learned under them; each
    /// once.
    std::vector<base::Error> take_unreadable() { return std::exchange(unreadable_, {}); }

    /// Where a policy in force comes from, for this device class; empty if nobody told.
    core::PolicySource authored(std::uint32_t policy, const base::ClassName& device_class) const;

    policy::SiteLearner& learner() { return learner_; }

private:
    struct Place {
        policy::CellKey key;
        std::uint8_t audit_q8 = 0;
    };
    struct InForce {
        std::uint32_t policy = 0;
        std::uint8_t audit_q8 = 0;
        std::uint32_t model_tag = 0;  ///< of the model its tables are for; 0: any
    };
    using InForceMap = std::map<policy::PolicyScope, InForce>;
    /// Of the scope, or of "any" class in its place.
    InForceMap::const_iterator policy_of(const policy::PolicyScope& scope) const;
    /// A device that obeys a version on its way: nothing of that one is known here.
    bool is_ahead(const policy::PolicyScope& scope, std::uint32_t policy) const;
    /// Absent without a policy, an edge model, or a known model.
    std::optional<Place> place_of(const policy::PolicyScope& scope,
                                  const std::optional<base::Digest>& model,
                                  const base::Digest* edge_model) const;
    bool is_known(std::uint32_t task, const base::Digest& model) const;
    const core::EdgeModelRecord* edge_of(std::uint32_t task) const;
    policy::PolicyInForce in_force(const core::PolicyRecord& policy);
    void read_owner(const core::PolicySource& authored, const core::TaskRecord& task,
                    policy::PolicyInForce& policy);
    void note_unreadable(const policy::PolicyInForce& policy, const base::Error& error);

    SiteKnowledge knowledge_;
    InForceMap policies_;
    std::map<policy::CellKey, base::Instant> seen_;
    std::set<std::uint32_t> told_unreadable_;  ///< ids
    std::vector<base::Error> unreadable_;
    policy::SiteLearner learner_;
};

core::LearningRecord to_record(const policy::StoredCell& cell);
core::CanaryRecord to_record(std::uint32_t task, const CanaryPair& pair);

}  // namespace frugal::app
