// SPDX-License-Identifier: Apache-2.0
// Protobuf -> core type for what devices send: one function per message, every field checked, then
// the canonical check: what the core keeps must encode to the very bytes that came.
#include "wire/device_messages.hpp"

#include <algorithm>

#include "frugal/limits.h"
#include "frugal/v1/uplink.pb.h"
#include "wire/device_messages_health.hpp"
#include "wire/fields.hpp"
#include "wire/protobuf.hpp"

namespace frugal::wire {

static_assert(core::kDecisionBatchMax == FR_DECISION_BATCH_MAX);

namespace {

constexpr std::uint32_t kOperatorsOfDeviceMax = 32;
constexpr std::uint32_t kAny = 0xFFFFFFFF;

template <typename Proto>
std::vector<std::uint32_t> ascending_operators(Fields& fields, const Proto& from) {
    if (from.operators_size() > static_cast<int>(kOperatorsOfDeviceMax)) {
        fields.refuse("operators", "more than 32");
        return {};
    }
    std::vector<std::uint32_t> operators(from.operators().begin(), from.operators().end());
    if (std::adjacent_find(operators.begin(), operators.end(), std::greater_equal<>()) !=
        operators.end()) {
        fields.refuse("operators", "not strictly ascending");
    }
    return operators;
}

core::Capability read(Fields& fields, const v1::Capability& from) {
    return {
        .device_class = fields.name<base::ClassName>("device_class", from.device_class()),
        .runtime_abi = from.runtime_abi(),
        .arena_bytes = from.arena_bytes(),
        .slot_bytes = from.slot_bytes(),
        .staging_bytes = from.staging_bytes(),
        .block_bytes =
            fields.range("block_bytes", from.block_bytes(), FR_BLOCK_SIZE_MIN, FR_BLOCK_SIZE_MAX),
        .decoder_ram_bytes = from.decoder_ram_bytes(),
        .decoder_profiles = from.decoder_profiles(),
        .operators = ascending_operators(fields, from),
        .features_bytes_max = from.features_bytes_max(),
        .slots = fields.range("slots", from.slots(), 0U, 2U),
        .reach_bytes = from.reach_bytes(),
    };
}

core::TaskState read(Fields& fields, const v1::TaskState& from) {
    return {
        .task = fields.range("tasks.task", from.task(), 0U, 255U),
        .release = from.release(),
        .model_digest = fields.optional_digest("tasks.model_digest", from.model_digest()),
        .phase =
            fields.closed<core::UpdatePhase>("tasks.phase", from.phase(), core::kUpdatePhaseLast),
        .reason = fields.closed<core::Reason>("tasks.reason", from.reason(), core::kReasonLast),
        .policy = from.policy(),
        .burned_counter = from.burned_counter(),
        .other_digest = fields.optional_digest("tasks.other_digest", from.other_digest()),
        .state_bytes = from.state_bytes(),
        .input_bytes = from.input_bytes(),
        .output_classes = from.output_classes(),
        .policy_floor = from.policy_floor(),
    };
}

std::vector<core::TaskState> read_tasks(Fields& fields, const v1::Hello& from) {
    std::vector<core::TaskState> tasks;
    if (from.tasks_size() > static_cast<int>(FR_TASKS_MAX)) {
        fields.refuse("tasks", "more than " + std::to_string(FR_TASKS_MAX));
        return tasks;
    }
    for (const auto& task : from.tasks()) {
        tasks.push_back(read(fields, task));
        if (tasks.size() > 1 && tasks[tasks.size() - 2].task >= tasks.back().task) {
            fields.refuse("tasks", "not strictly ascending by task");
        }
    }
    return tasks;
}

core::Hello read(Fields& fields, const v1::Hello& from) {
    if (!from.has_capability()) {
        fields.refuse("capability", "missing");
    }
    if (!base::is_valid_id(from.device())) {
        fields.refuse("device", "is not [a-z0-9-]{1,64}");
    }
    core::Hello to{
        .protocol =
            fields.range("protocol", from.protocol(), FR_PROTOCOL_VERSION, FR_PROTOCOL_VERSION),
        .device = from.device(),
        .stream = {from.stream()},
        .boot_epoch = from.boot_epoch(),
        .next_sequence =
            fields.range<std::uint64_t>("next_sequence", from.next_sequence(), 0, kSequenceMax),
        .oldest_sequence = fields.range<std::uint64_t>("oldest_sequence", from.oldest_sequence(), 0,
                                                       from.next_sequence()),
        .fencing_epoch =
            fields.range<std::uint64_t>("fencing_epoch", from.fencing_epoch(), 0, kSequenceMax),
        .desired_version = from.desired_version(),
        .capability = read(fields, from.capability()),
        .tasks = read_tasks(fields, from),
        .resume = {},
    };
    if (from.has_resume()) {
        to.resume = core::ResumePoint{
            .artifact = fields.fixed<32>("resume.artifact", from.resume().artifact()),
            .blocks_held = from.resume().blocks_held()};
    }
    return to;
}

// Entry i of a column that has one entry per decision, or one for all.
template <typename Column>
std::uint32_t entry(const Column& column, int i) {
    return column.Get(column.size() == 1 ? 0 : i);
}

void read_ticks(Fields& fields, const v1::Decisions& from, core::Decisions& to) {
    const int count = from.classes_size();
    const int deltas = from.delta_ticks_size();
    if (count == 1 ? deltas != 0 : (deltas != 1 && deltas != count - 1)) {
        fields.refuse("delta_ticks", "neither one entry nor one per decision after the first");
        return;
    }
    std::uint64_t ticks = from.start_ticks();
    to.ticks[0] = from.start_ticks();
    for (int i = 1; i < count; ++i) {
        ticks += entry(from.delta_ticks(), i - 1);
        to.ticks[static_cast<std::size_t>(i)] =
            static_cast<std::uint32_t>(fields.range<std::uint64_t>("delta_ticks", ticks, 0, kAny));
    }
}

bool is_valid_outcome(std::uint32_t outcome) {
    const auto tier = outcome / 16;
    const auto reason = outcome % 16;
    return tier >= 1 && tier <= core::kTierLast && reason >= 1;
}

void read_columns(Fields& fields, const v1::Decisions& from, core::Decisions& to) {
    const int count = from.classes_size();
    const auto fits = [count](int size) { return size == 1 || size == count; };
    if (!fits(from.doubts_size()) || !fits(from.outcomes_size())) {
        fields.refuse("doubts, outcomes", "neither one entry nor one per decision");
        return;
    }
    for (int i = 0; i < count; ++i) {
        const auto at = static_cast<std::size_t>(i);
        const auto class_id = fields.range("classes", from.classes(i), 0U, FR_CLASSES_MAX - 1);
        const auto outcome = entry(from.outcomes(), i);
        if (!is_valid_outcome(outcome)) {
            fields.refuse("outcomes", "not a tier and a policy reason");
        }
        to.classes[at] = static_cast<std::uint8_t>(class_id);
        to.confidences[at] =
            static_cast<std::uint8_t>(255 - fields.byte("doubts", entry(from.doubts(), i)));
        to.outcomes[at] = static_cast<std::uint8_t>(outcome);
    }
}

core::Decisions read(Fields& fields, const v1::Decisions& from) {
    core::Decisions to;
    const int count = from.classes_size();
    if (count < 1 || count > static_cast<int>(FR_DECISION_BATCH_MAX)) {
        fields.refuse("classes", "not 1.." + std::to_string(FR_DECISION_BATCH_MAX) + " entries");
        return to;
    }
    to.stream = {from.stream()};
    to.first_sequence = fields.range<std::uint64_t>("first_sequence", from.first_sequence(), 0,
                                                    kSequenceMax - FR_DECISION_BATCH_MAX);
    to.boot_epoch = from.boot_epoch();
    to.task = fields.range("task", from.task(), 0U, 255U);
    to.release = from.release();
    to.energy_uj = from.energy_uj();
    to.count = static_cast<std::uint32_t>(count);
    if (from.has_dropped_from()) {
        if (from.dropped_from() >= from.first_sequence()) {
            fields.refuse("dropped_from", "not below first_sequence");
        }
        to.dropped_from = from.dropped_from();
    }
    read_ticks(fields, from, to);
    if (fields.is_good()) {
        read_columns(fields, from, to);
    }
    return to;
}

core::Fetch read(Fields& fields, const v1::Fetch& from) {
    if (from.missing() == 0) {
        fields.refuse("missing", "asks for no block");
    }
    return {
        .artifact = fields.fixed<32>("artifact", from.artifact()),
        .base_block = fields.range("base_block", from.base_block(), 0U,
                                   FR_ARTIFACT_SIZE_MAX / FR_BLOCK_SIZE_MIN),
        .missing = from.missing(),
        .credit = fields.range("credit", from.credit(), 1U, FR_FETCH_CREDIT_MAX),
    };
}

core::Report read(Fields& fields, const v1::Report& from) {
    return {
        .task = fields.range("task", from.task(), 0U, 255U),
        .desired_version = from.desired_version(),
        .release = from.release(),
        .phase = fields.closed<core::UpdatePhase>("phase", from.phase(), core::kUpdatePhaseLast),
        .reason = fields.closed<core::Reason>("reason", from.reason(), core::kReasonLast),
        .attempt = from.attempt(),
        .blocks_held = from.blocks_held(),
        .detail = from.detail(),
    };
}

bool is_escalation_reason(std::uint32_t reason) {
    const auto value = static_cast<core::PolicyReason>(reason);
    return value == core::PolicyReason::kEscalateGain || value == core::PolicyReason::kAudit ||
           value == core::PolicyReason::kEscalateRule;
}

core::Escalate read(Fields& fields, const v1::Escalate& from) {
    core::Escalate to;
    to.stream = {from.stream()};
    to.sequence = fields.range<std::uint64_t>("sequence", from.sequence(), 0, kSequenceMax);
    to.task = fields.range("task", from.task(), 0U, 255U);
    to.deadline_ms = from.deadline_ms();
    to.release = from.release();
    to.local_class = fields.range("local_class", from.local_class(), 0U, FR_CLASSES_MAX - 1);
    to.local_confidence = fields.byte("local_confidence", from.local_confidence());
    if (!is_escalation_reason(from.policy_reason())) {
        fields.refuse("policy_reason", "not one that escalates");
    }
    to.policy_reason = static_cast<core::PolicyReason>(from.policy_reason() & 0xF);
    to.may_go_on = from.may_go_on();
    fields.range<std::size_t>("features size", from.features().size(), 1, FR_FEATURES_SIZE_MAX);
    if (fields.is_good()) {
        to.features = core::Features(to_bytes(from.features()));
    }
    return to;
}

core::Bye read(Fields&, const v1::Bye& from) {
    return {.stream = {from.stream()},
            .next_wake_s = from.next_wake_s(),
            .unexpected = from.unexpected()};
}

void forget(google::protobuf::MessageLite&) {}
void forget(v1::Escalate& message) {
    wipe(*message.mutable_features());
}

bool is_canonical(const core::UpMessage& message, base::ByteView payload) {
    base::Bytes again = encode_up(message);
    const bool is_equal = std::ranges::equal(again, payload);
    if (std::holds_alternative<core::Escalate>(message)) {
        core::wipe_bytes(again);
    }
    return is_equal;
}

template <typename Proto>
base::Result<core::UpMessage> decode_as(core::UpKind kind, base::ByteView payload) {
    Fields fields(core::to_string(kind));
    Proto proto;
    if (!parse(payload, proto)) {
        forget(proto);
        fields.refuse("bytes", "not a protobuf message of this type");
        return fields.error();
    }
    core::UpMessage message = read(fields, proto);
    forget(proto);
    if (fields.is_good() && !is_canonical(message, payload)) {
        fields.refuse("bytes", "not the canonical encoding, or unknown fields");
    }
    if (!fields.is_good()) {
        return fields.error();
    }
    return message;
}

}  // namespace

base::Result<core::UpMessage> decode_up(core::UpKind kind, base::ByteView payload) {
    if (payload.size() > FR_MESSAGE_SIZE_MAX) {
        return base::fail(base::ErrorKind::kLimit, std::string(core::to_string(kind)),
                          "longer than " + std::to_string(FR_MESSAGE_SIZE_MAX) + " bytes",
                          "See proto/README.md");
    }
    switch (kind) {
        case core::UpKind::kHello:
            return decode_as<v1::Hello>(kind, payload);
        case core::UpKind::kDecisions:
            return decode_as<v1::Decisions>(kind, payload);
        case core::UpKind::kFetch:
            return decode_as<v1::Fetch>(kind, payload);
        case core::UpKind::kReport:
            return decode_as<v1::Report>(kind, payload);
        case core::UpKind::kEscalate:
            return decode_as<v1::Escalate>(kind, payload);
        case core::UpKind::kHealth:
            return decode_as<v1::Health>(kind, payload);
        case core::UpKind::kBye:
            return decode_as<v1::Bye>(kind, payload);
    }
    return base::fail(base::ErrorKind::kInternal, "unknown message kind");
}

}  // namespace frugal::wire
