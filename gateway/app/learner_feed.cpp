// SPDX-License-Identifier: Apache-2.0
#include "app/learner_feed.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "app/policy_builder.hpp"
#include "base/any_class.hpp"
#include "base/hex.hpp"
#include "base/release_name.hpp"
#include "policy/author/policy_file.hpp"
#include "policy/learn/registration_state.hpp"

namespace frugal::app {

namespace {

constexpr double kWholeQ8 = 256;

policy::AnsweredTask answered_task(const core::ObservationRecord& record, base::Instant at) {
    policy::AnsweredTask task;
    task.answers.local_class = record.local_class;
    task.answers.edge_class = record.edge_class;
    task.answers.confidence_q8 = record.local_confidence;
    task.answers.opinion =
        policy::EdgeOpinion{record.edge_chance / kWholeQ8, record.local_chance / kWholeQ8};
    task.device = static_cast<std::uint32_t>(core::index_of(record.device)) + 1;
    task.is_audit = record.is_audit;
    task.is_in_time = record.is_in_time;
    task.at = at;
    return task;
}

}  // namespace

static_assert(policy::DeviceTrust::kDoubtedMax <= core::kDoubtedMax);

core::LearningRecord to_record(const policy::StoredCell& cell) {
    return {.task = cell.key.scope.task,
            .device_class = cell.key.scope.device_class,
            .model = cell.key.model,
            .edge_model = cell.key.edge_model,
            .state = cell.state,
            .doubted = cell.doubted,
            .audience = cell.key.scope.audience};
}

core::CanaryRecord to_record(std::uint32_t task, const CanaryPair& pair) {
    const auto& figures = pair.figures;
    return {.task = task,
            .model = pair.model,
            .edge_model = pair.edge_model,
            .state = policy::save(pair.registration),
            .figures = fmt::format("class {}: {} samples, right in {:.1f} % alone and in {:.1f} % "
                                   "at the edge model {}, rho {:.2f}",
                                   pair.device_class.text(), figures.samples,
                                   100 * figures.local_right, 100 * figures.edge_right,
                                   base::to_hex(base::ByteView(pair.edge_model).first(4)),
                                   pair.registration.rho)};
}

void LearnerFeed::remember(std::vector<core::LearningRecord> stored) {
    for (auto& record : stored) {
        learner_.remember(
            {{{record.task, std::move(record.device_class), std::move(record.audience)},
              record.model,
              record.edge_model},
             std::move(record.state),
             std::move(record.doubted)});
    }
}

// A damaged one is no loss: the samples can be sent again.
void LearnerFeed::remember(const std::vector<core::CanaryRecord>& canaries) {
    for (const auto& record : canaries) {
        if (const auto registration = policy::read_registration(record.state)) {
            learner_.remember({record.task, record.model, record.edge_model}, *registration);
        }
    }
}

const core::EdgeModelRecord* LearnerFeed::edge_of(std::uint32_t task) const {
    const auto& models = knowledge_.tasks.edge_models;
    const auto found = std::ranges::find(models, task, &core::EdgeModelRecord::task);
    return found == models.end() ? nullptr : &*found;
}

// A policy may hold what was learned: how it is to learn, and from where, is in the owner's text.
void LearnerFeed::read_owner(const core::PolicySource& authored, const core::TaskRecord& task,
                             policy::PolicyInForce& policy) {
    for (const auto& release : knowledge_.models.releases) {
        if (base::ReleaseName{release->model, release->release}.text() != authored.release) {
            continue;
        }
        const auto variant_for = [&](const base::ClassName& name) {
            return std::ranges::find_if(release->variants, [&](const auto& candidate) {
                return candidate.manifest->content().device_class == name;
            });
        };
        auto variant = variant_for(policy.scope.device_class);
        if (variant == release->variants.end()) {
            variant = variant_for(base::any_class());
        }
        if (variant == release->variants.end()) {
            return;
        }
        const policy::PolicyTarget target{task.name, task.task,
                                          variant->manifest->content().model_digest, task.labels,
                                          policy.id};
        const auto terms = policy::read_learn_terms(authored.text, "policy", target);
        if (!terms) {
            note_unreadable(policy, terms.error());
            return;
        }
        policy.terms = *terms;
        if (const auto compiled = policy::compile_policy(authored.text, "policy", target)) {
            policy.owner = policy::learnable_part(*compiled, task.task);
        }
        policy.owner_for = [text = authored.text, target](const base::Digest& model) {
            const auto bytes = compile_for(text, target, model);
            return bytes ? policy::learnable_part(*bytes, target.task) : std::nullopt;
        };
        return;
    }
}

void LearnerFeed::note_unreadable(const policy::PolicyInForce& policy, const base::Error& error) {
    if (told_unreadable_.insert(policy.id).second) {
        unreadable_.push_back(error.with_context(
            fmt::format("version {} of the policy of task {} is not learned under any more",
                        policy.id, policy.scope.task)));
    }
}

policy::PolicyInForce LearnerFeed::in_force(const core::PolicyRecord& record) {
    policy::PolicyInForce policy{{record.task, record.device_class, record.audience},
                                 record.blob->content(),
                                 record.policy,
                                 {},
                                 2,
                                 0};
    if (const auto* edge = edge_of(record.task)) {
        policy.payload_bytes = edge->input_bytes;
        policy.edge_model = edge->digest;
    }
    const auto& tasks = knowledge_.tasks.tasks;
    const auto task = std::ranges::find(tasks, record.task, &core::TaskRecord::task);
    if (task != tasks.end()) {
        policy.classes = static_cast<std::uint32_t>(task->labels.size());
        read_owner(authored(record.policy, record.device_class), *task, policy);
    }
    return policy;
}

core::PolicySource LearnerFeed::authored(std::uint32_t policy,
                                         const base::ClassName& device_class) const {
    const auto found = knowledge_.authored.find(policy);
    if (found == knowledge_.authored.end()) {
        return {};
    }
    const auto apart = found->second.apart.find(device_class);
    return apart != found->second.apart.end()
               ? apart->second
               : core::PolicySource{found->second.release, found->second.text};
}

AuthoredPolicy authored_of(const core::PolicyVersionRecord& version) {
    AuthoredPolicy authored{version.text, version.release};
    for (const auto& part : version.parts) {
        if (part.source) {
            authored.apart.emplace(part.device_class, *part.source);
        }
    }
    return authored;
}

void LearnerFeed::know(SiteKnowledge knowledge) {
    for (const auto& [task, version] : knowledge_.tasks.owner_changes) {
        if (!knowledge.tasks.owner_changes.contains(task)) {
            learner_.owner_changed(task, 0);  // the core was opened anew and knows of none yet
        }
    }
    knowledge_ = std::move(knowledge);
    policies_.clear();
    std::vector<policy::PolicyInForce> policies;
    for (const auto& record : knowledge_.tasks.policies) {
        if (record.is_withdrawn) {
            continue;  // the rules of others, whose cells learn of its devices too
        }
        policies.push_back(in_force(record));
        const auto part = policy::learnable_part(policies.back().compiled, record.task);
        const auto& compiled = policies.back().compiled;
        policies_[policies.back().scope] = {
            record.policy, part ? part->audit_q8 : std::uint8_t{0},
            fr_policy_model(compiled.data(), compiled.size(), record.task)};
    }
    for (const auto& [task, changes] : knowledge_.tasks.owner_changes) {
        learner_.owner_changed(task, changes);
    }
    learner_.set_policies(policies);
}

bool LearnerFeed::is_known(std::uint32_t task, const base::Digest& model) const {
    return std::ranges::any_of(knowledge_.models.releases, [&](const auto& release) {
        return release->task == task &&
               std::ranges::any_of(release->variants, [&](const auto& variant) {
                   return variant.manifest->content().model_digest == model;
               });
    });
}

// A device may report what it likes: only models that were released for the task have cells.
std::optional<LearnerFeed::Place> LearnerFeed::place_of(const policy::PolicyScope& scope,
                                                        const std::optional<base::Digest>& model,
                                                        const base::Digest* edge_model) const {
    const auto policy = policy_of(scope);
    if (policy == policies_.end() || !model || edge_model == nullptr ||
        !is_known(scope.task, *model)) {
        return std::nullopt;
    }
    const policy::CellKey key{policy->first, *model, *edge_model};
    const auto tag = policy->second.model_tag;
    const auto cell = tag != 0 && tag != fr_policy_model_tag(model->data())
                          ? learner_.cells().find(key)
                          : learner_.cells().end();
    // Devices with another model than the learned table's hold the owner's file as it is for
    // theirs.
    return Place{key, cell != learner_.cells().end() ? cell->second.pushed().audit_q8
                                                     : policy->second.audit_q8};
}

LearnerFeed::InForceMap::const_iterator LearnerFeed::policy_of(
    const policy::PolicyScope& scope) const {
    const auto found = policies_.find(scope);
    return found != policies_.end()
               ? found
               : policies_.find({scope.task, base::any_class(), scope.audience});
}

bool LearnerFeed::is_ahead(const policy::PolicyScope& scope, std::uint32_t policy) const {
    const auto in_force = policy_of(scope);
    return in_force != policies_.end() && policy > in_force->second.policy;
}

std::vector<policy::StoredCell> LearnerFeed::register_pair(std::uint32_t task,
                                                           const CanaryPair& pair,
                                                           std::uint32_t owner_changes) {
    if (const auto place = place_of({task, pair.device_class}, pair.model, &pair.edge_model)) {
        learner_.expect(place->key);
    }
    return learner_.set_registration({task, pair.model, pair.edge_model}, pair.registration,
                                     owner_changes);
}

std::vector<core::ObservationRecord> LearnerFeed::take(LearnerNews&& news, base::Instant now) {
    for (const auto& stored : news.decided) {
        const auto& decisions = stored.run.decisions;
        const policy::PolicyScope scope{decisions.task, stored.device_class, stored.audience};
        if (is_ahead(scope, stored.policy)) {
            continue;
        }
        const auto* edge = edge_of(decisions.task);
        const auto place = place_of(scope, stored.model, edge != nullptr ? &edge->digest : nullptr);
        std::vector<policy::SiteLearner::LocalDecision> own;
        for (std::uint32_t i = 0; i < decisions.count; ++i) {
            // What the edge decided carries the edge's class and confidence.
            if (decisions.outcomes[i] / 16 == static_cast<std::uint8_t>(core::Tier::kLocal)) {
                own.push_back({decisions.confidences[i], decisions.classes[i]});
            }
        }
        if (place && !own.empty()) {
            learner_.on_decisions(place->key, own);
            seen_[place->key] = now;
        }
    }
    std::vector<core::ObservationRecord> records;
    for (auto& observed : news.answered) {
        auto& record = observed.record;
        const policy::PolicyScope scope{record.task, observed.device_class, observed.audience};
        const bool is_left_out = is_ahead(scope, observed.policy);
        if (is_left_out && record.is_audit) {
            continue;
        }
        const auto place =
            is_left_out ? std::nullopt : place_of(scope, observed.model, &record.edge_model);
        record.propensity_q8 = record.is_audit && place ? place->audit_q8 : core::kCertain_q8;
        if (place) {
            learner_.on_answer(place->key, answered_task(record, observed.at));
            seen_[place->key] = now;
        }
        records.push_back(std::move(record));
    }
    return records;
}

std::optional<base::Instant> LearnerFeed::last_seen(const policy::CellKey& key) const {
    const auto found = seen_.find(key);
    return found == seen_.end() ? std::nullopt : std::optional(found->second);
}

bool LearnerFeed::is_served(const policy::CellKey& key) const {
    const auto* edge = edge_of(key.scope.task);
    return edge != nullptr && edge->digest == key.edge_model;
}

std::string LearnerFeed::release_of(const policy::CellKey& key) const {
    const core::ReleaseRecord* newest = nullptr;
    for (const auto& release : knowledge_.models.releases) {
        const bool has_it = std::ranges::any_of(release->variants, [&key](const auto& variant) {
            return variant.manifest->content().model_digest == key.model;
        });
        const bool is_newer = newest == nullptr || release->counter > newest->counter;
        if (release->task == key.scope.task && has_it && is_newer) {
            newest = release.get();
        }
    }
    return newest == nullptr ? std::string()
                             : base::ReleaseName{newest->model, newest->release}.text();
}

}  // namespace frugal::app
