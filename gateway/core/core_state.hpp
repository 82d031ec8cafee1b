// SPDX-License-Identifier: Apache-2.0
// The parts of the core and how events reach them. Owned by Core, private to gateway/core.
#pragma once

#include "core/catalogue.hpp"
#include "core/core.hpp"
#include "core/decision/intake.hpp"
#include "core/fleet/energy_ledger.hpp"
#include "core/fleet/enrolment.hpp"
#include "core/fleet/registry.hpp"
#include "core/journal.hpp"
#include "core/offload/escalation_desk.hpp"
#include "core/offload/policy_desk.hpp"
#include "core/rollout/rollout_desk.hpp"
#include "core/step.hpp"
#include "core/transfer/transfer_desk.hpp"
#include "core/work_numbers.hpp"

namespace frugal::core {

struct Core::State {
    State(Snapshot&& snapshot, const CoreConfig& core_config);

    void boot(const Step& step, const std::optional<base::Error>& given_up);

    // One overload per event.
    void on(const Step& step, DeviceMessage&& event);
    void on(const Step& step, MalformedMessage&& event);
    void on(const Step& step, LinkChanged&& event);
    void on(const Step& step, InferenceDone&& event);
    void on(const Step& step, CloudDone&& event);
    void on(const Step& step, HostLoad&& event);
    void on(const Step& step, CertificateDone&& event);
    void on(const Step& step, RevocationDone&& event);
    void on(const Step& step, PolicyBound&& event);
    void on(const Step& step, AdminRequest&& event);

    Overview overview(base::Instant now) const;

    // One overload per message of a device in service.
    void message(const Step& step, Device& device, Hello&& hello);
    void message(const Step& step, Device& device, Decisions&& decisions);
    void message(const Step& step, Device& device, Fetch&& fetch);
    void message(const Step& step, Device& device, Report&& report);
    void message(const Step& step, Device& device, Escalate&& escalate);
    void message(const Step& step, Device& device, Health&& health);
    void message(const Step& step, Device& device, Bye&& bye);

    /// The device this is from if it may speak; otherwise counts and logs.
    Device* admit(const Step& step, const base::DeviceId& id);
    void follow(const Step& step, Device& device, IntakeVerdict verdict);
    void probe(const Step& step, Device& device);
    void quarantine(const Step& step, Device& device);
    /// Tells the devices what changed in the policies.
    void follow_policies(const Step& step);
    void bind_again(std::uint32_t task);
    void raise_epoch(const Step& step, Device& device, std::uint64_t seen);

    CoreConfig config;
    std::uint64_t fencing_epoch = 0;
    WorkNumbers works;
    Journal journal;
    Registry registry;
    Catalogue catalogue;
    Intake intake;
    TransferDesk transfers;
    EscalationDesk escalations;
    PolicyDesk policies;
    RolloutDesk rollouts;
    Enrolment enrolment;
    EnergyLedger energy;

    std::uint32_t wire_bytes = 0;  ///< of the message being handled
    std::uint64_t messages = 0;
    std::uint64_t malformed_messages = 0;
    std::uint64_t denied_messages = 0;
};

}  // namespace frugal::core
