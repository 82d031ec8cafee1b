// SPDX-License-Identifier: Apache-2.0
// A device's way in and out: added with a one-time code, enrolled with a certificate, revoked for
// good. Owned by the core. Replies to a certificate request only after the certificate is on
// record, to a revocation only after the broker enforces it; a kick that was not confirmed is
// repeated, by the next process too.
#pragma once

#include <map>

#include "core/config.hpp"
#include "core/event.hpp"
#include "core/fleet/registry.hpp"
#include "core/journal.hpp"
#include "core/work_numbers.hpp"

namespace frugal::core {

/// Who asked for a change, and where the answer goes.
struct Requester {
    base::RequestId request;
    std::string actor;
};

class Enrolment {
public:
    Enrolment(Registry& registry, Journal& journal, WorkNumbers& works, const FleetConfig& config)
        : registry_(registry), journal_(journal), works_(works), config_(config) {}

    /// At start: codes get their time again, the list of revoked certificates goes out.
    void boot(const Step& step);

    /// kConflict, kLimit, kInvalidInput.
    base::Result<Done> add(const Step& step, const Requester& by, const AddDevice& command);

    /// Absent: the answer follows. kDenied for a wrong, used or expired code.
    base::Result<void> enrol(const Step& step, const Requester& by, EnrolDevice&& command);
    void on_certificate(const Step& step, CertificateDone&& done);

    /// kNotFound, kConflict. On success the answer follows.
    base::Result<void> revoke(const Step& step, const Requester& by, const RevokeDevice& command);
    void on_revocation(const Step& step, const RevocationDone& done);

    /// Closes the connections that revocations have left open, as far as it knows.
    void on_link_up(const Step& step);
    /// A revoked device has spoken, so it is connected still: out again, seldom enough.
    void on_intruder(const Step& step, Device& device);

private:
    struct Waiting {
        Requester by;
        DeviceNumber device{};
    };
    struct Revocation {
        std::optional<base::RequestId> asked_by;  ///< absent: the gateway's own idea
        DeviceNumber device{};
    };

    base::Result<Device*> check_claim(const Step& step, const EnrolDevice& command);
    /// The first unconfirmed one with this number or a higher one.
    void kick_from(const Step& step, std::uint32_t first);
    bool is_being_kicked(DeviceNumber device) const;
    void kick(const Step& step, Device& device);
    void publish_revocations(const Step& step, base::WorkId work,
                             const std::optional<base::DeviceId>& kick);

    Registry& registry_;
    Journal& journal_;
    WorkNumbers& works_;
    FleetConfig config_;
    std::map<base::WorkId, Waiting> certificates_;
    std::map<base::WorkId, Revocation> revocations_;
};

}  // namespace frugal::core
