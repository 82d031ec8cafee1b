// SPDX-License-Identifier: Apache-2.0
#include "app/policy_learner.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/steady_timer.hpp>

#include "app/canary_measure.hpp"
#include "app/learned_view.hpp"
#include "app/learner_feed.hpp"
#include "app/policy_builder.hpp"
#include "crypto/random.hpp"

namespace frugal::app {

namespace {

using base::Result;

constexpr auto kRoundInterval = std::chrono::seconds(1);
constexpr std::size_t kNewsMax = 8192;  ///< of each kind; more in one round is left out
const std::string kActor = "learner";

/// What became of a push, told to the learner in its next round.
struct Outcome {
    policy::PolicyPush push;
    bool is_set = false;
};

struct Round {
    std::optional<SiteKnowledge> knowledge;  ///< if it changed
    LearnerNews news;
    std::vector<Outcome> outcomes;
    base::Instant now;
    std::uint32_t next_policy = 1;
};

struct SignedPush {
    policy::PolicyPush push;
    std::vector<core::PolicyPart> parts;
    core::PolicySource authored;
    std::vector<core::LearningRecord> cells;
};

struct RoundResult {
    core::SaveLearning save;
    std::vector<SignedPush> pushes;
    std::vector<base::Error> errors;
    std::vector<base::Error> unreadable;
};

using PolicyIds = std::vector<std::pair<policy::PolicyScope, std::uint32_t>>;

PolicyIds ids_of(const core::TaskList& tasks) {
    PolicyIds ids;
    for (const auto& record : tasks.policies) {
        ids.push_back({{record.task, record.device_class, record.audience}, record.policy});
    }
    return ids;
}

}  // namespace

class PolicyLearner::Impl : public std::enable_shared_from_this<Impl> {
    using Replied = std::function<void(const Result<core::AdminReply>&)>;

public:
    explicit Impl(ApiParts& parts)
        : parts_(parts), timer_(parts.loop), feed_(crypto::random_u64()) {}

    void start() {
        parts_.gateway.on_evidence(
            {[this](core::Observed&& one) { keep(news_.answered, std::move(one)); },
             [this](core::DecisionsStored&& one) { keep(news_.decided, std::move(one)); }});
        parts_.run_slow([this] { return read_stored(); },
                        [this, self = shared_from_this()](Result<void> done) {
                            if (!done) {
                                parts_.log.error("learner.nothing-remembered", done.error());
                            }
                            wait();
                        });
    }

    void stop() {
        is_stopping_ = true;
        timer_.cancel();
        parts_.gateway.on_evidence({});
    }

    void list(std::optional<std::uint32_t> task, net::Responder respond) {
        const auto now = parts_.clock().instant;
        parts_.run_slow([this, task, now] { return view(task, now); },
                        [respond = std::move(respond)](std::string body) {
                            respond(wire::json_response(200, std::move(body)));
                        });
    }

    // The core first: what is refused has changed nothing that was learned.
    void register_pairs(const std::string& actor, Measured measured, Replied then) {
        core::SaveLearning save{.owner_changes = measured.owner_changes};
        for (const auto& pair : measured.pairs) {
            save.canaries.push_back(to_record(measured.task, pair));
        }
        parts_.gateway.ask(actor, std::move(save),
                           [this, self = shared_from_this(), measured = std::move(measured),
                            then = std::move(then)](const Result<core::AdminReply>& done) mutable {
                               if (done) {
                                   begin_anew(std::move(measured), std::move(then));
                               } else {
                                   then(done);
                               }
                           });
    }

private:
    void begin_anew(Measured measured, Replied then) {
        parts_.run_slow(
            [this, self = shared_from_this(), measured = std::move(measured)] {
                core::SaveLearning save;
                for (const auto& pair : measured.pairs) {
                    for (const auto& cell :
                         feed_.register_pair(measured.task, pair, measured.owner_changes)) {
                        save.cells.push_back(to_record(cell));
                    }
                }
                return save;
            },
            [this, self = shared_from_this(), then = std::move(then)](core::SaveLearning save) {
                parts_.gateway.ask(kActor, std::move(save), then);
            });
    }

    template <typename Kind>
    static void keep(std::vector<Kind>& kept, Kind&& one) {
        if (kept.size() < kNewsMax) {
            kept.push_back(std::move(one));
        }
    }

    // On the pool: the feed is touched nowhere else.
    Result<void> read_stored() {
        auto stored = parts_.reader.learning();
        const auto canaries = parts_.reader.canaries();
        if (stored) {
            feed_.remember(std::move(*stored));
        }
        if (canaries) {
            feed_.remember(*canaries);
        }
        if (!stored || !canaries) {
            return tl::unexpected(stored ? canaries.error() : stored.error());
        }
        return {};
    }

    void wait() {
        if (is_stopping_) {
            return;
        }
        timer_.expires_after(kRoundInterval);
        timer_.async_wait([this, self = shared_from_this()](boost::system::error_code error) {
            if (!error && !is_stopping_) {
                ask_tasks();
            }
        });
    }

    /// Asks the core; any error ends the round, and the next begins a second later.
    template <typename Reply, typename Then>
    void ask(core::AdminCommand command, Then then) {
        parts_.gateway.ask(
            kActor, std::move(command),
            [this, self = shared_from_this(), then](Result<core::AdminReply> reply) mutable {
                if (!reply) {
                    known_ids_.clear();
                    wait();
                    return;
                }
                then(std::move(std::get<Reply>(*reply)));
            });
    }

    void ask_tasks() {
        ask<core::TaskList>(core::ListTasks{}, [this](core::TaskList tasks) {
            Round round;
            round.next_policy = tasks.next_policy;
            const PolicyIds ids = ids_of(tasks);
            const bool is_same = ids == known_ids_ && tasks.edge_models == known_edges_ &&
                                 ++rounds_known_ < kRoundsKnown;
            if (is_same) {
                run(std::move(round));
                return;
            }
            known_ids_ = ids;
            known_edges_ = tasks.edge_models;
            rounds_known_ = 0;
            SiteKnowledge knowledge;
            knowledge.tasks = std::move(tasks);
            round.knowledge = std::move(knowledge);
            ask_models(std::move(round));
        });
    }

    void ask_models(Round round) {
        ask<core::ModelList>(core::ListModels{},
                             [this, round = std::move(round)](core::ModelList models) mutable {
                                 round.knowledge->models = std::move(models);
                                 ask_versions(std::move(round), 0);
                             });
    }

    /// Of one task after the other: where the policies in force come from.
    void ask_versions(Round round, std::size_t next) {
        const auto& tasks = round.knowledge->tasks.tasks;
        if (next == tasks.size()) {
            run(std::move(round));
            return;
        }
        const core::ListPolicyVersions query{tasks[next].task};
        ask<core::PolicyHistory>(
            query, [this, round = std::move(round), next](core::PolicyHistory history) mutable {
                auto in_force = history.in_force;
                for (const auto& own : history.overrides) {
                    in_force.push_back(own.version);
                }
                for (const auto& version : history.versions) {
                    if (std::ranges::find(in_force, version->version) != in_force.end()) {
                        round.knowledge->authored[version->version] = authored_of(*version);
                    }
                }
                ask_versions(std::move(round), next + 1);
            });
    }

    void run(Round round) {
        round.news = std::exchange(news_, {});
        round.outcomes = std::exchange(outcomes_, {});
        round.now = parts_.clock().instant;
        auto shared = std::make_shared<Round>(std::move(round));
        parts_.run_slow(
            [this, shared] { return work(std::move(*shared)); },
            [this, self = shared_from_this()](RoundResult result) { finish(std::move(result)); });
    }

    // On the pool.
    RoundResult work(Round round) {
        for (const Outcome& outcome : round.outcomes) {
            if (outcome.is_set) {
                feed_.learner().on_pushed(outcome.push, round.now);
            } else {
                feed_.learner().on_refused(outcome.push, round.now);
            }
        }
        if (round.knowledge) {
            feed_.know(std::move(*round.knowledge));
        }
        RoundResult result;
        result.unreadable = feed_.take_unreadable();
        result.save.observations = feed_.take(std::move(round.news), round.now);
        policy::LearnerStep step = feed_.learner().step(round.now, round.next_policy);
        for (const auto& cell : step.changed) {
            result.save.cells.push_back(to_record(cell));
        }
        for (auto& event : step.events) {
            auto& scope = event.cell.scope;
            result.save.events.push_back({scope.task, scope.device_class, std::move(event.what),
                                          event.is_alarm, scope.audience, event.since});
        }
        for (auto& push : step.pushes) {
            sign(std::move(push), round.now, result);
        }
        return result;
    }

    void sign(policy::PolicyPush push, base::Instant now, RoundResult& result) {
        Result<std::vector<core::PolicyPart>> parts =
            base::fail(base::ErrorKind::kConflict, "this gateway holds no key that signs policies");
        if (parts_.policy_key) {
            parts = sign_parts({{push.cell.scope.device_class, push.compiled}}, *parts_.policy_key);
        }
        if (!parts) {
            result.errors.push_back(parts.error());
            feed_.learner().on_refused(push, now);
            return;
        }
        std::vector<core::LearningRecord> cells;
        for (const auto& cell : feed_.learner().stored_after(push)) {
            cells.push_back(to_record(cell));
        }
        auto authored = feed_.authored(push.replaces, push.cell.scope.device_class);
        result.pushes.push_back(
            {std::move(push), std::move(*parts), std::move(authored), std::move(cells)});
    }

    void finish(RoundResult result) {
        for (const auto& error : result.errors) {
            parts_.log.error("learner.not-signed", error);
        }
        for (const auto& error : result.unreadable) {
            parts_.log.error("learner.text-unreadable", error);
        }
        const auto& save = result.save;
        auto pushes = std::make_shared<std::vector<SignedPush>>(std::move(result.pushes));
        if (save.cells.empty() && save.observations.empty() && save.events.empty()) {
            set(pushes, 0);
            return;
        }
        parts_.gateway.ask(
            kActor, std::move(result.save),
            [this, self = shared_from_this(), pushes](Result<core::AdminReply> done) {
                if (!done) {
                    parts_.log.error("learner.not-stored", done.error());
                }
                set(pushes, 0);
            });
    }

    void set(std::shared_ptr<std::vector<SignedPush>> pushes, std::size_t next) {
        if (next == pushes->size()) {
            wait();
            return;
        }
        SignedPush& one = (*pushes)[next];
        core::SetPolicy command;
        command.version.task = one.push.cell.scope.task;
        command.version.audience = one.push.cell.scope.audience;
        command.version.version = one.push.id;
        command.version.origin = core::PolicyOrigin::kLearned;
        command.version.source = one.push.replaces;
        command.version.release = std::move(one.authored.release);
        command.version.text = std::move(one.authored.text);
        command.version.comment = one.push.is_alarm ? "after an alarm" : "";
        command.version.parts = std::move(one.parts);
        command.learned = std::move(one.cells);
        parts_.gateway.ask(
            kActor, std::move(command),
            [this, self = shared_from_this(), pushes, next](const Result<core::AdminReply>& done) {
                outcomes_.push_back({std::move((*pushes)[next].push), done.has_value()});
                set(pushes, next + 1);
            });
    }

    // On the pool.
    std::string view(std::optional<std::uint32_t> task, base::Instant now) {
        std::vector<wire::LearnedCellView> views;
        for (const auto& [key, cell] : feed_.learner().cells()) {
            if (task && key.scope.task != *task) {
                continue;
            }
            auto& one = views.emplace_back(learned_view(key, cell));
            one.release = feed_.release_of(key);
            one.is_served = feed_.is_served(key);
            if (const auto seen = feed_.last_seen(key)) {
                one.idle_s = std::chrono::floor<std::chrono::seconds>(now - *seen).count();
            }
        }
        put_used_first(views);
        return wire::learned_json(views);
    }

    static constexpr int kRoundsKnown = 30;  ///< then releases are asked for again

    ApiParts& parts_;
    boost::asio::steady_timer timer_;
    LearnerNews news_;
    std::vector<Outcome> outcomes_;
    PolicyIds known_ids_;
    std::vector<core::EdgeModelRecord> known_edges_;
    int rounds_known_ = 0;
    bool is_stopping_ = false;
    LearnerFeed feed_;  ///< the pool's own
};

PolicyLearner::PolicyLearner(ApiParts& parts) : impl_(std::make_shared<Impl>(parts)) {}
PolicyLearner::~PolicyLearner() = default;

void PolicyLearner::start() {
    impl_->start();
}
void PolicyLearner::stop() {
    impl_->stop();
}
void PolicyLearner::register_pairs(
    const std::string& actor, Measured measured,
    std::function<void(const base::Result<core::AdminReply>&)> then) {
    impl_->register_pairs(actor, std::move(measured), std::move(then));
}
void PolicyLearner::list(std::optional<std::uint32_t> task, net::Responder respond) {
    impl_->list(task, std::move(respond));
}

}  // namespace frugal::app
