// SPDX-License-Identifier: Apache-2.0
// Why a device decided as it did: the stored decision, what the device told of its last answers,
// and the version of the policy it obeyed, put into sentences.
#include <algorithm>
#include <array>

#include "app/api_parts.hpp"
#include "app/policy_builder.hpp"
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

const core::PolicyPart* part_of(const core::PolicyVersionRecord& version,
                                const Material& material) {
    const auto& device = material.device;
    return device.capability && version.audience.includes(device.id, device.label)
               ? core::part_for(version, device.capability->device_class)
               : nullptr;
}

/// The version as the device with the model it runs obeys it; as it was set if that is not known.
core::SignedPointer form_of(const core::PolicyVersionRecord& version, const Material& material) {
    for (const auto& chosen : material.device.policies) {
        if (chosen.task == material.row.task && chosen.version == version.version &&
            chosen.form != nullptr) {
            return chosen.form;
        }
    }
    const auto* part = part_of(version, material);
    return part != nullptr ? part->blob : nullptr;
}

/// Of what was set for the device before the decision came in the newest of the most specific kind:
/// its own, its label's, its class's. What ended an own one counts while it is the newest.
const core::PolicyVersionRecord* version_likely(const Material& material) {
    std::array<const core::PolicyVersionRecord*, 3> newest{};
    for (const auto& version : material.history.versions) {
        auto& of_kind = newest[static_cast<std::size_t>(version->audience.kind)];
        if (of_kind == nullptr && version->set_at.unix_ms <= material.row.received_at.unix_ms &&
            part_of(*version, material) != nullptr) {
            of_kind = version.get();
        }
    }
    const core::PolicyVersionRecord* likely = nullptr;
    for (const auto* version : newest) {
        const bool goes_before =
            version != nullptr && (likely == nullptr || version->version > likely->version ||
                                   version->origin != core::PolicyOrigin::kWithdrawn);
        likely = goes_before ? version : likely;
    }
    return likely;
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
    } else if (row.tier == core::Tier::kLocal) {
        facts.local_class = row.class_id;
        facts.local_confidence = row.confidence;
    }
    return facts;
}

wire::DecisionExplanation explanation_of(const Material& material) {
    const auto* told = told_answer(material.row, material.device);
    const auto* version = told != nullptr ? version_told(material) : nullptr;
    const bool is_certain = version != nullptr;
    version = is_certain ? version : version_likely(material);
    const auto form = version != nullptr ? form_of(*version, material) : nullptr;
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
            add_bounds(version->text, *task, facts);
        }
    }
    explanation.lines = policy::explain(compiled ? &*compiled : nullptr, facts, labels);
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

void gather(ApiParts& parts, const std::string& actor, const storage::DecisionRow& row,
            const net::Responder& respond) {
    parts.ask<core::DeviceView>(
        actor, core::GetDevice{row.device}, respond,
        [&parts, actor, row, respond](core::DeviceView device) {
            parts.ask<core::TaskList>(
                actor, core::ListTasks{}, respond,
                [&parts, actor, row, device, respond](core::TaskList tasks) {
                    parts.ask<core::PolicyHistory>(
                        actor, core::ListPolicyVersions{row.task}, respond,
                        [row, device, tasks, respond](core::PolicyHistory history) {
                            const Material material{row, device, tasks, std::move(history)};
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
                return parts.reader.decision(device, sequence);
            },
            [&parts, actor = request.actor.name, respond](Result<storage::DecisionRow> row) {
                if (!row) {
                    respond(wire::problem(row.error()));
                    return;
                }
                gather(parts, actor, *row, respond);
            });
    };
}

}  // namespace frugal::app
