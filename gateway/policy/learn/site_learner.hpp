// SPDX-License-Identifier: Apache-2.0
// The learner of a site: a cell for each (task, device class, device model, edge model) that is
// seen under a policy that learns. Takes what devices decided and what the edge answered, gives the
// policies to push and the cells to store. Owned by one thread; deterministic; no I/O, no clock.
// Never decides a task and never signs or sends: its caller does.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/audience.hpp"
#include "base/ids.hpp"
#include "policy/learn/learn_cell.hpp"

namespace frugal::policy {

/// Whom one policy is for.
struct PolicyScope {
    std::uint32_t task = 0;
    base::ClassName device_class;
    base::Audience audience{};  ///< of the class: a whole class, a label, a device
    auto operator<=>(const PolicyScope&) const = default;
};

struct CellKey {
    PolicyScope scope;
    base::Digest model{};       ///< what the devices run
    base::Digest edge_model{};  ///< what answers them
    auto operator<=>(const CellKey&) const = default;
};

/// A policy as it is in force.
struct PolicyInForce {
    PolicyScope scope;
    base::Bytes compiled;
    std::uint32_t id = 0;
    LearnTerms terms;
    std::uint32_t classes = 2;        ///< of the task
    std::uint32_t payload_bytes = 0;  ///< of one escalation
    /// What the owner's file says; absent if `compiled` is that file's and nothing in it is
    /// learned.
    std::optional<LearnablePart> owner{};
    /// What serves now; absent if it is not known. What was learned beside another one leads no
    /// more.
    std::optional<base::Digest> edge_model{};
    /// What devices with another model than `compiled` is for hold of this version: the owner's
    /// file as it is for that model. Without it, `owner`.
    std::function<std::optional<LearnablePart>(const base::Digest& model)> owner_for{};
};

/// What a cell wants its devices to hold. Made an ordinary policy by the caller, who then tells
/// on_pushed() or on_refused(); until then the scope is not asked again.
struct PolicyPush {
    CellKey cell;
    base::Bytes compiled;
    LearnablePart part;
    std::uint32_t id = 0;
    std::uint32_t replaces = 0;  ///< id of the policy it was made from
    bool is_alarm = false;
};

struct StoredCell {
    CellKey key;
    base::Bytes state;                     ///< at most LearnCell::kStateBytesMax
    std::vector<std::uint32_t> doubted{};  ///< devices that are not learned from
};

/// Something a person should know.
struct LearnEvent {
    CellKey cell;
    std::string what;  ///< one sentence
    bool is_alarm = false;
    /// Of an alarm: all that speaks for it came in from then on; absent if that is not known, as
    /// for what a process before gathered.
    std::optional<base::Instant> since{};
};

struct LearnerStep {
    std::vector<PolicyPush> pushes;
    std::vector<StoredCell> changed;  ///< cells whose window ended
    std::vector<LearnEvent> events;
};

class SiteLearner {
public:
    static constexpr std::size_t kCellsMax = 10'000;

    explicit SiteLearner(std::uint64_t seed) : seed_(seed) {}

    /// Every policy in force, again after every change of any. A policy with an id that was not
    /// pushed from here is the owner's: its cells begin anew from it.
    void set_policies(std::span<const PolicyInForce> policies);

    /// A pair of models of a task.
    struct PairKey {
        std::uint32_t task = 0;
        base::Digest model{};
        base::Digest edge_model{};
        auto operator<=>(const PairKey&) const = default;
    };
    /// A pair's canary; its cells begin anew from it, and come back to be stored. It holds until
    /// the owner sets another policy of the task, also for cells not seen yet. `owner_changes`: how
    /// often the owner had done so when it was measured; one from before is left out.
    std::vector<StoredCell> set_registration(const PairKey& pair, const Registration& registration,
                                             std::uint32_t owner_changes = 0);

    /// The owner has set another policy of the task so often, before set_policies(): what was
    /// measured earlier holds no more, whenever it is told.
    void owner_changed(std::uint32_t task, std::uint32_t changes);

    /// The cell is there from now on, as if devices had decided; not if its policy does not learn.
    void expect(const CellKey& key) { find_or_make(key); }

    /// What set_registration() was told before a restart: before any policy is.
    void remember(const PairKey& pair, const Registration& registration) {
        registrations_[pair] = {registration};
    }

    /// What was stored of a cell, to go on from when it is seen.
    void remember(StoredCell cell);

    /// Decisions that devices made themselves.
    struct LocalDecision {
        std::uint8_t confidence_q8 = 0;
        std::uint8_t local_class = 0;
    };
    void on_decisions(const CellKey& key, std::span<const LocalDecision> decisions);
    void on_answer(const CellKey& key, const AnsweredTask& task);

    /// Ends full windows and says what is to be done. Pushes take ids from `next_id` on.
    LearnerStep step(base::Instant now, std::uint32_t next_id);

    /// The scope's cells as they will be once the push is in force: stored in the same transaction.
    std::vector<StoredCell> stored_after(const PolicyPush& push) const;

    void on_pushed(const PolicyPush& push, base::Instant now);
    /// Not asked again for a minute.
    void on_refused(const PolicyPush& push, base::Instant now);

    const std::map<CellKey, LearnCell>& cells() const { return cells_; }
    std::size_t cells_refused() const { return cells_refused_; }
    std::size_t cells_remembered() const { return remembered_.size(); }  ///< not seen yet

private:
    LearnCell* find_or_make(const CellKey& key);
    void forget_scopes();
    void fade_siblings(const CellKey& key, std::uint32_t tasks);
    std::map<CellKey, LearnCell>::iterator lead_of(const PolicyInForce& policy);
    LearnablePart held_after(const CellKey& key, const PolicyPush& push) const;
    CellTerms terms_of(const CellKey& key, const PolicyInForce& policy) const;
    std::optional<PolicyPush> push_of(const PolicyScope& scope, const PolicyInForce& policy,
                                      base::Instant now, std::uint32_t id);
    void tell(const CellKey& key, const LearnCell& cell, std::vector<LearnEvent>& events);

    struct Told {
        std::uint32_t alarms = 0;
        std::uint32_t probes = 0;
        std::size_t doubted = 0;
    };
    struct Measured {
        Registration registration;
        std::uint32_t owner_changes = 0;  ///< when it was
    };

    std::uint64_t seed_;
    std::map<PolicyScope, PolicyInForce> policies_;
    std::map<PairKey, Measured> registrations_;
    std::map<std::uint32_t, std::uint32_t> owner_changes_;  ///< by task
    struct Remembered {
        base::Bytes state;
        std::vector<std::uint32_t> doubted;
    };
    std::map<CellKey, Remembered> remembered_;
    std::map<CellKey, LearnCell> cells_;
    std::map<CellKey, Told> told_;
    std::map<PolicyScope, CellKey> leads_;            ///< whose table was to be pushed last
    std::map<PolicyScope, std::uint32_t> in_flight_;  ///< id being pushed
    std::map<PolicyScope, base::Instant> refused_;    ///< until when not to ask
    std::size_t cells_refused_ = 0;
};

}  // namespace frugal::policy
