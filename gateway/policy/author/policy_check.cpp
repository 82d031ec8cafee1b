// SPDX-License-Identifier: Apache-2.0
#include "policy/author/policy_check.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/hex.hpp"
#include "frugal/policy.h"
#include "policy/author/policy_parts.hpp"
#include "policy/author/policy_pin.hpp"
#include "policy/author/policy_proof.hpp"
#include "policy/author/policy_table.hpp"

namespace frugal::policy {

using base::Result;

namespace {

constexpr std::array<std::string_view, 3> kFailSafes = {"local", "local+alarm", "hold"};

class Checker {
public:
    Checker(const toml::table& file, const std::string& origin) : file_(file), origin_(origin) {}

    Result<PolicyProof> check() {
        auto done = check_fail_safe();
        const toml::table* tasks = file_["task"].as_table();
        if (done && (tasks == nullptr || tasks->empty())) {
            done = refuse(file_, "the policy has no task", {}, "Add a table [task.NAME].");
        }
        for (auto it = done ? tasks->begin() : toml::table::const_iterator{};
             done && it != tasks->end(); ++it) {
            done = check_task(it->first, it->second);
        }
        if (!done) {
            return tl::unexpected(done.error());
        }
        return std::move(proof_);
    }

private:
    tl::unexpected<base::Error> refuse(const toml::node& node, const std::string& what,
                                       const std::string& cause, const std::string& remedy) const {
        return refuse_at(node, origin_, what, remedy, cause);
    }

    Result<void> check_fail_safe() {
        const toml::node* policy = file_.get("policy");
        const auto fail_safe = file_["policy"]["fail_safe"];
        if (!fail_safe) {
            return refuse(policy != nullptr ? *policy : file_, "no fail_safe in [policy]",
                          "a device without gateway or policy must know what to do",
                          "Add fail_safe = \"local\".");
        }
        proof_.fail_safe = fail_safe.value_or<std::string>("");
        if (std::find(kFailSafes.begin(), kFailSafes.end(), proof_.fail_safe) == kFailSafes.end()) {
            return refuse(*fail_safe.node(),
                          fmt::format("fail_safe \"{}\" does not exist", proof_.fail_safe), {},
                          "Use local, local+alarm or hold.");
        }
        return {};
    }

    Result<void> check_task(const toml::key& name, const toml::node& node) {
        const toml::table* task = node.as_table();
        if (task == nullptr) {
            return refuse(node, fmt::format("task.{} is no table", name.str()), {},
                          "Write [task.NAME].");
        }
        auto done = check_cap(*task);
        const toml::array* models = (*task)["model"].as_array();
        if (done && (models == nullptr || models->empty())) {
            done = refuse(node, fmt::format("[task.{}] has no model", name.str()),
                          "without a gain table nothing of it reaches a device",
                          "Add [[task.NAME.model]]; device-sim/models/canary.py measures one.");
        }
        for (std::size_t i = 0; done && i < models->size(); ++i) {
            done = check_model(std::string(name.str()), *task, *models->get(i));
        }
        return done;
    }

    // In the compiled form 0 is "no cap", so an absent one is not finite.
    Result<void> check_cap(const toml::table& task) const {
        const auto cap = task["caps"]["node_per_hour"];
        const bool never = task["privacy"].value_or<std::string>("never") == "never";
        if (never || cap.value_or<std::int64_t>(0) > 0) {
            return {};
        }
        const toml::node& place = cap ? *cap.node() : static_cast<const toml::node&>(task);
        return refuse(place, "the task may escalate without a cap",
                      cap ? "node_per_hour = 0 means no cap" : "caps.node_per_hour is not set",
                      "Add caps = { node_per_hour = 60 }.");
    }

    Result<void> check_never(const toml::table& task) const {
        if (const auto pin = task["pin"]; pin.value<std::string>() == kAlwaysEdge) {
            return refuse(*pin.node(), "a private task is pinned to the edge",
                          "privacy = \"never\" allows no way out",
                          "Remove the pin, or the privacy class.");
        }
        const toml::table* classes = task["classes"].as_table();
        if (classes == nullptr) {
            return {};
        }
        for (const auto& [label, rule] : *classes) {
            if (rule.value<std::string>() == kAlwaysEdge) {
                return refuse(
                    rule,
                    fmt::format("class \"{}\" of a private task is sent to the edge", label.str()),
                    "privacy = \"never\" allows no way out",
                    "Remove the class rule, or the privacy class.");
            }
        }
        return {};
    }

    PolicyTarget target_of(const std::string& name, const toml::table& task,
                           const base::Digest& digest) const {
        PolicyTarget target;
        target.task_name = name;
        target.task = kProvedTask;
        target.model_digest = digest;
        target.policy_id = 1;
        const toml::table* classes = task["classes"].as_table();
        for (auto it = classes != nullptr ? classes->begin() : toml::table::const_iterator{};
             classes != nullptr && it != classes->end(); ++it) {
            target.class_labels.emplace_back(it->first.str());
        }
        return target;
    }

    Result<void> check_model(const std::string& name, const toml::table& task,
                             const toml::node& node) {
        const toml::table* model = node.as_table();
        const std::string hex =
            model != nullptr ? (*model)["sha256"].value_or<std::string>("") : "";
        const auto digest = base::digest_from_hex(hex);
        if (!digest) {
            return refuse(node, "the model has no sha256 of 64 hexadecimal digits",
                          "a policy is bound to the models it was measured with",
                          "Add sha256, e.g. from sha256sum.");
        }
        const auto target = target_of(name, task, *digest);
        const auto compiled = compile_table(file_, origin_, target);
        if (!compiled) {
            return tl::unexpected(compiled.error());
        }
        const auto rules = read_classes(task, origin_, target.class_labels);
        if (!rules) {
            return tl::unexpected(rules.error());
        }
        if (asks_for_nothing(*compiled, *rules)) {
            return refuse(node, "a class with the ceiling 0 is still asked for",
                          "a question can be free here, and a gain of 0 pays for it",
                          "Write \"always-local\" for the class, or give payload a price.");
        }
        if (!keeps_bounds(*compiled, *rules)) {
            return refuse(node, "a gain leaves its bounds",
                          "a learned table would give a class more or less than the owner allows",
                          "Report this: the gateway must keep every table within them.");
        }
        TaskProof proof;
        proof.task = name;
        proof.model = (*model)["name"].value_or(hex.substr(0, 12));
        proof.privacy = task["privacy"].value_or<std::string>("never");
        proof.can_escalate = can_escalate(*compiled);
        proof.cap_per_hour =
            fr_policy_cap_per_hour(compiled->data(), compiled->size(), kProvedTask);
        proof.compiled_bytes = compiled->size();
        const auto bounds = owner_bounds(*rules);
        proof.gain_bounds = describe(bounds, target.class_labels);
        if (proof.privacy == "never") {
            if (auto checked = check_never(task); !checked) {
                return checked;
            }
            if (proof.can_escalate) {
                return refuse(node, "a private task escalates",
                              "the evaluator sent it in some context",
                              "Report this: the evaluator must forbid it.");
            }
        }
        proof_.guards = compiled->at(4);
        proof_.tasks.push_back(std::move(proof));
        return {};
    }

    const toml::table& file_;
    const std::string& origin_;
    PolicyProof proof_;
};

}  // namespace

Result<PolicyProof> check_policy(std::string_view text, const std::string& origin) {
    const auto file = parse_policy(text, origin);
    return file ? Checker(*file, origin).check() : tl::unexpected(file.error());
}

}  // namespace frugal::policy
