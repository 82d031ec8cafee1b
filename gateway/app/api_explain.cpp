// SPDX-License-Identifier: Apache-2.0
// Why a device decided as it did: the stored decision, what the device told of its last answers,
// and the version of the policy it obeyed, put into sentences.
#include <algorithm>

#include "app/api_parts.hpp"
#include "app/policy_builder.hpp"
#include "app/policy_choice.hpp"
#include "app/told_answer.hpp"
#include "core/offload/policy_comparison.hpp"
#include "frugal/limits.h"
#include "policy/author/explain.hpp"
#include "wire/json_commands.hpp"
#include "wire/json_views_policy.hpp"
#include "wire/policy_queries.hpp"

namespace frugal::app {

namespace {

using base::Result;
using wire::HttpRequest;

/// All that is known about one decision.
struct Material {
    storage::DecisionRow row;
    core::DeviceView device;
    core::TaskList tasks;
    core::PolicyHistory history;
    std::optional<core::ObservationRecord> asked{};  ///< what the device sent with the question
};

/// In force when the device told its last answers, all of which are that policy's own: a device
/// forgets them when it gets another.
const core::PolicyVersionRecord* version_told(const Material& material) {
    for (const auto& state : material.device.health->tasks) {
        for (const auto& version : material.history.versions) {
            if (state.task == material.row.task && version->version == state.policy) {
                return version.get();
            }
        }
    }
    return nullptr;
}

/// What the rules for this device were written in.
std::string text_of(const core::PolicyVersionRecord& version, const core::DeviceView& device) {
    return device.capability ? core::source_of(version, device.capability->device_class).text
                             : version.text;
}

policy::AnswerFacts facts_of(const Material& material, const core::RecentAnswer* told) {
    const auto& row = material.row;
    policy::AnswerFacts facts{.task = row.task,
                              .reason = static_cast<std::uint32_t>(row.policy_reason),
                              .tier = static_cast<std::uint32_t>(row.tier)};
    if (told != nullptr) {
        facts.local_class = told->class_id;
        facts.local_confidence = told->confidence;
        const bool is_guard = told->outcome % 16 == static_cast<int>(core::PolicyReason::kGuard);
        if (is_guard) {
            facts.told_guard = told->gain;
        } else {
            facts.told_gain = told->gain;
            facts.told_price = told->price;
        }
    } else if (material.asked) {
        facts.local_class = material.asked->local_class;
        facts.local_confidence = material.asked->local_confidence;
    } else if (row.tier == core::Tier::kLocal) {
        facts.local_class = row.class_id;
        facts.local_confidence = row.confidence;
    }
    return facts;
}

bool was_compared(core::PolicyReason reason) {
    using enum core::PolicyReason;
    return reason == kLocalConfidence || reason == kEscalateGain || reason == kAudit ||
           reason == kLate || reason == kBusyRetry;
}

/// Nobody keeps what was compared longer than the device tells it.
std::string gone_words(const Material& material) {
    auto words = "the device tells what it compared of its last " +
                 std::to_string(FR_RECENT_VERDICTS) +
                 " answers only: gain and price as they were then are gone";
    if (material.asked) {
        words += "; with its answer the gateway named a price of " +
                 std::to_string(material.asked->price) + " and a load of " +
                 std::to_string(material.asked->load) + " of 256";
    }
    return words;
}

wire::DecisionExplanation explanation_of(const Material& material) {
    const auto* told = told_answer(material.row, material.device);
    const auto* version = told != nullptr ? version_told(material) : nullptr;
    const bool is_certain = version != nullptr;
    version = is_certain ? version
                         : version_likely(material.history, material.device,
                                          {material.row.task, material.row.received_at});
    const bool had_none = material.row.policy_reason == core::PolicyReason::kBadPolicy;
    const auto form =
        version != nullptr && !had_none
            ? form_obeyed(*version, material.device, {material.row.task, material.row.release})
            : nullptr;
    const auto compiled = form != nullptr
                              ? policy::read_compiled(form->content())
                              : base::fail(base::ErrorKind::kNotFound, "no version is known");
    const auto task =
        std::ranges::find(material.tasks.tasks, material.row.task, &core::TaskRecord::task);
    wire::DecisionExplanation explanation{.device = material.device.id.text(),
                                          .sequence = material.row.sequence,
                                          .task = material.row.task,
                                          .tier = material.row.tier,
                                          .reason = material.row.policy_reason,
                                          .policy = compiled ? version->version : 0,
                                          .is_policy_certain = is_certain};
    auto facts = facts_of(material, told);
    std::vector<std::string> labels;
    if (task != material.tasks.tasks.end()) {
        labels = task->labels;
        if (compiled) {
            add_bounds(text_of(*version, material.device), *task, facts);
        }
    }
    explanation.lines = policy::explain(compiled ? &*compiled : nullptr, facts, labels);
    if (told == nullptr && was_compared(material.row.policy_reason)) {
        explanation.lines.push_back(gone_words(material));
    }
    if (compiled) {
        explanation.lines.push_back(
            "policy version " + std::to_string(version->version) + " (" +
            std::string(to_string(version->origin)) + " by " + version->actor + ")" +
            (is_certain ? ", in force when the device told this answer"
                        : ", the newest set before the decision came in; the device may have "
                          "obeyed an earlier one"));
    }
    return explanation;
}

/// What is stored of one decision.
struct Stored {
    storage::DecisionRow row;
    std::optional<core::ObservationRecord> asked{};
};

Result<Stored> read_stored(storage::Reader& reader, const base::DeviceId& device,
                           std::uint64_t sequence) {
    auto row = reader.decision(device, sequence);
    if (!row) {
        return tl::unexpected(row.error());
    }
    auto asked = reader.observation(*row);
    if (!asked) {
        return tl::unexpected(asked.error());
    }
    return Stored{std::move(*row), std::move(*asked)};
}

void gather(ApiParts& parts, const std::string& actor, const Stored& stored,
            const net::Responder& respond) {
    parts.ask<core::DeviceView>(
        actor, core::GetDevice{stored.row.device}, respond,
        [&parts, actor, stored, respond](core::DeviceView device) {
            parts.ask<core::TaskList>(
                actor, core::ListTasks{}, respond,
                [&parts, actor, stored, device, respond](core::TaskList tasks) {
                    parts.ask<core::PolicyHistory>(
                        actor, core::ListPolicyVersions{stored.row.task}, respond,
                        [stored, device, tasks, respond](core::PolicyHistory history) {
                            const Material material{stored.row, device, tasks, std::move(history),
                                                    stored.asked};
                            respond(wire::json_response(
                                200, wire::explanation_json(explanation_of(material))));
                        });
                });
        });
}

}  // namespace

void add_explain_handlers(net::HttpHandlers& handlers, ApiParts& parts) {
    handlers["explain_decision"] = [&parts](const HttpRequest& request,
                                            const net::Responder& respond) {
        const auto device = wire::read_device(request);
        const auto sequence = wire::read_sequence(request);
        if (!device || !sequence) {
            respond(wire::problem(!device ? device.error() : sequence.error()));
            return;
        }
        parts.run_slow(
            [&parts, device = *device, sequence = *sequence] {
                return read_stored(parts.reader, device, sequence);
            },
            [&parts, actor = request.actor.name, respond](Result<Stored> stored) {
                if (!stored) {
                    respond(wire::problem(stored.error()));
                    return;
                }
                gather(parts, actor, *stored, respond);
            });
    };
}

}  // namespace frugal::app
