// SPDX-License-Identifier: Apache-2.0
// How people's requests reach the core's parts. Every change is audited by the part that makes it,
// in the same batch; every answer waits for the commit, so that nobody is told what may be undone.
#include "base/assert.hpp"
#include "core/core_state.hpp"
#include "core/offload/learning_desk.hpp"
#include "core/rollout/encoding_plan.hpp"
#include "core/rollout/fit_report.hpp"
#include "core/views.hpp"

namespace frugal::core {

namespace {

// Turns any part's answer into a reply; absent while the answer follows later.
using Answer = std::optional<base::Result<AdminReply>>;

template <typename Value>
Answer now(base::Result<Value>&& result) {
    if (!result) {
        return tl::unexpected<base::Error>(std::move(result.error()));
    }
    return base::Result<AdminReply>(AdminReply{std::move(*result)});
}

Answer later(base::Result<void>&& result) {
    if (result) {
        return std::nullopt;
    }
    return base::Result<AdminReply>(tl::unexpected<base::Error>(std::move(result.error())));
}

/// One overload per command.
struct Dispatch {
    Core::State& state;
    const Step& step;
    const Requester& by;
    Site site;

    Answer operator()(AddDevice&& command) { return now(state.enrolment.add(step, by, command)); }
    Answer operator()(EnrolDevice&& command) {
        return later(state.enrolment.enrol(step, by, std::move(command)));
    }
    Answer operator()(RevokeDevice&& command) {
        auto done = state.enrolment.revoke(step, by, command);
        if (done) {
            auto& device = *state.registry.find(command.device);
            state.transfers.forget(device.record.number);
            state.escalations.expel(step, device.record.number);
            state.rollouts.on_expelled(step, device);
        }
        return later(std::move(done));
    }
    Answer operator()(ReleaseDevice&& command) {
        auto device = state.registry.get(command.device);
        if (!device) {
            return base::Result<AdminReply>(tl::unexpected<base::Error>(device.error()));
        }
        if ((*device)->record.state != DeviceState::kQuarantined) {
            return base::Result<AdminReply>(
                base::fail(base::ErrorKind::kConflict,
                           "device " + command.device.text() + " is not in quarantine"));
        }
        (*device)->record.state = DeviceState::kEnrolled;
        step.write((*device)->record);
        state.journal.audit(step, by.actor, "device.release", command.device.text());
        state.rollouts.on_released(step, **device);
        return now(base::Result<Done>(Done{}));
    }
    Answer operator()(DefineTask&& command) {
        const auto task = command.task.task;
        auto done = state.catalogue.define_task(step, by.actor, std::move(command));
        if (done) {
            state.escalations.on_shares(step, task);
            state.bind_again(task);
        }
        return now(std::move(done));
    }
    Answer operator()(ImportRelease&& command) {
        const auto task = command.task;
        auto done = state.catalogue.import(step, by.actor, std::move(command));
        if (done) {
            state.bind_again(task);
        }
        return now(std::move(done));
    }
    Answer operator()(AddEncodings&& command) {
        return now(state.catalogue.add_encodings(step, by.actor, std::move(command)));
    }
    Answer operator()(SetEdgeModel&& command) {
        const auto task = command.model.task;
        const auto* before = state.catalogue.edge_model(task);
        const bool is_new = before == nullptr || before->digest != command.model.digest;
        auto done = state.catalogue.set_edge_model(step, by.actor, std::move(command));
        if (done && is_new) {
            state.escalations.on_edge_model(step, task);
            state.bind_again(task);
        }
        return now(std::move(done));
    }
    Answer operator()(StartRollout&& command) {
        return now(state.rollouts.start(step, by.actor, command));
    }
    Answer operator()(AbortRollout&& command) {
        return now(state.rollouts.abort(step, by.actor, command));
    }
    Answer operator()(RollbackRollout&& command) {
        return now(state.rollouts.rollback(step, by.actor, std::move(command)));
    }
    Answer operator()(SetPolicy&& command) {
        SaveLearning learned{.cells = std::move(command.learned)};
        if (auto checked = check_learning(learned); !checked) {
            return base::Result<AdminReply>(tl::unexpected<base::Error>(checked.error()));
        }
        auto use = command.asks_use ? release_use_of(site, command.version) : std::nullopt;
        auto done = state.policies.set(step, by.actor, std::move(command));
        state.follow_policies(step);
        if (done) {
            const auto saved = save_learning(step, state.journal, by.actor, std::move(learned));
            FRUGAL_ASSERT(saved);
            done->use = std::move(use);
        }
        return now(std::move(done));
    }
    Answer operator()(SaveLearning&& command) {
        // What was learned for an override that ended meanwhile is deleted already, for good.
        std::erase_if(command.cells, [this](const LearningRecord& cell) {
            return !cell.audience.is_class() &&
                   state.catalogue.policy(cell.task, cell.device_class, cell.audience) == nullptr;
        });
        if (auto checked = check_measured(command, state.policies.owner_changes()); !checked) {
            return base::Result<AdminReply>(tl::unexpected<base::Error>(checked.error()));
        }
        for (const auto& event : command.events) {
            if (event.is_alarm && event.audience.is_class()) {
                state.policies.on_alarm(step, event.task, event.since);
            }
        }
        return now(save_learning(step, state.journal, by.actor, std::move(command)));
    }
    Answer operator()(ResumePolicyRollout&& command) {
        auto done = state.policies.resume(step, by.actor, command);
        state.follow_policies(step);
        return now(std::move(done));
    }
    Answer operator()(ListPolicyVersions&& query) {
        return read(state.policies.history(query.task, query.audience));
    }
    Answer operator()(GetPolicyRollout&& query) {
        return now(state.policies.view(query.task, step.now.instant));
    }
    Answer operator()(ListDevices&& query) { return read(page_of(site, query)); }
    Answer operator()(GetDevice&& query) {
        auto device = state.registry.get(query.device);
        if (!device) {
            return base::Result<AdminReply>(tl::unexpected<base::Error>(device.error()));
        }
        return read(view_of(site, **device));
    }
    Answer operator()(ListTasks&&) {
        auto list = state.catalogue.list();
        list.next_policy = state.policies.next_policy();
        list.owner_changes = state.policies.owner_changes();
        return read(std::move(list));
    }
    Answer operator()(ListModels&&) { return read(models_of(site)); }
    Answer operator()(ListRollouts&&) { return read(rollouts_of(site)); }
    Answer operator()(GetRollout&& query) { return now(detail_of(site, query)); }
    Answer operator()(PlanRelease&& query) {
        auto plan = state.catalogue.plan(query.model, query.task);
        plan.bases = delta_bases_of(site, query.task);
        return read(std::move(plan));
    }
    Answer operator()(PlanRollback&& query) {
        return now(state.rollouts.plan_rollback(query.rollout));
    }
    Answer operator()(PlanEncodings&& query) { return now(plan_encodings(site, query)); }
    Answer operator()(GetFit&& query) { return now(fit_report(site, query)); }
    Answer operator()(GetEscalationStatistics&&) { return read(state.escalations.statistics()); }
    Answer operator()(ListEnergy&& query) { return read(energy_page_of(site, query)); }
    Answer operator()(GetDeviceEnergy&& query) {
        auto device = state.registry.get(query.device);
        if (!device) {
            return base::Result<AdminReply>(tl::unexpected<base::Error>(device.error()));
        }
        return read(energy_of(site, **device));
    }
    Answer operator()(GetOverview&&) { return read(state.overview(site.now)); }

    template <typename Value>
    static Answer read(Value&& value) {
        // In place: of a temporary Result, GCC 12 at -O3 claims that its error was never set.
        return Answer(std::in_place, AdminReply{std::forward<Value>(value)});
    }
};

}  // namespace

void Core::State::on(const Step& step, AdminRequest&& event) {
    const Requester by{event.request, std::move(event.actor)};
    const bool is_overview = std::holds_alternative<GetOverview>(event.command);
    Dispatch dispatch{*this, step, by,
                      Site{registry, catalogue, intake, rollouts, policies, energy, config.fleet,
                           step.now.instant}};
    auto answer = std::visit([&](auto&& command) { return dispatch(std::move(command)); },
                             std::move(event.command));
    if (!answer) {
        return;
    }
    Reply reply{by.request, std::move(*answer)};
    if (is_overview) {
        // Counters for a live page: nothing in them is a promise.
        step.immediately(std::move(reply));
    } else {
        step.after_commit(std::move(reply));
    }
}

}  // namespace frugal::core
