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

base::Result<LearnTerms> read_learn_terms(std::string_view text, const std::string& origin,
                                          const PolicyTarget& target) {
    const auto file = parse_policy(text, origin);
    if (!file) {
        return tl::unexpected(file.error());
    }
    const toml::table* task = (*file)["task"][target.task_name].as_table();
    if (task == nullptr) {
        return base::fail(base::ErrorKind::kInvalidInput,
                          origin + ": no [task." + target.task_name + "]", {},
                          "Add the table, or name another task.");
    }
    const auto mode = parse_learn_mode((*task)["learn"].value_or<std::string>("off"));
    if (!mode) {
        return base::fail(base::ErrorKind::kInvalidInput,
                          origin + ": learn names no way of learning", {},
                          "Write \"isogain\", \"hedge\", \"fixed(0.62)\" or \"off\".");
    }
    const auto classes = read_classes(*task, origin, target.class_labels);
    if (!classes) {
        return tl::unexpected(classes.error());
    }
    if (task->contains("pin")) {
        return LearnTerms{};
    }
    LearnTerms terms = *mode;
    terms.bounds = classes->bounds;
    if (const toml::table* model = find_model(*task, target.model_digest)) {
        terms.temperature = (*model)["temperature"].value_or(1.0);
        terms.rho = (*model)["rho"].value_or(1.0);
        if (const auto gain = read_gain(*task, origin, target)) {
            terms.gain = *gain;
        }
        terms.samples = (*model)["canary"].value_or(0.0);
        terms.model = base::to_hex(target.model_digest).substr(0, kNameDigits);
        terms.edge = digits_of((*task)["edge"].value_or<std::string>(""));
    }
    if (!(terms.temperature > 0)) {
        terms.temperature = 1;
    }
    return terms;
}

}  // namespace frugal::policy
