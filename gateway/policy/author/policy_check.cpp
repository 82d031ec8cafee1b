// SPDX-License-Identifier: Apache-2.0
#include "policy/author/policy_check.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/hex.hpp"
#include "frugal/policy.h"
#include "policy/author/field_names.hpp"
#include "policy/author/policy_parts.hpp"
#include "policy/author/policy_pin.hpp"
#include "policy/author/policy_proof.hpp"
#include "policy/author/policy_table.hpp"

namespace frugal::policy {

using base::Result;

namespace {

constexpr std::string_view kFailSafe = "local";

class Checker {
public:
    Checker(const toml::table& file, const std::string& origin, const DefinedTask* defined)
        : file_(file), origin_(origin), defined_(defined) {}

    Result<PolicyProof> check() {
        auto done = check_all_keys(file_, origin_);
        done = done ? check_fail_safe() : done;
        const toml::table* tasks = file_["task"].as_table();
        if (done && (tasks == nullptr || tasks->empty())) {
            done = refuse(file_, "the policy has no task", "rules stand in the table of a task",
                          "Add a table [task.NAME].");
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
        if (proof_.fail_safe != kFailSafe) {
            return refuse(*fail_safe.node(),
                          fmt::format("fail_safe \"{}\" cannot be had", proof_.fail_safe),
                          "devices without gateway or policy give their own model's answer, and "
                          "nothing else is built into them",
                          "Write fail_safe = \"local\".");
        }
        return {};
    }

    Result<void> check_task(const toml::key& name, const toml::node& node) {
        const toml::table* task = node.as_table();
        auto done = check_privacy(name.str(), *task);
        done = done ? check_edge(*task) : done;
        done = done ? check_cap(*task) : done;
        const toml::array* models = (*task)["model"].as_array();
        if (done && (models == nullptr || models->empty())) {
            done = refuse(node, fmt::format("[task.{}] has no model", name.str()),
                          "without a gain table nothing of it reaches a device",
                          "Add [[task.NAME.model]]; device-sim/models/canary.py measures one.");
        }
        std::set<base::Digest> digests;
        for (std::size_t i = 0; done && i < models->size(); ++i) {
            done = check_model(std::string(name.str()), *task, *models->get(i), digests);
        }
        if (done) {
            remark_price(name.str(), *task);
        }
        return done;
    }

    /// A policy may keep a task closer than it is defined, never let it go further.
    Result<void> check_privacy(std::string_view name, const toml::table& task) const {
        const auto privacy = task["privacy"];
        const auto word = privacy.value_or<std::string_view>("never");
        const auto found = std::ranges::find(kPrivacy, word);
        if (defined_ == nullptr || name != defined_->name || found == kPrivacy.end() ||
            found - kPrivacy.begin() >= defined_->privacy) {
            return {};
        }
        return refuse(*privacy.node(),
                      fmt::format("privacy \"{}\" is less than the task's own \"{}\"", word,
                                  kPrivacy[defined_->privacy]),
                      "a policy may keep a task closer than it is defined, not let it go further",
                      fmt::format("Write \"{}\", or define the task anew: frugalctl task define.",
                                  kPrivacy[defined_->privacy]));
    }

    Result<void> check_edge(const toml::table& task) const {
        static constexpr std::string_view kMark = "@sha256:";
        const auto edge = task["edge"];
        const auto text = edge.value_or<std::string_view>("");
        const auto at = text.find(kMark);
        if (!edge || (at != std::string_view::npos &&
                      base::digest_from_hex(text.substr(at + kMark.size())))) {
            return {};
        }
        return refuse(*edge.node(), fmt::format("edge \"{}\" names no model by its sha256", text),
                      "gain tables are measured against one edge model",
                      "Write edge = \"NAME@sha256:64 hexadecimal digits\".");
    }

    void remark_price(std::string_view name, const toml::table& task) {
        const bool is_private = task["privacy"].value_or<std::string>("never") == "never";
        const auto weighs = [&](std::string_view weight) {
            return task["price"][weight].value_or<std::int64_t>(0) != 0;
        };
        if (!is_private && !task.contains("pin") && std::ranges::none_of(kPriceWeights, weighs)) {
            proof_.remarks.push_back(
                fmt::format("task {} has no price: every answer asks that guards, caps and class "
                            "rules let",
                            name));
        }
    }

    // In the compiled form 0 is "no cap", so an absent one is not finite.
    Result<void> check_cap(const toml::table& task) const {
        const auto cap = task["caps"]["node_per_hour"];
        const bool never = task["privacy"].value_or<std::string>("never") == "never";
        if (never || cap.value_or<std::int64_t>(0) != 0) {
            return {};
        }
        const toml::node& place = cap ? *cap.node() : static_cast<const toml::node&>(task);
        return refuse(place, "the task may escalate without a cap",
                      cap ? "node_per_hour = 0 means no cap" : "caps.node_per_hour is not set",
                      "Add caps = { node_per_hour = 64 }.");
    }

    /// Bytes of an input, the fewest that are told of; absent if nobody tells.
    std::optional<std::uint32_t> payload_of(const toml::table& task) const {
        auto least = task["payload_bytes"].value<std::uint32_t>();
        if (defined_ != nullptr && defined_->payload_bytes != 0) {
            least = std::min(least.value_or(defined_->payload_bytes), defined_->payload_bytes);
        }
        return least;
    }

    /// Without the bytes of an input it is not known whether a question has a price.
    void remark_payload(const std::string& name, const toml::table& task, const ClassRules& rules) {
        const auto is_closed = [](const GainBounds& bounds) { return bounds.ceiling == 0; };
        const bool is_said = !proof_.remarks.empty() &&
                             proof_.remarks.back().starts_with(fmt::format("task {} has a", name));
        if (!payload_of(task) && !is_said && std::ranges::any_of(rules.bounds, is_closed)) {
            proof_.remarks.push_back(fmt::format(
                "task {} has a ceiling of 0, and nothing says the bytes of an input: that nothing "
                "asks is proved for the largest one only; add payload_bytes",
                name));
        }
    }

    void remark_beyond_price(const std::string& name, const ClassRules& rules) {
        auto remark = fmt::format(
            "task {} has a price that no gain can pay, with a full battery and an idle gateway "
            "too: "
            "only audits and classes with always-edge ask; lower its weights or raise its shift",
            name);
        const bool is_meant =
            std::all_of(rules.bounds.begin(), rules.bounds.begin() + rules.group_count,
                        [](const GainBounds& bounds) { return bounds.ceiling == 0; });
        if (!is_meant && std::ranges::find(proof_.remarks, remark) == proof_.remarks.end()) {
            proof_.remarks.push_back(std::move(remark));
        }
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
                             const toml::node& node, std::set<base::Digest>& digests) {
        const toml::table* model = node.as_table();
        const std::string hex =
            model != nullptr ? (*model)["sha256"].value_or<std::string>("") : "";
        const auto digest = base::digest_from_hex(hex);
        if (!digest) {
            const toml::node* place = model != nullptr ? model->get("sha256") : nullptr;
            return refuse(place != nullptr ? *place : node,
                          "the model has no sha256 of 64 hexadecimal digits",
                          "a policy is bound to the models it was measured with",
                          "Add sha256, e.g. from sha256sum.");
        }
        if (!digests.insert(*digest).second) {
            return refuse(*model->get("sha256"), "another model has the same sha256",
                          "of two gain tables for one model only the first would be used",
                          "Remove one of them.");
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
        if (const auto payload = payload_of(task); asks_for_nothing(*compiled, *rules, payload)) {
            return refuse(
                node, "a class whose ceiling is 0 can still be escalated",
                payload ? fmt::format("a question of {} bytes is free while the gateway is idle, "
                                      "and a gain of 0 pays for it",
                                      *payload)
                        : "a question can be free here, and a gain of 0 pays for it",
                "Write \"always-local\" for the class, or weigh payload so much that an input "
                "has a price behind the shift.");
        }
        remark_payload(name, task, *rules);
        if (is_beyond_price(*compiled, *rules, payload_of(task))) {
            remark_beyond_price(name, *rules);
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
    const DefinedTask* defined_;
    PolicyProof proof_;
};

}  // namespace

Result<PolicyProof> check_policy(std::string_view text, const std::string& origin,
                                 const DefinedTask* defined) {
    if (text.size() > kPolicyTextMax) {
        return base::fail(base::ErrorKind::kLimit,
                          fmt::format("{}: the text has {} bytes", origin, text.size()),
                          fmt::format("a gateway takes at most {}", kPolicyTextMax),
                          "Give each release a file with its own models' gain tables only.");
    }
    const auto file = parse_policy(text, origin);
    return file ? Checker(*file, origin, defined).check() : tl::unexpected(file.error());
}

}  // namespace frugal::policy
