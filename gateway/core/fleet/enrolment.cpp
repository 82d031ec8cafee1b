// SPDX-License-Identifier: Apache-2.0
#include "core/fleet/enrolment.hpp"

#include <algorithm>

namespace frugal::core {

namespace {

constexpr std::size_t kWaitingMax = 1024;  ///< requests for certificates in the world's hands
constexpr auto kKickPause = std::chrono::seconds(10);

bool equal_in_constant_time(const base::Digest& left, const base::Digest& right) {
    unsigned difference = 0;
    for (std::size_t i = 0; i < left.size(); ++i) {
        difference |= static_cast<unsigned>(left[i] ^ right[i]);
    }
    return difference == 0;
}

}  // namespace

void Enrolment::boot(const Step& step) {
    for (auto& device : registry_.devices()) {
        if (device.record.claim) {
            device.claim_deadline = step.now.instant + device.record.claim->time_to_live;
        }
    }
    publish_revocations(step, works_.next(), {});
}

void Enrolment::on_link_up(const Step& step) {
    kick_from(step, 0);
}

// One after the other: each carries the whole list.
void Enrolment::kick_from(const Step& step, std::uint32_t first) {
    for (auto number = first; number < registry_.size(); ++number) {
        auto& device = registry_.at(static_cast<DeviceNumber>(number));
        if (device.record.is_kick_pending && !is_being_kicked(device.record.number)) {
            kick(step, device);
            return;
        }
    }
}

bool Enrolment::is_being_kicked(DeviceNumber device) const {
    return std::any_of(revocations_.begin(), revocations_.end(),
                       [&](const auto& entry) { return entry.second.device == device; });
}

void Enrolment::on_intruder(const Step& step, Device& device) {
    const bool is_due = !device.kicked_at || step.now.instant - *device.kicked_at >= kKickPause;
    if (is_due && !is_being_kicked(device.record.number)) {
        kick(step, device);
    }
}

void Enrolment::kick(const Step& step, Device& device) {
    device.kicked_at = step.now.instant;
    const auto work = works_.next();
    revocations_.emplace(work, Revocation{{}, device.record.number});
    publish_revocations(step, work, device.record.id);
}

base::Result<Done> Enrolment::add(const Step& step, const Requester& by, const AddDevice& command) {
    const auto& id = command.device;
    if (id.text() == "all" || id.text() == "gateway") {
        return base::fail(base::ErrorKind::kInvalidInput, "device id " + id.text() + " is reserved",
                          "it has a meaning of its own on topics", "Choose another id");
    }
    if (command.label.size() > config_.label_bytes) {
        return base::fail(base::ErrorKind::kLimit, "label of device " + id.text(),
                          "longer than " + std::to_string(config_.label_bytes) + " bytes",
                          "Shorten it");
    }
    if (registry_.size() >= config_.device_limit) {
        return base::fail(base::ErrorKind::kLimit, "device " + id.text() + " not added",
                          "the site has its " + std::to_string(config_.device_limit) + " devices",
                          "Set up a second site");
    }
    const auto time_to_live = std::min(command.claim_time_to_live, config_.claim_time_to_live_max);
    const ClaimRecord claim{command.claim_code_sha256, time_to_live, config_.claim_attempts};
    Device* device = registry_.find(id);
    if (device != nullptr && device->record.state != DeviceState::kRegistered) {
        return base::fail(base::ErrorKind::kConflict, "device " + id.text() + " exists",
                          "it is " + std::string(to_string(device->record.state)),
                          "Use another id: rows are kept under this one");
    }
    if (device == nullptr) {
        device = &registry_.add(DeviceRecord{.number = static_cast<DeviceNumber>(registry_.size()),
                                             .id = id,
                                             .added_at = step.now.wall});
    }
    device->record.label = command.label;
    device->record.claim = claim;
    device->claim_deadline = step.now.instant + time_to_live;
    step.write(device->record);
    journal_.audit(step, by.actor, "device.add", id.text());
    return Done{};
}

base::Result<Device*> Enrolment::check_claim(const Step& step, const EnrolDevice& command) {
    // One text for every reason: whoever guesses learns nothing about which ids exist.
    const auto denied = [] {
        return base::fail(base::ErrorKind::kDenied, "enrolment refused",
                          "unknown device, or wrong, used or expired claim code",
                          "Make a new claim code for this device");
    };
    Device* device = registry_.find(command.device);
    if (device == nullptr || device->record.state != DeviceState::kRegistered ||
        !device->record.claim || device->record.claim->attempts_left == 0) {
        return denied();
    }
    if (!device->claim_deadline || step.now.instant > *device->claim_deadline) {
        return denied();
    }
    auto& claim = *device->record.claim;
    if (!equal_in_constant_time(claim.code_sha256, command.claim_code_sha256)) {
        --claim.attempts_left;
        step.write(device->record);
        return denied();
    }
    return device;
}

base::Result<void> Enrolment::enrol(const Step& step, const Requester& by, EnrolDevice&& command) {
    const auto device = check_claim(step, command);
    if (!device) {
        return tl::unexpected<base::Error>(device.error());
    }
    if (certificates_.size() >= kWaitingMax) {
        return base::fail(base::ErrorKind::kUnavailable, "enrolment not started",
                          "too many certificate requests wait", "Try again in a minute");
    }
    for (const auto& [work, waiting] : certificates_) {
        if (waiting.device == (*device)->record.number) {
            return base::fail(base::ErrorKind::kConflict, "enrolment runs already",
                              "a certificate is being made for this device", "Wait for it");
        }
    }
    const auto work = works_.next();
    certificates_.emplace(work, Waiting{by, (*device)->record.number});
    step.immediately(IssueCertificate{work, command.device, std::move(command.request_der)});
    return {};
}

void Enrolment::on_certificate(const Step& step, CertificateDone&& done) {
    const auto found = certificates_.find(done.work);
    if (found == certificates_.end()) {
        return;
    }
    const auto waiting = std::move(found->second);
    certificates_.erase(found);
    auto& device = registry_.at(waiting.device);
    if (!done.certificate) {
        journal_.log(
            step, LogEvent::kCertificateFailed,
            {{"device", device.record.id.text()}, {"error", done.certificate.error().describe()}});
        step.after_commit(Reply{waiting.by.request,
                                tl::unexpected<base::Error>(std::move(done.certificate.error()))});
        return;
    }
    if (device.record.state == DeviceState::kRevoked) {
        step.after_commit(Reply{waiting.by.request, base::fail(base::ErrorKind::kDenied,
                                                               "device " + device.record.id.text() +
                                                                   " was revoked meanwhile")});
        return;
    }
    device.record.certificate = done.certificate->record;
    device.record.claim.reset();
    device.claim_deadline.reset();
    device.record.state = DeviceState::kEnrolled;
    step.write(device.record);
    journal_.audit(step, waiting.by.actor, "device.enrol", device.record.id.text());
    step.after_commit(
        Reply{waiting.by.request,
              AdminReply{CertificateIssued{device.record.id, std::move(*done.certificate)}}});
}

base::Result<void> Enrolment::revoke(const Step& step, const Requester& by,
                                     const RevokeDevice& command) {
    const auto device = registry_.get(command.device);
    if (!device) {
        return tl::unexpected<base::Error>(device.error());
    }
    auto& record = (*device)->record;
    if (record.state != DeviceState::kRevoked) {
        record.state = DeviceState::kRevoked;
        record.revoked_at = step.now.wall;
        record.claim.reset();
        (*device)->presence = Presence::kOffline;
        journal_.audit(step, by.actor, "device.revoke", record.id.text());
    }
    // Stays on record until the connection is known to be closed: this process may die before.
    record.is_kick_pending = true;
    step.write(record);
    (*device)->kicked_at = step.now.instant;
    const auto work = works_.next();
    revocations_.emplace(work, Revocation{by.request, record.number});
    publish_revocations(step, work, record.id);
    return {};
}

void Enrolment::publish_revocations(const Step& step, base::WorkId work,
                                    const std::optional<base::DeviceId>& kick) {
    PublishRevocations publish{.work = work, .kick = kick};
    for (const auto& device : registry_.devices()) {
        if (device.record.state == DeviceState::kRevoked && device.record.certificate) {
            publish.revoked.push_back(
                {device.record.id, device.record.certificate->serial, device.record.revoked_at});
        }
    }
    step.after_commit(std::move(publish));
}

void Enrolment::on_revocation(const Step& step, const RevocationDone& done) {
    if (!done.outcome) {
        journal_.log(step, LogEvent::kRevocationFailed,
                     {{"error", done.outcome.error().describe()}});
    }
    const auto found = revocations_.find(done.work);
    if (found == revocations_.end()) {
        return;
    }
    const auto revocation = found->second;
    revocations_.erase(found);
    auto& record = registry_.at(revocation.device).record;
    // Where the gateway can close no connections at all, a repetition does not help.
    const bool is_final =
        done.outcome || done.outcome.error().kind == base::ErrorKind::kUnsupported;
    if (is_final && record.is_kick_pending) {
        record.is_kick_pending = false;
        step.write(record);
    }
    if (!revocation.asked_by) {
        kick_from(step, index_of(revocation.device) + 1);
        return;
    }
    if (done.outcome) {
        step.after_commit(Reply{*revocation.asked_by, AdminReply{Done{}}});
    } else {
        step.after_commit(
            Reply{*revocation.asked_by, tl::unexpected<base::Error>(done.outcome.error())});
    }
}

}  // namespace frugal::core
