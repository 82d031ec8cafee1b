// SPDX-License-Identifier: Apache-2.0
#include "core/journal.hpp"

#include "frugal/sha256.h"

namespace frugal::core {

namespace {

// Every field with its length before it: no two different records hash the same bytes.
class Hasher {
public:
    Hasher() { fr_sha256_init(&state_); }
    void add(std::uint64_t number) {
        std::array<std::uint8_t, 8> bytes{};
        for (auto& byte : bytes) {
            byte = static_cast<std::uint8_t>(number);
            number >>= 8;
        }
        fr_sha256_update(&state_, bytes.data(), bytes.size());
    }
    void add(base::ByteView bytes) {
        add(bytes.size());
        fr_sha256_update(&state_, bytes.data(), bytes.size());
    }
    base::Digest finish() {
        base::Digest digest{};
        fr_sha256_final(&state_, digest.data());
        return digest;
    }

private:
    fr_sha256_t state_{};
};

}  // namespace

base::Digest audit_hash(const AuditRecord& record) {
    Hasher hasher;
    hasher.add(record.previous);
    hasher.add(record.number);
    hasher.add(static_cast<std::uint64_t>(record.at.unix_ms));
    hasher.add(base::as_bytes(record.actor));
    hasher.add(base::as_bytes(record.action));
    hasher.add(base::as_bytes(record.subject));
    hasher.add(base::as_bytes(record.detail));
    return hasher.finish();
}

void Journal::audit(const Step& step, std::string actor, std::string action, std::string subject,
                    std::string detail) {
    AuditRecord record{.number = audit_count_++,
                       .at = step.now.wall,
                       .actor = std::move(actor),
                       .action = std::move(action),
                       .subject = std::move(subject),
                       .detail = std::move(detail),
                       .previous = audit_head_};
    record.hash = audit_hash(record);
    audit_head_ = record.hash;
    step.write(std::move(record));
}

void Journal::incident(const Step& step, Device& device, IncidentKind kind, std::string detail) {
    ++incidents_;
    log(step, LogEvent::kIncident,
        {{"device", device.record.id.text()},
         {"kind", std::string(to_string(kind))},
         {"detail", detail}});
    if (device.incidents < config_.incidents_per_device) {
        ++device.incidents;
        step.write(IncidentRecord{.device = device.record.number,
                                  .kind = kind,
                                  .detail = std::move(detail),
                                  .at = step.now.wall});
    }
}

void Journal::log(const Step& step, LogEvent event, std::vector<LogField> fields) {
    if (may_log(step.now.instant)) {
        step.immediately(Log{event, std::move(fields)});
    }
}

bool Journal::may_log(base::Instant now) {
    if (now - log_second_ >= std::chrono::seconds(1)) {
        log_second_ = now;
        log_lines_ = 0;
    }
    return ++log_lines_ <= config_.log_lines_per_second;
}

}  // namespace frugal::core
