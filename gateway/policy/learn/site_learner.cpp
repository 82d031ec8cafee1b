// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/site_learner.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace frugal::policy {

namespace {

/// A cell takes the lead of its class from one that saw fewer tasks lately by this factor: two
/// models that share a class evenly must not take the learned table from each other all the time.
constexpr double kLeadFactor = 1.5;
/// And by no fewer than of so many: the first few tasks after a start do not tell what devices run.
constexpr double kLeadTasks = 256;

StoredCell to_store(const CellKey& key, const LearnCell& cell) {
    const auto& doubted = cell.trust().doubted();
    return {key, cell.save(), {doubted.begin(), doubted.end()}};
}

bool learns(const LearnTerms& terms) {
    return terms.mode == LearnMode::kIsoGain || terms.mode == LearnMode::kHedge;
}

bool is_bound_to(const PolicyInForce& policy, const base::Digest& model) {
    return fr_policy_suits(policy.compiled.data(), policy.compiled.size(), policy.scope.task,
                           fr_policy_model_tag(model.data()));
}

/// Bound to this very model, not to any.
bool names(const PolicyInForce& policy, const base::Digest& model) {
    return fr_policy_model(policy.compiled.data(), policy.compiled.size(), policy.scope.task) ==
           fr_policy_model_tag(model.data());
}

/// What the cell's devices got of this version: its own bytes, or the owner's file as it is for
/// their model.
LearnablePart held_by(const CellKey& key, const PolicyInForce& policy) {
    const auto own = is_bound_to(policy, key.model) || !policy.owner_for
                         ? std::nullopt
                         : policy.owner_for(key.model);
    return own ? *own : learnable_part(policy.compiled, key.scope.task).value_or(LearnablePart{});
}

}  // namespace

CellTerms SiteLearner::terms_of(const CellKey& key, const PolicyInForce& policy) const {
    CellTerms terms;
    terms.mode = policy.terms.mode;
    terms.held = held_by(key, policy);
    terms.authored =
        is_bound_to(policy, key.model) ? policy.owner.value_or(terms.held) : terms.held;
    terms.bounds = policy.terms.bounds;
    const auto known = registrations_.find({key.scope.task, key.model, key.edge_model});
    if (known != registrations_.end()) {
        terms.registration = known->second.registration;
    } else if (is_measured_for(policy.terms, key.model, key.edge_model)) {
        terms.registration =
            registration_of(policy.terms, policy.terms.gain.value_or(terms.authored.tables[0]));
    }
    terms.cost =
        nominal_price(policy.compiled, key.scope.task, policy.payload_bytes).value_or(terms.cost);
    terms.classes = std::max(2u, policy.classes);
    terms.policy_id = policy.id;
    return terms;
}

// A push under way of a scope without a policy can only be refused: nobody waits for it. An
// override that ended never comes back under the id that its cells were stored with.
void SiteLearner::forget_scopes() {
    const auto is_gone = [this](const auto& entry) { return !policies_.contains(entry.first); };
    std::erase_if(in_flight_, is_gone);
    std::erase_if(leads_, is_gone);
    std::erase_if(refused_, is_gone);
    std::erase_if(remembered_, [this](const auto& entry) {
        const PolicyScope& scope = entry.first.scope;
        return !scope.audience.is_class() && !policies_.contains(scope);
    });
}

// What the owner wrote now counts, not what was measured under the policy before.
void SiteLearner::owner_changed(std::uint32_t task, std::uint32_t changes) {
    owner_changes_[task] = changes;
    std::erase_if(registrations_, [&](const auto& entry) {
        return entry.first.task == task && entry.second.owner_changes < changes;
    });
}

void SiteLearner::set_policies(std::span<const PolicyInForce> policies) {
    policies_.clear();
    for (const PolicyInForce& policy : policies) {
        policies_.insert_or_assign(policy.scope, policy);
    }
    forget_scopes();
    for (auto it = cells_.begin(); it != cells_.end();) {
        const auto policy = policies_.find(it->first.scope);
        const auto flying = in_flight_.find(it->first.scope);
        const bool is_ours = flying != in_flight_.end() && policy != policies_.end() &&
                             policy->second.id == flying->second;
        if (policy == policies_.end() || !learns(policy->second.terms)) {
            told_.erase(it->first);
            it = cells_.erase(it);
            continue;
        }
        if (!is_ours && policy->second.id != it->second.policy_id()) {
            it->second.restart(terms_of(it->first, policy->second));
            told_.erase(it->first);
        }
        ++it;
    }
}

std::vector<StoredCell> SiteLearner::set_registration(const PairKey& pair,
                                                      const Registration& registration,
                                                      std::uint32_t owner_changes) {
    if (owner_changes < owner_changes_[pair.task]) {
        return {};
    }
    registrations_[pair] = {registration, owner_changes};
    const auto is_of_pair = [&pair](const CellKey& key) {
        return PairKey{key.scope.task, key.model, key.edge_model} == pair;
    };
    std::erase_if(remembered_,  // from before it was measured
                  [&](const auto& cell) { return is_of_pair(cell.first); });
    std::vector<StoredCell> changed;
    for (auto& [key, cell] : cells_) {
        if (is_of_pair(key)) {
            cell.restart(terms_of(key, policies_.at(key.scope)));
            told_.erase(key);
            changed.push_back(to_store(key, cell));
        }
    }
    return changed;
}

void SiteLearner::remember(StoredCell cell) {
    remembered_.insert_or_assign(std::move(cell.key),
                                 Remembered{std::move(cell.state), std::move(cell.doubted)});
}

LearnCell* SiteLearner::find_or_make(const CellKey& key) {
    const auto found = cells_.find(key);
    if (found != cells_.end()) {
        return &found->second;
    }
    const auto policy = policies_.find(key.scope);
    if (policy == policies_.end() || !learns(policy->second.terms)) {
        return nullptr;
    }
    if (cells_.size() >= kCellsMax) {
        ++cells_refused_;
        return nullptr;
    }
    LearnCell& cell =
        cells_.emplace(key, LearnCell(terms_of(key, policy->second), seed_ + cells_.size()))
            .first->second;
    if (const auto stored = remembered_.find(key); stored != remembered_.end()) {
        cell.restore(stored->second.state, stored->second.doubted);
        remembered_.erase(stored);
    }
    told_[key] = {cell.alarms(), cell.probes(), cell.trust().doubted().size()};
    return &cell;
}

void SiteLearner::on_decisions(const CellKey& key, std::span<const LocalDecision> decisions) {
    if (LearnCell* cell = find_or_make(key)) {
        for (const LocalDecision& decision : decisions) {
            cell->on_local(decision.confidence_q8, decision.local_class);
        }
    }
}

void SiteLearner::on_answer(const CellKey& key, const AnsweredTask& task) {
    if (LearnCell* cell = find_or_make(key)) {
        cell->on_answer(task);
    }
}

void SiteLearner::tell(const CellKey& key, const LearnCell& cell, std::vector<LearnEvent>& events) {
    Told& told = told_[key];
    if (cell.alarms() != told.alarms) {
        events.push_back({key, "what the edge shows contradicts what was learned: learning again",
                          true, cell.alarm_since()});
    }
    if (cell.probes() != told.probes) {
        events.push_back(
            {key, "the distribution of confidences or classes shifted: auditing more", false});
    }
    if (cell.trust().doubted().size() > told.doubted) {
        events.push_back({key,
                          std::to_string(cell.trust().doubted().size()) +
                              " devices behave unlike the others and are not learned from",
                          false});
    }
    told = {cell.alarms(), cell.probes(), cell.trust().doubted().size()};
}

// One policy has one learned table: that of the model that most devices of the class run. Others
// hold what the owner's file has for theirs. After a start nobody has decided yet: the model that
// the policy names leads on until others decide more.
std::map<CellKey, LearnCell>::iterator SiteLearner::lead_of(const PolicyInForce& policy) {
    const PolicyScope& scope = policy.scope;
    const auto is_served = [&](const CellKey& key) {
        return !policy.edge_model || key.edge_model == *policy.edge_model;
    };
    const auto before = leads_.find(scope);
    auto lead = before != leads_.end() && is_served(before->second) ? cells_.find(before->second)
                                                                    : cells_.end();
    const auto first = cells_.lower_bound({scope, {}, {}});
    for (auto it = first; lead == cells_.end() && it != cells_.end() && it->first.scope == scope;
         ++it) {
        lead = is_served(it->first) && names(policy, it->first.model) ? it : lead;
    }
    const double least =
        lead != cells_.end() ? std::max(lead->second.recent(), kLeadTasks) * kLeadFactor : -1;
    for (auto it = first; it != cells_.end() && it->first.scope == scope; ++it) {
        if (is_served(it->first) && it->second.recent() > least &&
            (lead == cells_.end() || it->second.recent() > lead->second.recent())) {
            lead = it;
        }
    }
    if (lead != cells_.end()) {
        leads_.insert_or_assign(scope, lead->first);
    }
    return lead;
}

std::optional<PolicyPush> SiteLearner::push_of(const PolicyScope& scope,
                                               const PolicyInForce& policy, base::Instant now,
                                               std::uint32_t id) {
    const auto lead = lead_of(policy);
    if (lead == cells_.end() || lead->second.policy_id() != policy.id) {
        return std::nullopt;
    }
    const bool is_alarm = lead->second.is_alarmed();
    const auto part = lead->second.next_push(now);
    auto compiled = part ? with_learned(policy.compiled, scope.task, id, *part) : std::nullopt;
    if (!compiled) {
        return std::nullopt;
    }
    return PolicyPush{lead->first, bound_to(std::move(*compiled), scope.task, lead->first.model),
                      *part,       id,
                      policy.id,   is_alarm};
}

// Devices that were updated decide under another cell: the one they left must not lead for ever.
void SiteLearner::fade_siblings(const CellKey& key, std::uint32_t tasks) {
    for (auto it = cells_.lower_bound({key.scope, {}, {}});
         it != cells_.end() && it->first.scope == key.scope; ++it) {
        if (it->first != key) {
            it->second.on_sibling_window(tasks);
        }
    }
}

LearnerStep SiteLearner::step(base::Instant now, std::uint32_t next_id) {
    LearnerStep result;
    for (auto& [key, cell] : cells_) {
        if (const auto tasks = cell.end_window(); tasks != 0) {
            fade_siblings(key, tasks);
            tell(key, cell, result.events);
            result.changed.push_back(to_store(key, cell));
            FRUGAL_ASSERT(result.changed.back().state.size() <= LearnCell::kStateBytesMax);
        }
    }
    for (const auto& [scope, policy] : policies_) {
        const auto refused = refused_.find(scope);
        if (in_flight_.contains(scope) || (refused != refused_.end() && now < refused->second)) {
            continue;
        }
        if (auto push = push_of(scope, policy, now, next_id)) {
            in_flight_[scope] = next_id++;
            result.pushes.push_back(std::move(*push));
        }
    }
    return result;
}

// Of the same model, beside another edge model, it is the learned one.
LearnablePart SiteLearner::held_after(const CellKey& key, const PolicyPush& push) const {
    const auto policy = policies_.find(key.scope);
    if (policy == policies_.end()) {
        return push.part;
    }
    PolicyInForce next = policy->second;
    next.compiled = push.compiled;
    return held_by(key, next);
}

void SiteLearner::on_pushed(const PolicyPush& push, base::Instant now) {
    const PolicyScope& scope = push.cell.scope;
    in_flight_.erase(scope);
    const auto policy = policies_.find(scope);
    if (policy != policies_.end() && policy->second.id <= push.id) {
        policy->second.compiled = push.compiled;
        policy->second.id = push.id;
    }
    for (auto& [key, cell] : cells_) {
        if (key == push.cell) {
            cell.on_pushed(push.part, push.id, now);
        } else if (key.scope == scope && cell.policy_id() == push.replaces) {
            cell.on_sibling_pushed(held_after(key, push), push.id, now);
        }
    }
    for (auto it = remembered_.lower_bound({scope, {}, {}});
         it != remembered_.end() && it->first.scope == scope; ++it) {
        if (auto moved = LearnCell::moved(it->second.state, push.replaces, push.id)) {
            it->second.state = std::move(*moved);
        }
    }
}

void SiteLearner::on_refused(const PolicyPush& push, base::Instant now) {
    in_flight_.erase(push.cell.scope);
    refused_[push.cell.scope] = now + std::chrono::minutes(1);
}

std::vector<StoredCell> SiteLearner::stored_after(const PolicyPush& push) const {
    const PolicyScope& scope = push.cell.scope;
    std::vector<StoredCell> after;
    for (auto it = cells_.lower_bound({scope, {}, {}});
         it != cells_.end() && it->first.scope == scope; ++it) {
        LearnCell cell = it->second;
        if (it->first == push.cell) {
            cell.on_pushed(push.part, push.id, {});
        } else if (cell.policy_id() == push.replaces) {
            cell.on_sibling_pushed(held_after(it->first, push), push.id, {});
        } else {
            continue;
        }
        after.push_back(to_store(it->first, cell));
    }
    for (auto it = remembered_.lower_bound({scope, {}, {}});
         it != remembered_.end() && it->first.scope == scope; ++it) {
        if (auto moved = LearnCell::moved(it->second.state, push.replaces, push.id)) {
            after.push_back({it->first, std::move(*moved), it->second.doubted});
        }
    }
    return after;
}

}  // namespace frugal::policy
