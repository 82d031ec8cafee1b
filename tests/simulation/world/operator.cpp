// SPDX-License-Identifier: Apache-2.0
#include "simulation/world/operator.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace frugal::simulation {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

base::ModelName model_name() {
    return *base::ModelName::parse(kModelName);
}

core::TaskRecord task_record(std::uint32_t number = kTask) {
    core::TaskRecord task{.task = number, .name = "fashion", .labels = {}};
    for (std::uint32_t i = 0; i < kClasses; ++i) {
        task.labels.push_back(fmt::format("class-{}", i));
    }
    return task;
}

/// What asking again may cure: the gateway died, or does not know what became of it.
bool is_unsettled(const base::Error& error) {
    return error.kind == base::ErrorKind::kUnavailable || error.kind == base::ErrorKind::kStorage;
}

}  // namespace

const std::string& Operator::current() const {
    static const std::string kNothing = "nothing";
    return steps_.empty() ? kNothing : steps_.front().name;
}

void Operator::add(std::string name, std::function<void()> attempt) {
    steps_.push_back({std::move(name), std::move(attempt)});
}

void Operator::start(DeviceHost* newcomer, DeviceHost* outcast) {
    const auto& options = context_.options;
    using Content = ReleaseShelf::Content;
    auto& shelf = ReleaseShelf::instance();
    std::uint32_t release = 0;
    add("define task", [this] { change(core::DefineTask{task_record()}, [this] { next(); }); });
    add("set edge model", [this, &shelf] { change(shelf.edge_model(), [this] { next(); }); });
    if (options.has_second_task) {
        add("define the second task",
            [this] { change(core::DefineTask{task_record(kSecondTask)}, [this] { next(); }); });
        add("set its edge model", [this, &shelf] {
            auto command = shelf.edge_model();
            command.model.task = kSecondTask;
            change(std::move(command), [this] { next(); });
        });
    }
    const auto story = [this, &release](Content content, base::Duration patience) {
        ++release;
        add("import", [this, content, release] { import(content, release); });
        if (context_.options.has_late_deltas && rng_.chance(0.5)) {
            add("add deltas", [this, release] { add_deltas(release); });
        }
        add("roll out", [this, release] { roll_out(release); });
        if (context_.options.has_late_deltas) {  // to transfers that are under way
            add("add deltas", [this, release] { add_deltas(release); });
        }
        if (patience.count() != 0) {
            add("wait", [this, patience] { wait_for_rollout(patience); });
        }
    };
    const auto policy = [this, &shelf](std::uint32_t id) {
        add("set policy", [this, &shelf, id] {
            change(shelf.policy(id, context_.options.audit), [this] { next(); });
        });
    };
    story(Content::kFirst, minutes(4));
    policy(1);
    if (newcomer != nullptr) {
        add("enrol", [this, newcomer] { enrol(*newcomer); });
    }
    if (options.has_abort) {
        story(Content::kSecond, milliseconds(0));
        add("abort", [this] { abort(); });
    }
    story(Content::kSecond, minutes(4));
    if (options.has_bad_release) {
        story(Content::kBroken, minutes(3));
    }
    policy(2);
    if (options.has_rollback) {
        add("roll back", [this] { roll_back(); });
        add("wait", [this] { wait_for_rollout(minutes(3)); });
    }
    if (outcast != nullptr) {
        add("revoke", [this, outcast] { revoke(*outcast); });
    }
    context_.timeline.after(seconds(2), [this] { attempt(); });
}

void Operator::attempt() {
    if (!steps_.empty()) {
        ++turn_;
        const auto attempt = steps_.front().attempt;
        attempt();
    }
}

void Operator::next() {
    context_.trace.note("operator: " + current() + " done");
    steps_.pop_front();
    is_waiting_ = false;
    context_.timeline.after(milliseconds(500 + rng_.below(8000)), [this] { attempt(); });
}

void Operator::again() {
    context_.timeline.after(milliseconds(500 + rng_.below(2000)), [this, turn = turn_] {
        if (turn == turn_) {
            attempt();
        }
    });
}

template <typename Reply>
void Operator::ask(core::AdminCommand command, std::function<void(const Reply&)> done) {
    const auto name = current();
    gateway_.ask(std::move(command), [this, name, done = std::move(done),
                                      turn = turn_](const base::Result<core::AdminReply>& reply) {
        if (turn != turn_) {
            return;
        }
        const auto* answer = reply ? std::get_if<Reply>(&*reply) : nullptr;
        if (answer == nullptr) {
            context_.trace.note("operator: " + name + ": " +
                                (reply ? "another reply" : reply.error().describe()));
            again();
            return;
        }
        done(*answer);
    });
}

// A change that is refused for good, because it is made already, counts as done.
void Operator::change(core::AdminCommand command, std::function<void()> done,
                      std::function<void()> made_already) {
    const auto name = current();
    gateway_.ask(std::move(command),
                 [this, name, done = std::move(done), made_already = std::move(made_already),
                  turn = turn_](const base::Result<core::AdminReply>& reply) {
                     if (turn != turn_) {
                         return;
                     }
                     if (!reply) {
                         context_.trace.note("operator: " + name + ": " + reply.error().describe());
                         if (is_unsettled(reply.error())) {
                             context_.trace.sometimes("request repeated after the gateway died");
                             again();
                             return;
                         }
                         made_already ? made_already() : next();
                         return;
                     }
                     done();
                 });
}

void Operator::import(ReleaseShelf::Content content, std::uint32_t release) {
    ask<core::ReleasePlan>(core::PlanRelease{model_name(), kTask}, [this, content,
                                                                    release](const auto& plan) {
        if (plan.release > release) {
            next();  // the one before was stored, only its answer was lost
            return;
        }
        auto& shelf = ReleaseShelf::instance();
        const auto& options = context_.options;
        const auto lineage = options.has_late_deltas ? ReleaseShelf::Lineage::kTunedWithoutDeltas
                             : options.has_one_slot  ? ReleaseShelf::Lineage::kTuned
                                                     : ReleaseShelf::Lineage::kTrainedAnew;
        auto import = options.has_variants
                          ? shelf.variants(content, plan.release, plan.counter)
                          : shelf.release(content, plan.release, plan.counter, lineage);
        for (const auto& variant : import.variants) {
            manifests_.push_back(
                std::make_shared<const core::SignedBlob>(variant.manifest->blob()));
        }
        change(std::move(import), [this] { next(); });
    });
}

void Operator::roll_out(std::uint32_t release) {
    ask<core::RolloutList>(core::ListRollouts{}, [this, release](const auto& list) {
        const bool is_started =
            std::any_of(list.rollouts.begin(), list.rollouts.end(),
                        [release](const auto& rollout) { return rollout.release >= release; });
        if (is_started) {
            next();
            return;
        }
        change(core::StartRollout{.model = model_name(), .release = release}, [this] { next(); });
    });
}

// As the API does: the core tells what is missing, which is made elsewhere meanwhile. A release
// that is lost by then, with a database from a backup, needs none.
void Operator::add_deltas(std::uint32_t release) {
    gateway_.ask(core::PlanEncodings{model_name(), release},
                 [this, turn = turn_](const base::Result<core::AdminReply>& reply) {
                     if (turn != turn_) {
                         return;
                     }
                     if (!reply) {
                         is_unsettled(reply.error()) ? again() : next();
                         return;
                     }
                     have_encoded(std::get<core::EncodingPlan>(*reply));
                 });
}

void Operator::have_encoded(const core::EncodingPlan& plan) {
    auto made = ReleaseShelf::instance().late_deltas(plan);
    if (made.variants.empty()) {
        next();
        return;
    }
    context_.timeline.after(milliseconds(100 + rng_.below(8000)), [this, turn = turn_, made] {
        if (turn == turn_) {
            change(made, [this] {
                context_.trace.sometimes("deltas added late");
                next();
            });
        }
    });
}

void Operator::wait_for_rollout(base::Duration patience) {
    const auto now = context_.timeline.now();
    if (!is_waiting_) {
        is_waiting_ = true;
        wait_until_ = now + patience;
    }
    if (now > wait_until_) {
        next();
        return;
    }
    ask<core::RolloutList>(core::ListRollouts{}, [this](const auto& list) {
        const bool is_running = !list.rollouts.empty() && list.rollouts.front().record.status ==
                                                              core::RolloutStatus::kRunning;
        is_running ? again() : next();
    });
}

void Operator::abort() {
    ask<core::RolloutList>(core::ListRollouts{}, [this](const auto& list) {
        if (list.rollouts.empty() ||
            list.rollouts.front().record.status != core::RolloutStatus::kRunning) {
            next();
            return;
        }
        const auto& rollout = list.rollouts.front();
        ask<core::ModelList>(
            core::ListModels{},
            [this, id = rollout.record.id, number = rollout.record.release](const auto& models) {
                std::uint32_t counter = 0;
                for (const auto& release : models.releases) {
                    counter = release->number == number ? release->counter : counter;
                }
                change(core::AbortRollout{id}, [this, counter] {
                    context_.trace.sometimes("rollout aborted");
                    aborted_counter_ = counter;
                    context_.tell([counter](Checker& checker) { checker.on_abort_done(counter); });
                    next();
                });
            });
    });
}

void Operator::roll_back() {
    ask<core::RolloutList>(core::ListRollouts{}, [this](const auto& list) {
        if (list.rollouts.empty() || list.rollouts.front().record.undoes) {
            next();
            return;
        }
        const auto id = list.rollouts.front().record.id;
        const auto turn = turn_;
        gateway_.ask(
            core::PlanRollback{id}, [this, id, turn](const base::Result<core::AdminReply>& reply) {
                const auto* plan = reply ? std::get_if<core::RollbackPlan>(&*reply) : nullptr;
                if (turn != turn_) {
                    return;
                }
                if (plan == nullptr) {
                    is_unsettled(reply.error()) ? again() : next();
                    return;
                }
                auto permit = ReleaseShelf::instance().permit(*plan);
                change(core::RollbackRollout{id, std::move(permit)}, [this] {
                    context_.trace.sometimes("rollout rolled back");
                    next();
                });
            });
    });
}

void Operator::revoke(DeviceHost& device) {
    const auto id = *base::DeviceId::parse(device.name());
    change(core::RevokeDevice{id}, [this, &device] {
        context_.trace.sometimes("device revoked");
        context_.tell([&](Checker& checker) { checker.on_revoked(device.name()); });
        next();
    });
}

void Operator::enrol(DeviceHost& device) {
    core::AddDevice add{.device = *base::DeviceId::parse(device.name()),
                        .label = "newcomer",
                        .claim_code_sha256 = sha256(base::as_bytes(device.name())),
                        .claim_time_to_live = minutes(30)};
    const auto present = [this, &device] { present_claim(device); };
    change(std::move(add), present, present);
}

void Operator::present_claim(DeviceHost& device) {
    core::EnrolDevice enrol{.device = *base::DeviceId::parse(device.name()),
                            .claim_code_sha256 = sha256(base::as_bytes(device.name())),
                            .request_der = {1, 2, 3}};
    const auto welcome = [this, &device] {
        context_.trace.sometimes("device enrolled by claim code");
        device.power_on();
        next();
    };
    change(std::move(enrol), welcome, welcome);
}

}  // namespace frugal::simulation
