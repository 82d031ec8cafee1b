// SPDX-License-Identifier: Apache-2.0
// Keeps every version of the tasks' policies and leads a new one to the devices: in the shadow, by
// shares of the fleet, or at once; and stops by itself when the devices that obey it do worse than
// those that do not. Owned by the core. Never signs or compiles, never tells devices (RolloutDesk
// does, by take_changes()), compares with integers only. Windows of a comparison begin anew with
// every step and every start of the process.
#pragma once

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "core/catalogue.hpp"
#include "core/config.hpp"
#include "core/fleet/registry.hpp"
#include "core/journal.hpp"
#include "core/offload/policy_bindings.hpp"
#include "core/offload/policy_comparison.hpp"
#include "core/offload/policy_numbers.hpp"

namespace frugal::core {

/// Devices of the classes of `version` whose place in its order lies in [from, until) are told.
struct PolicyChange {
    PolicyVersionPointer version;
    std::uint32_t from = 0;
    std::uint32_t until = kWholeFleet;
};

class PolicyDesk {
public:
    PolicyDesk(Snapshot& snapshot, Registry& registry, Catalogue& catalogue, Journal& journal,
               WorkNumbers& works, const PolicyConfig& config);

    /// Once, before anything else: steps under way begin anew, and what was seen before counts for
    /// none.
    void boot(const Step& step);

    /// kInvalidInput; kConflict if the number is not above every version's; of an override also
    /// kNotFound and kLimit.
    base::Result<PolicySet> set(const Step& step, const std::string& actor, SetPolicy&& command);
    /// kNotFound, kConflict.
    base::Result<Done> resume(const Step& step, const std::string& actor,
                              const ResumePolicyRollout& command);
    /// The newest version of a task that a device says it accepted: it takes no older one.
    struct Accepted {
        std::uint32_t task = 0;
        std::uint32_t version = 0;
    };
    /// By its hello, once the rest of it is known: no new version gets a number that it would
    /// refuse, and who obeys another one since it started again is not compared.
    void on_hello(const Step& step, Device& device, const std::vector<Accepted>& accepted);
    /// What the devices say they obey; before it is the device's last one.
    void on_health(const Step& step, Device& device, const Health& health);
    /// What the tasks of a device came to since the step began; each batch once.
    void on_decisions(const Step& step, const Device& device, const Decisions& decisions);
    /// The learner found that tasks kept local go wrong, by what it saw from `since` on: a staged
    /// policy that was obeyed all that time goes no further. What went wrong before is not its
    /// doing, nor is what nobody can date because a process before saw it.
    void on_alarm(const Step& step, std::uint32_t task, std::optional<base::Instant> since);
    void on_time(const Step& step);
    std::optional<base::Instant> next_deadline() const;

    /// Who is to be told of what happened since the last call.
    std::vector<PolicyChange> take_changes() { return std::exchange(changes_, {}); }

    /// What this device is to obey and to evaluate beside it.
    struct Choice {
        SignedPointer blob;
        std::uint32_t version = 0;
    };
    std::optional<Choice> in_force(const Device& device, std::uint32_t task) const;
    std::optional<Choice> in_shadow(const Device& device, std::uint32_t task) const;
    /// The form of this choice for a model; null if there is none yet, or if none can be made: then
    /// the device decides alone.
    SignedPointer form_for(const Choice& choice, std::uint32_t task,
                           const base::Digest& model) const;
    /// Has what is chosen for the device made for the model that it runs, or will run; true while
    /// an answer is to come.
    bool bind(const Step& step, const Device& device, std::uint32_t task,
              const base::Digest& model);
    /// A choice and a model whose devices can be told now.
    std::optional<PolicyBindings::Pair> on_bound(const Step& step, PolicyBound&& done);
    /// Likewise, for choices whose forms did not come in time.
    std::vector<PolicyBindings::Pair> give_up_waiting(const Step& step);
    /// The task changed: what could not be made before is tried again, for the devices of these.
    std::vector<PolicyBindings::Pair> forget_failed(std::uint32_t task);
    /// Tasks of this health without the versions chosen for them, as far as telling again may help:
    /// no device goes back to an older one.
    std::vector<PolicyGap> gaps(const Device& device, const Health& health) const;

    std::uint32_t next_policy() const { return numbers_.next(); }
    /// TaskList::owner_changes.
    const std::map<std::uint32_t, std::uint32_t>& owner_changes() const { return owner_changes_; }
    PolicyHistory history(std::uint32_t task, const base::Audience& audience = {}) const;
    /// kNotFound if no policy of the task was ever staged.
    base::Result<PolicyRolloutView> view(std::uint32_t task, base::Instant now) const;

private:
    PolicyVersionPointer find_version(std::uint32_t task, std::uint32_t version) const;
    bool comes_of(const PolicyVersionRecord& version, std::uint32_t obeyed,
                  const base::ClassName& device_class) const;
    void count_device(const Device& device, const PolicyVersionRecord& version,
                      PolicyRolloutView& view) const;
    struct Rollout {
        PolicyRolloutRecord record;
        PolicyVersionPointer version;
        base::Instant began{};  ///< the step, or this process
        /// Some devices obey it from then on, as far as this process knows.
        std::optional<base::Instant> obeyed_since{};
        bool is_due = false;      ///< its time is over, but too few decisions were compared
        base::Instant counted{};  ///< if it is due: when all devices were counted last
        PolicyComparison comparison{};
    };

    void on_accepted(const Step& step, Device& device, const std::vector<Accepted>& accepted);
    base::Result<void> check(const SetPolicy& command) const;
    base::Result<std::vector<base::ClassName>> narrow(SetPolicy& command) const;
    base::Result<std::vector<PolicyObeyed>> obeyed_by(const base::Audience& audience,
                                                      std::uint32_t task) const;
    base::Result<std::vector<base::ClassName>> keep_classes(PolicyVersionRecord& version) const;
    base::Result<void> check_room(const PolicyVersionRecord& version) const;
    base::Result<void> check_withdrawn(const PolicyVersionRecord& version) const;
    const PolicyRecord* without(const base::Audience& audience, std::uint32_t task,
                                const base::ClassName& device_class) const;
    bool is_needed(const PolicyRecord& policy) const;
    void drop_withdrawn(const Step& step, std::uint32_t task);
    base::Result<void> check_learned(const PolicyVersionRecord& version) const;
    base::Result<void> check_replaced(const SetPolicy& command) const;
    bool apply_first(const Step& step, const PolicyVersionRecord& version);
    PolicyVersionPointer mark_in_force(const Step& step, const PolicyVersionPointer& version);
    void apply(const Step& step, const PolicyVersionPointer& version, std::uint32_t from);
    void stage(const Step& step, const std::string& actor, const PolicyVersionPointer& version,
               std::vector<PolicyStep> steps, std::uint32_t baseline);
    void enter(const Step& step, Rollout& rollout, std::uint32_t number);
    void recount(const Step& step, std::uint32_t task);
    bool go_on(const Step& step, Rollout& rollout);
    void halt(const Step& step, Rollout& rollout, PolicyHalt why);
    void end_rollout(const Step& step, std::uint32_t task);
    void thin(const Step& step, std::uint32_t task);
    const Rollout* open_rollout(std::uint32_t task) const;
    std::uint32_t skip_empty(const Rollout& rollout, std::uint32_t number) const;
    static bool leads_to_all(const Rollout& rollout);
    bool may_go_on(const Rollout& rollout) const;
    void note_ahead(const Step& step, Device& device, const std::vector<Accepted>& accepted) const;
    std::optional<base::Instant> deadline_of(const Rollout& rollout) const;
    std::optional<base::Instant> step_ends(const Rollout& rollout) const;
    std::set<std::uint32_t> needed(std::uint32_t task) const;

    std::map<std::uint32_t, std::vector<PolicyVersionPointer>> versions_;  ///< by task, ascending
    std::map<std::uint32_t, Rollout> rollouts_;                            ///< by task
    std::vector<PolicyChange> changes_;
    std::map<std::uint32_t, std::uint32_t> owner_changes_;  ///< by task
    PolicyNumbers numbers_;
    Registry& registry_;
    Catalogue& catalogue_;
    Journal& journal_;
    PolicyConfig config_;
    PolicyBindings bindings_;
    PolicyReach reach_;
};

}  // namespace frugal::core
