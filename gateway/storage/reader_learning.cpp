// SPDX-License-Identifier: Apache-2.0
// What the learner stored, and what a what-if replays.
#include <algorithm>

#include "storage/packing.hpp"
#include "storage/reader_state.hpp"

namespace frugal::storage {

namespace {

base::Digest whole_digest(const Statement& row, int column) {
    Unpacker from(row.bytes_at(column));
    return from.array<32>();
}

std::vector<std::uint32_t> devices_at(const Statement& row, int column) {
    std::vector<std::uint32_t> devices;
    if (row.is_null_at(column)) {
        return devices;
    }
    const auto bytes = row.bytes_at(column);
    Unpacker from(bytes.first(bytes.size() / 4 * 4));
    while (!from.is_at_end()) {
        devices.push_back(from.u32());
    }
    return devices;
}

constexpr std::int64_t kAnswersLookedAt = 500'000;

core::ObservationRecord observation_at(const Statement& row) {
    core::ObservationRecord record;
    record.at = {row.number_at(1)};
    record.device = as<core::DeviceNumber>(row, 2);
    record.task = as<std::uint32_t>(row, 3);
    record.release = as<std::uint32_t>(row, 4);
    record.sequence = as<std::uint64_t>(row, 5);
    record.local_confidence = as<std::uint8_t>(row, 6);
    record.local_class = as<std::uint32_t>(row, 7);
    record.edge_class = as<std::uint32_t>(row, 8);
    record.edge_chance = as<std::uint8_t>(row, 9);
    record.local_chance = as<std::uint8_t>(row, 10);
    record.is_audit = row.number_at(11) != 0;
    record.is_in_time = row.number_at(12) != 0;
    record.propensity_q8 = as<std::uint16_t>(row, 13);
    record.price = as<std::uint8_t>(row, 14);
    record.load = as<std::uint8_t>(row, 15);
    const auto name = as<std::uint32_t>(row, 16);
    for (std::size_t i = 0; i < 4; ++i) {
        record.edge_model[i] = static_cast<std::uint8_t>(name >> (24 - 8 * i));
    }
    return record;
}

}  // namespace

base::Result<std::vector<core::LearningRecord>> Reader::learning() {
    auto statement = state_->connection.prepare(
        "SELECT learning.*, doubted.devices FROM learning LEFT JOIN doubted"
        " USING (task, device_class, model, edge_model, audience)");
    if (!statement) {
        return pass_on(statement);
    }
    std::vector<core::LearningRecord> records;
    while (true) {
        const auto has_row = statement->row();
        if (!has_row) {
            return pass_on(has_row);
        }
        if (!*has_row) {
            return records;
        }
        auto device_class = base::ClassName::parse(statement->text_at(1));
        auto audience = base::Audience::parse(statement->text_at(6));
        if (!device_class || !audience) {
            continue;  // of what is learned anew, a damaged row is no loss
        }
        const auto state = statement->bytes_at(4);
        records.push_back({.task = as<std::uint32_t>(*statement, 0),
                           .device_class = std::move(*device_class),
                           .model = whole_digest(*statement, 2),
                           .edge_model = whole_digest(*statement, 3),
                           .state = {state.begin(), state.end()},
                           .saved_at = {statement->number_at(5)},
                           .doubted = devices_at(*statement, 7),
                           .audience = std::move(*audience)});
    }
}

base::Result<std::vector<core::CanaryRecord>> Reader::canaries() {
    auto statement =
        state_->connection.prepare("SELECT * FROM canary ORDER BY task, model, edge_model");
    if (!statement) {
        return pass_on(statement);
    }
    return collect<core::CanaryRecord>(*statement, [](const Statement& row) {
        const auto state = row.bytes_at(3);
        return core::CanaryRecord{.task = as<std::uint32_t>(row, 0),
                                  .model = whole_digest(row, 1),
                                  .edge_model = whole_digest(row, 2),
                                  .state = {state.begin(), state.end()},
                                  .figures = row.text_at(4),
                                  .actor = row.text_at(5),
                                  .saved_at = {row.number_at(6)}};
    });
}

base::Result<std::vector<core::ObservationRecord>> Reader::observations(std::uint32_t task,
                                                                        base::WallTime since,
                                                                        std::uint32_t limit) {
    auto statement = state_->connection.prepare(
        "SELECT * FROM observation WHERE task = ? AND at_ms >= ? ORDER BY number DESC LIMIT ?");
    if (!statement) {
        return pass_on(statement);
    }
    statement->number(task).number(since.unix_ms).number(limit);
    return collect<core::ObservationRecord>(*statement, observation_at);
}

// A device that formatted its storage gives numbers once more: the newest before the decision came
// in is that of its stream.
base::Result<std::optional<core::ObservationRecord>> Reader::observation(
    const DecisionRow& decision) {
    auto statement = state_->connection.prepare(
        "SELECT observation.* FROM observation JOIN device ON device.number = observation.device"
        " WHERE observation.number > (SELECT max(number) FROM observation) - ?"
        " AND observation.sequence = ? AND task = ? AND release = ? AND id = ? AND at_ms <= ?"
        " ORDER BY observation.number DESC LIMIT 1");
    if (!statement) {
        return pass_on(statement);
    }
    statement->number(kAnswersLookedAt)
        .number(static_cast<std::int64_t>(decision.sequence))
        .number(decision.task)
        .number(decision.release)
        .text(decision.device.text())
        .number(decision.received_at.unix_ms);
    auto found = collect<core::ObservationRecord>(*statement, observation_at);
    if (!found) {
        return pass_on(found);
    }
    return found->empty() ? std::nullopt : std::optional(std::move(found->front()));
}

base::Result<std::vector<std::string>> Reader::device_classes() {
    auto statement = state_->connection.prepare("SELECT capability FROM device ORDER BY number");
    if (!statement) {
        return pass_on(statement);
    }
    return collect<std::string>(*statement, [](const Statement& row) {
        if (row.is_null_at(0)) {
            return std::string();
        }
        Unpacker packed(row.bytes_at(0));
        const auto capability = unpack_capability(packed);
        return capability ? capability->device_class.text() : std::string();
    });
}

base::Result<std::vector<Reader::EscalationAccount>> Reader::escalation_accounts() {
    auto statement = state_->connection.prepare(
        "SELECT device, sum(escalations_uj), sum(raw_bytes), sum(avoided_bytes)"
        " FROM energy GROUP BY device ORDER BY device");
    if (!statement) {
        return pass_on(statement);
    }
    std::vector<EscalationAccount> accounts;
    while (true) {
        const auto has_row = statement->row();
        if (!has_row) {
            return pass_on(has_row);
        }
        if (!*has_row) {
            return accounts;
        }
        const auto raw = as<std::uint64_t>(*statement, 2);
        const auto avoided = as<std::uint64_t>(*statement, 3);
        accounts.resize(as<std::size_t>(*statement, 0) + 1);
        accounts.back() = {as<std::uint64_t>(*statement, 1), raw - std::min(raw, avoided)};
    }
}

// Rows lie in the order they came: the scan ends at the first that is too old.
base::Result<std::vector<Reader::DecisionContext>> Reader::decision_contexts(std::uint32_t task,
                                                                             base::WallTime since,
                                                                             std::uint32_t limit) {
    auto statement = state_->connection.prepare(
        "SELECT stream.device, decision.release, class, confidence, outcome, energy_uj, "
        "received_ms, task FROM decision JOIN stream ON stream.number = decision.stream "
        "ORDER BY decision.number DESC");
    if (!statement) {
        return pass_on(statement);
    }
    std::vector<DecisionContext> contexts;
    while (contexts.size() < limit) {
        const auto has_row = statement->row();
        if (!has_row) {
            return pass_on(has_row);
        }
        if (!*has_row || statement->number_at(6) < since.unix_ms) {
            break;
        }
        if (statement->number_at(7) != task) {
            continue;
        }
        contexts.push_back({.device = as<std::uint32_t>(*statement, 0),
                            .release = as<std::uint32_t>(*statement, 1),
                            .class_id = as<std::uint8_t>(*statement, 2),
                            .confidence = as<std::uint8_t>(*statement, 3),
                            .outcome = as<std::uint8_t>(*statement, 4),
                            .energy_uj = as<std::uint32_t>(*statement, 5),
                            .received_at = {statement->number_at(6)}});
    }
    return contexts;
}

}  // namespace frugal::storage
