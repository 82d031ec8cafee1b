// SPDX-License-Identifier: Apache-2.0
#include "core/core.hpp"

#include "core/core_state.hpp"

namespace frugal::core {

Core::Core(Snapshot snapshot, const CoreConfig& config)
    : state_(std::make_unique<State>(std::move(snapshot), config)) {}
Core::~Core() = default;
Core::Core(Core&&) noexcept = default;
Core& Core::operator=(Core&&) noexcept = default;

void Core::boot(base::Now now, Outbox& outbox, const std::optional<base::Error>& given_up) {
    state_->boot({now, outbox}, given_up);
}

void Core::handle(Event&& event, base::Now now, Outbox& outbox) {
    const Step step{now, outbox};
    std::visit([&](auto&& alternative) { state_->on(step, std::move(alternative)); },
               std::move(event));
}

void Core::on_time(base::Now now, Outbox& outbox) {
    const Step step{now, outbox};
    state_->escalations.on_time(step);
    state_->transfers.on_time(step);
    for (const auto& pair : state_->policies.give_up_waiting(step)) {
        state_->rollouts.on_bound(pair);
    }
    state_->policies.on_time(step);
    state_->follow_policies(step);
    state_->rollouts.on_time(step);
}

void Core::seal(base::Now now, Outbox& outbox) {
    const auto terms_of = [&](const Device& device) {
        auto edge = state_->escalations.terms_for(device, now.instant);
        return AckTerms{state_->fencing_epoch, edge.price, edge.load, std::move(edge.dearer)};
    };
    state_->intake.seal({now, outbox}, terms_of);
}

std::optional<base::Instant> Core::next_deadline() const {
    std::optional<base::Instant> next;
    for (const auto deadline :
         {state_->escalations.next_deadline(), state_->transfers.next_deadline(),
          state_->policies.next_deadline(), state_->rollouts.next_deadline()}) {
        if (deadline && (!next || *deadline < *next)) {
            next = deadline;
        }
    }
    return next;
}

Overview Core::overview(base::Instant now) const {
    return state_->overview(now);
}

bool Core::is_offered(const base::Digest& artifact) const {
    return state_->rollouts.is_offered(artifact);
}

}  // namespace frugal::core
