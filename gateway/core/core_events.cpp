// SPDX-License-Identifier: Apache-2.0
// How events reach the core's parts: who may speak, and what each message sets in motion.
#include "core/core_state.hpp"

#include <algorithm>
#include <utility>

#include "core/views.hpp"

namespace frugal::core {

namespace {

// A device that obeyed a higher epoch than ours (this database is older than the gateway it served)
// lifts ours; nobody can lift it out of reach with one message.
constexpr std::uint64_t kEpochStepMax = 1U << 20;

}  // namespace

Core::State::State(Snapshot&& snapshot, const CoreConfig& core_config)
    : config(core_config),
      fencing_epoch(snapshot.fencing_epoch),
      journal(snapshot.audit_count, snapshot.audit_head, config.fleet),
      registry(std::move(snapshot.devices)),
      catalogue(snapshot, journal, config.rollout),
      intake(std::move(snapshot.streams), registry, catalogue, journal, config.intake),
      transfers(registry, config.transfer),
      escalations(registry, catalogue, journal, works, config.offload, config.cloud),
      policies(snapshot, registry, catalogue, journal, works, config.policy),
      rollouts(snapshot, registry, catalogue, policies, journal, config.rollout),
      enrolment(registry, journal, works, config.fleet),
      energy(snapshot.energy, config.energy) {
    escalations.restore(snapshot.shares);
}

void Core::State::boot(const Step& step, const std::optional<base::Error>& given_up) {
    ++fencing_epoch;
    step.write(FencingEpochRecord{fencing_epoch});
    enrolment.boot(step);
    policies.boot(step);
    rollouts.boot(step, fencing_epoch);
    std::vector<LogField> fields = {{"epoch", std::to_string(fencing_epoch)},
                                    {"devices", std::to_string(registry.size())}};
    if (given_up) {
        fields.push_back({"cause", given_up->describe()});
    }
    journal.log(step, given_up ? LogEvent::kReopened : LogEvent::kStarted, std::move(fields));
}

Device* Core::State::admit(const Step& step, const base::DeviceId& id) {
    ++messages;
    Device* device = registry.find(id);
    if (device == nullptr) {
        ++denied_messages;
        journal.log(step, LogEvent::kUnknownDevice, {{"device", id.text()}});
        return nullptr;
    }
    const auto state = device->record.state;
    if (state == DeviceState::kRevoked || state == DeviceState::kRegistered) {
        ++denied_messages;
        journal.log(
            step, LogEvent::kDeniedDevice,
            {{"device", id.text()}, {"state", std::string(to_string(device->record.state))}});
        if (state == DeviceState::kRevoked) {
            enrolment.on_intruder(step, *device);
        }
        return nullptr;
    }
    if (!device->heard_at) {
        journal.log(step, LogEvent::kDeviceFirstSeen, {{"device", id.text()}});
    }
    device->heard_at = step.now.instant;
    device->presence = Presence::kOnline;
    return device;
}

void Core::State::on(const Step& step, DeviceMessage&& event) {
    const Device* known = registry.find(event.device);
    const bool is_first = known != nullptr && !known->heard_at;
    Device* device = admit(step, event.device);
    if (device == nullptr) {
        return;
    }
    if (is_first && !std::holds_alternative<Hello>(event.message)) {
        // Its session outlived our last process: what it runs now is not what we remember.
        probe(step, *device);
    }
    wire_bytes = event.wire_bytes;
    const bool is_status =
        std::holds_alternative<Health>(event.message) || std::holds_alternative<Bye>(event.message);
    if (device->record.state == DeviceState::kQuarantined && !is_status) {
        ++denied_messages;
        return;
    }
    std::visit([&](auto&& message_of) { message(step, *device, std::move(message_of)); },
               std::move(event.message));
}

void Core::State::on(const Step& step, MalformedMessage&& event) {
    ++malformed_messages;
    Device* device = admit(step, event.device);
    if (device == nullptr) {
        return;
    }
    // The first, then at every doubling: a broken device must not fill the disk.
    const auto count = ++device->malformed_messages;
    if ((count & (count - 1)) == 0) {
        journal.incident(step, *device, IncidentKind::kMalformed, event.error.describe());
    }
    journal.log(step, LogEvent::kMalformedMessage,
                {{"device", event.device.text()}, {"error", event.error.describe()}});
}

void Core::State::on(const Step& step, LinkChanged&& event) {
    journal.log(step, event.is_up ? LogEvent::kLinkUp : LogEvent::kLinkDown, {});
    if (event.is_up) {
        enrolment.on_link_up(step);
        return;
    }
    for (auto& device : registry.devices()) {
        if (device.presence == Presence::kOnline) {
            device.presence = Presence::kSilent;
        }
    }
}

void Core::State::on(const Step& step, InferenceDone&& event) {
    escalations.on_inference(step, std::move(event));
}

void Core::State::on(const Step& step, CloudDone&& event) {
    escalations.on_cloud(step, event);
}

void Core::State::on(const Step&, HostLoad&& event) {
    escalations.on_host(event);
}

void Core::State::on(const Step& step, CertificateDone&& event) {
    enrolment.on_certificate(step, std::move(event));
}

void Core::State::on(const Step& step, RevocationDone&& event) {
    enrolment.on_revocation(step, event);
}

void Core::State::on(const Step& step, PolicyBound&& event) {
    if (const auto pair = policies.on_bound(step, std::move(event))) {
        rollouts.on_bound(*pair);
    }
}

void Core::State::bind_again(std::uint32_t task) {
    for (const auto& pair : policies.forget_failed(task)) {
        rollouts.on_bound(pair);
    }
}

void Core::State::message(const Step& step, Device& device, Hello&& hello) {
    if (hello.device != device.record.id.text()) {
        ++denied_messages;
        journal.incident(step, device, IncidentKind::kForeignIdentity,
                         "hello names device " + hello.device);
        return;
    }
    auto& record = device.record;
    // A wish we do not remember, under an epoch we thought was ours alone, is the same case.
    const bool knows_more =
        hello.fencing_epoch == fencing_epoch && hello.desired_version > record.desired_version;
    if (hello.fencing_epoch > fencing_epoch || knows_more) {
        raise_epoch(step, device, hello.fencing_epoch);
    }
    std::vector<PolicyDesk::Accepted> accepted;
    for (auto& state : hello.tasks) {
        // The floor is not kept with the device: the number that it raises is stored.
        const auto floor = std::exchange(state.policy_floor, 0);
        accepted.push_back({state.task, std::max(state.policy, floor)});
    }
    const bool is_news = record.capability != hello.capability || record.reported != hello.tasks ||
                         record.reported_version != hello.desired_version;
    if (is_news) {
        record.capability = hello.capability;
        record.reported = hello.tasks;
        record.reported_version = hello.desired_version;
        step.write(record);
    }
    device.pulls = hello.resume ? std::optional(hello.resume->artifact) : std::nullopt;
    policies.on_hello(step, device, accepted);
    follow(step, device, intake.on_hello(step, device, hello));
    rollouts.on_hello(step, device, hello);
}

void Core::State::message(const Step& step, Device& device, Decisions&& decisions) {
    const auto stored_before = intake.accepted_total();
    follow(step, device, intake.on_decisions(step, device, decisions, wire_bytes));
    const auto stored = static_cast<std::uint32_t>(intake.accepted_total() - stored_before);
    if (stored != 0) {
        escalations.on_decisions(step, device, decisions, stored);
    }
    // One that overlaps what is stored already is left out: its energy cannot be told apart.
    if (stored == decisions.count) {
        policies.on_decisions(step, device, decisions);
        follow_policies(step);
    }
}

void Core::State::message(const Step& step, Device& device, Fetch&& fetch) {
    device.pulls = fetch.artifact;
    transfers.on_fetch(step, device, fetch, rollouts.offered_artifacts(device));
}

void Core::State::message(const Step& step, Device& device, Report&& report) {
    rollouts.on_report(step, device, report);
}

void Core::State::message(const Step& step, Device& device, Escalate&& escalate) {
    escalations.on_escalate(step, device, std::move(escalate));
}

void Core::State::message(const Step& step, Device& device, Health&& health) {
    energy.on_health(step, device.record.number, health);
    policies.on_health(step, device, health);
    rollouts.on_health(step, device, health);
    device.health = std::move(health);
}

void Core::State::message(const Step& step, Device& device, Bye&& bye) {
    energy.on_bye(step, device.record.number);
    device.presence = bye.next_wake_s != 0 ? Presence::kAsleep : Presence::kOffline;
    transfers.forget(device.record.number);
    escalations.forget(device.record.number);
}

void Core::State::follow(const Step& step, Device& device, IntakeVerdict verdict) {
    switch (verdict) {
        case IntakeVerdict::kFine:
            return;
        case IntakeVerdict::kAskHello:
            probe(step, device);
            return;
        case IntakeVerdict::kQuarantine:
            quarantine(step, device);
            return;
    }
}

void Core::State::probe(const Step& step, Device& device) {
    if (device.probed_at && step.now.instant - *device.probed_at < config.fleet.probe_interval) {
        return;
    }
    device.probed_at = step.now.instant;
    step.immediately(Send{device.record.id, Probe{ProbeKind::kHello}});
}

void Core::State::quarantine(const Step& step, Device& device) {
    device.record.state = DeviceState::kQuarantined;
    step.write(device.record);
    transfers.forget(device.record.number);
    escalations.expel(step, device.record.number);
    rollouts.on_expelled(step, device);
    journal.audit(step, "gateway", "device.quarantine", device.record.id.text());
}

void Core::State::follow_policies(const Step& step) {
    for (const auto& change : policies.take_changes()) {
        rollouts.on_policy(step, change);
        escalations.on_shares(step, change.version->task);
    }
}

void Core::State::raise_epoch(const Step& step, Device& device, std::uint64_t seen) {
    if (seen - fencing_epoch > kEpochStepMax) {
        journal.incident(step, device, IncidentKind::kEpochRaised,
                         "claims fencing epoch " + std::to_string(seen) + ": ignored");
        return;
    }
    fencing_epoch = seen + 1;
    rollouts.set_fencing_epoch(fencing_epoch);
    step.write(FencingEpochRecord{fencing_epoch});
    journal.incident(step, device, IncidentKind::kEpochRaised,
                     "obeyed fencing epoch " + std::to_string(seen) +
                         ": this database is older than the gateway it served");
}

Overview Core::State::overview(base::Instant now) const {
    Overview view;
    view.fencing_epoch = fencing_epoch;
    view.device_count = registry.size();
    for (const auto& device : registry.devices()) {
        ++view.device_states[device.record.state];
        const bool is_online = presence_of(device, now, config.fleet.silence) == Presence::kOnline;
        auto& in_class =
            view.classes[device.record.capability ? device.record.capability->device_class.text()
                                                  : std::string()];
        ++in_class.devices;
        in_class.online += is_online ? 1 : 0;
        view.online += is_online ? 1 : 0;
    }
    view.energy = energy.fleet_totals();
    view.decisions_total = intake.accepted_total();
    view.decisions_lost = intake.lost_total();
    view.intake = intake.statistics();
    view.escalations = escalations.statistics();
    view.transfers = transfers.statistics();
    view.messages = messages;
    view.malformed_messages = malformed_messages;
    view.denied_messages = denied_messages;
    view.rollouts_running = rollouts.running_count();
    if (!rollouts.rollouts().empty()) {
        const auto& newest = rollouts.rollouts().rbegin()->second;
        view.newest_rollout = core::view_of(newest, catalogue.release(newest.record.release));
    }
    view.incidents = journal.incident_count();
    return view;
}

}  // namespace frugal::core
