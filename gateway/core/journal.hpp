// SPDX-License-Identifier: Apache-2.0
// What is written down for people: the hash-chained audit trail, incidents of devices, log lines.
// Owned by the core. Bounded: incidents per device and log lines per second have limits. Never sees
// payloads or secrets.
#pragma once

#include <initializer_list>

#include "core/config.hpp"
#include "core/fleet/device.hpp"
#include "core/step.hpp"

namespace frugal::core {

/// The hash that makes `record` the link after record.previous.
base::Digest audit_hash(const AuditRecord& record);

class Journal {
public:
    Journal(std::uint64_t audit_count, const base::Digest& audit_head, const FleetConfig& config)
        : audit_count_(audit_count), audit_head_(audit_head), config_(config) {}

    /// Appends to the chain, in the same transaction as the change it tells of.
    void audit(const Step& step, std::string actor, std::string action, std::string subject,
               std::string detail = {});

    /// A row while the device has not used up its rows, a log line while there is room for one.
    void incident(const Step& step, Device& device, IncidentKind kind, std::string detail);

    void log(const Step& step, LogEvent event, std::vector<LogField> fields);

    std::uint64_t incident_count() const { return incidents_; }

private:
    bool may_log(base::Instant now);

    std::uint64_t audit_count_;
    base::Digest audit_head_;
    FleetConfig config_;
    std::uint64_t incidents_ = 0;
    base::Instant log_second_;
    std::uint32_t log_lines_ = 0;
};

}  // namespace frugal::core
