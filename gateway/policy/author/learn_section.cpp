// SPDX-License-Identifier: Apache-2.0
// What a policy file says about learning: devices never see it, the gateway's learner does.
#include "base/hex.hpp"
#include "policy/author/policy_file.hpp"
#include "policy/author/policy_parts.hpp"
#include "policy/author/policy_table.hpp"

namespace frugal::policy {

namespace {

constexpr std::size_t kNameDigits = 8;  // of a digest, enough to tell models apart

/// "fashion-edge@sha256:ce3b..": the leading digits, or nothing.
std::string digits_of(const std::string& edge) {
    const std::size_t colon = edge.rfind(':');
    return colon == std::string::npos ? std::string() : edge.substr(colon + 1, kNameDigits);
}

}  // namespace

base::Result<LearnTerms> read_learn_mode(const toml::table& task, const std::string& origin) {
    const auto text = task["learn"].value_or<std::string>("off");
    if (auto mode = parse_learn_mode(text)) {
        return *mode;
    }
    return refuse_at(*task.get("learn"), origin, "unknown value for learn: \"" + text + "\"",
                     "Write \"isogain\", \"hedge\", \"fixed(0.62)\" or \"off\".",
                     "the threshold of fixed is a chance of 0 to 1");
}

base::Result<LearnTerms> read_learn_terms(std::string_view text, const std::string& origin,
                                          const PolicyTarget& target) {
    const auto file = parse_policy(text, origin);
    if (!file) {
        return tl::unexpected(file.error());
    }
    const auto found = find_task(*file, origin, target.task_name);
    if (!found) {
        return tl::unexpected(found.error());
    }
    const toml::table* task = *found;
    const auto mode = read_learn_mode(*task, origin);
    if (!mode) {
        return tl::unexpected(mode.error());
    }
    const auto classes = read_classes(*task, origin, target.class_labels);
    if (!classes) {
        return tl::unexpected(classes.error());
    }
    // Nothing of a pinned task, or of one that nothing leaves, hangs on a gain: what was measured
    // still says what asking would be worth.
    const bool is_private = (*task)["privacy"].value_or<std::string>("never") == "never";
    LearnTerms terms = is_private || task->contains("pin") ? LearnTerms{} : *mode;
    terms.bounds = classes->bounds;
    if (const toml::table* model = find_model(*task, target.model_digest)) {
        if (auto checked = check_model_numbers(*model, origin); !checked) {
            return tl::unexpected(checked.error());
        }
        terms.temperature = (*model)["temperature"].value_or(1.0);
        terms.rho = (*model)["rho"].value_or(1.0);
        if (const auto gain = read_gain(*task, origin, target)) {
            terms.gain = *gain;
        }
        terms.samples = (*model)["canary"].value_or(0.0);
        terms.model = base::to_hex(target.model_digest).substr(0, kNameDigits);
        terms.edge = digits_of((*task)["edge"].value_or<std::string>(""));
    }
    return terms;
}

}  // namespace frugal::policy
