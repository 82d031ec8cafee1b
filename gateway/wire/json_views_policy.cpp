// SPDX-License-Identifier: Apache-2.0
#include "wire/json_views_policy.hpp"

#include "wire/json_values.hpp"

namespace frugal::wire {

namespace json = boost::json;

namespace {

json::object tally_object(const core::PolicyTally& tally) {
    json::object object;
    object["devices"] = tally.devices;
    object["decisions"] = tally.decisions;
    object["escalations"] = tally.escalations;
    object["late"] = tally.late;
    object["energy_uj"] = tally.energy_uj;
    return object;
}

std::int64_t seconds_of(base::Duration duration) {
    return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

json::object step_object(const core::PolicyStep& step) {
    json::object object;
    object["kind"] = step.permyriad == 0 ? "shadow" : "share";
    object["percent"] = step.permyriad / 100;
    object["wait_s"] = seconds_of(step.wait);
    return object;
}

json::object version_object(const core::PolicyVersionRecord& version) {
    json::object object;
    object["version"] = version.version;
    object["origin"] = to_string(version.origin);
    object["source"] = version.source == 0 ? json::value(nullptr) : json::value(version.source);
    object["release"] = version.release;
    object["digest"] = json_of(version.digest);
    object["actor"] = version.actor;
    object["comment"] = version.comment;
    object["set_at"] = json_of(version.set_at);
    object["group_share_permille"] = version.group_share_permille;
    object["parts"] = json_list(version.parts, [](const core::PolicyPart& part) {
        json::object entry;
        entry["device_class"] = part.device_class.text();
        entry["compiled_bytes"] = part.blob->content().size();
        return entry;
    });
    add_audience(object, version.audience);
    return object;
}

json::array lines_array(const std::vector<std::string>& lines) {
    return json_list(lines, [](const std::string& line) { return json::string(line); });
}

// A version may be ahead of its rollout, so this refuses nothing.
std::vector<std::string> remarks_of(const core::PolicySet& set) {
    if (!set.use || set.use->devices == 0 || set.use->on_release != 0) {
        return {};
    }
    const auto& release = set.use->release;
    return {"no device that this policy is for runs " + release + ": " +
            std::to_string(set.use->devices) +
            " of them said what they run, and it is another model, so gains measured for " +
            release +
            " are not theirs; set the policy with --release for what they run (frugalctl device "
            "show), or start the rollout: frugalctl rollout start " +
            release};
}

json::object object_of(const core::PolicySet& set) {
    json::object object;
    object["task"] = set.task;
    object["version"] = set.version;
    object["staged"] = set.is_staged;
    object["left_out"] = json_list(
        set.left_out, [](const base::ClassName& name) { return json::string(name.text()); });
    object["remarks"] = lines_array(remarks_of(set));
    return object;
}

json::array differences_of(const std::vector<PolicyPartDifference>& parts) {
    return json_list(parts, [](const PolicyPartDifference& difference) {
        json::object entry;
        entry["device_class"] = difference.device_class;
        entry["what"] = difference.what;
        entry["before"] = difference.before;
        entry["after"] = difference.after;
        return entry;
    });
}

}  // namespace

std::string to_json(const core::PolicySet& set) {
    return json_text(object_of(set));
}

std::string policy_trial_json(const core::PolicySet& set,
                              const std::vector<PolicyPartDifference>& parts) {
    auto object = object_of(set);
    object["dry_run"] = true;
    object["differences"] = differences_of(parts);
    return json_text(std::move(object));
}

std::string to_json(const core::PolicyHistory& history) {
    json::object object;
    object["task"] = history.task;
    object["in_force"] = json_list(history.in_force, [](std::uint32_t version) { return version; });
    object["candidate"] =
        history.candidate == 0 ? json::value(nullptr) : json::value(history.candidate);
    object["overrides"] = json_list(history.overrides, [](const core::PolicyOverride& own) {
        json::object entry;
        entry["device_class"] = own.device_class.text();
        entry["version"] = own.version;
        entry["is_withdrawn"] = own.is_withdrawn;
        add_audience(entry, own.audience);
        return entry;
    });
    object["obeyed"] = json_list(history.obeyed, [](const core::PolicyObeyed& obeyed) {
        json::object entry;
        entry["device_class"] = obeyed.device_class.text();
        entry["version"] = obeyed.version;
        return entry;
    });
    object["versions"] = json_list(history.versions, [](const core::PolicyVersionPointer& version) {
        return version_object(*version);
    });
    return json_text(std::move(object));
}

std::string to_json(const core::PolicyRolloutView& view) {
    const auto& record = view.record;
    json::object object;
    object["task"] = record.task;
    object["version"] = record.version;
    object["baseline"] = record.baseline;
    object["status"] = to_string(record.status);
    object["halt"] = record.halt == core::PolicyHalt::kNone
                         ? json::value(nullptr)
                         : json::value(json::string(to_string(record.halt)));
    object["step"] = record.step;
    object["steps"] = json_list(record.steps, step_object);
    object["next_step_in_s"] = json_or_null(view.next_step_in, seconds_of);
    object["waits_for_decisions"] = view.waits_for_decisions;
    object["actor"] = record.actor;
    object["started_at"] = json_of(record.started_at);
    object["changed_at"] = json_of(record.changed_at);
    object["told"] = view.told;
    object["overridden"] = view.overridden;
    object["unable"] = view.unable;
    object["candidate"] = tally_object(view.candidate);
    object["others"] = tally_object(view.baseline);
    json::object shadow;
    shadow["answers"] = view.shadow_answers;
    shadow["differs"] = view.shadow_differs;
    shadow["reasons"] =
        json_list(view.shadow_reasons, [](std::uint64_t count) { return json::value(count); });
    object["shadow"] = std::move(shadow);
    return json_text(std::move(object));
}

std::string policy_version_json(const core::PolicyVersionRecord& version,
                                const std::vector<PolicyPartWords>& parts) {
    json::object object = version_object(version);
    object["task"] = version.task;
    object["text"] = version.text;
    object["rules"] = json_list(parts, [](const PolicyPartWords& part) {
        json::object entry;
        entry["device_class"] = part.device_class;
        entry["lines"] = lines_array(part.lines);
        entry["own_text"] = json_or_null(part.source, [](const core::PolicySource& source) {
            return json::value{{"release", source.release}, {"text", source.text}};
        });
        return entry;
    });
    return json_text(std::move(object));
}

std::string policy_difference_json(std::string_view before, std::string_view after,
                                   const std::vector<PolicyPartDifference>& parts) {
    json::object object;
    object["before"] = before;
    object["after"] = after;
    object["differences"] = differences_of(parts);
    return json_text(std::move(object));
}

std::string explanation_json(const DecisionExplanation& explanation) {
    json::object object;
    object["device"] = explanation.device;
    object["sequence"] = explanation.sequence;
    object["task"] = explanation.task;
    object["tier"] = to_string(explanation.tier);
    object["reason"] = to_string(explanation.reason);
    object["policy"] =
        explanation.policy == 0 ? json::value(nullptr) : json::value(explanation.policy);
    object["policy_is_certain"] = explanation.is_policy_certain;
    object["lines"] = lines_array(explanation.lines);
    return json_text(std::move(object));
}

}  // namespace frugal::wire
