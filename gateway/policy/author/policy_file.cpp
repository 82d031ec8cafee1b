// SPDX-License-Identifier: Apache-2.0
#include "policy/author/policy_file.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "frugal/policy.h"
#include "policy/author/policy_parts.hpp"
#include "policy/author/policy_table.hpp"

namespace frugal::policy {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr double kUnlimitedAudit = 256;
constexpr std::int64_t kCapMax = 255 * FR_POLICY_CAP_UNIT;

/// Reads one file; every error carries its place.
class PolicyReader {
public:
    PolicyReader(const toml::table& file, const std::string& origin, const PolicyTarget& target)
        : file_(file), origin_(origin), target_(target) {}

    Result<base::Bytes> compile() {
        const toml::table* task = file_["task"][target_.task_name].as_table();
        if (task == nullptr) {
            return fail(ErrorKind::kInvalidInput,
                        fmt::format("{}: no [task.{}]", origin_, target_.task_name), {},
                        "Add the table, or name another task.");
        }
        if (auto known = check_all_keys(file_, *task, origin_); !known) {
            return tl::unexpected(known.error());
        }
        if (auto share = group_share_of(*task, origin_); !share) {
            return tl::unexpected(share.error());
        }
        auto done = read_header();
        for (auto step :
             {&PolicyReader::read_task, &PolicyReader::read_price, &PolicyReader::read_rules}) {
            done = done ? (this->*step)(*task) : done;
        }
        if (!done) {
            return tl::unexpected(done.error());
        }
        return build();
    }

private:
    Result<void> read_header() {
        spec_.id = target_.policy_id;
        const auto expires = file_["policy"]["expires"];
        if (!expires) {
            return {};
        }
        const auto text = expires.value<std::string>().value_or("");
        const auto hours = number_with_unit(text, {{"h", 1.0}, {"d", 24.0}});
        if (!hours || *hours < 1 || *hours > 65535) {
            return refuse_at(*expires.node(), origin_, "expires is not a time of 1 h to 65535 h",
                             "Write \"72h\" or \"3d\".");
        }
        spec_.expiry_hours = static_cast<std::uint32_t>(*hours);
        return {};
    }

    Result<void> read_task(const toml::table& task) {
        task_.task = static_cast<std::uint8_t>(target_.task);
        const std::string privacy = task["privacy"].value_or<std::string>("never");
        static constexpr std::array<std::string_view, 3> kPrivacy = {"public", "edge-only",
                                                                     "never"};
        const auto found = std::find(kPrivacy.begin(), kPrivacy.end(), privacy);
        if (found == kPrivacy.end()) {
            return refuse_at(*task.get("privacy"), origin_,
                             "privacy \"" + privacy + "\" does not exist",
                             "Use public, edge-only or never.");
        }
        task_.privacy = static_cast<std::uint8_t>(found - kPrivacy.begin());
        const std::string tier = task["tier"].value_or<std::string>("edge");
        if (tier != "edge" && (tier != "cloud" || task_.privacy != 0)) {
            return refuse_at(*task.get("tier"), origin_, "tier \"" + tier + "\" cannot be had",
                             "Use edge, or cloud together with privacy = \"public\".");
        }
        task_.tier = tier == "cloud" ? FR_TIER_CLOUD : FR_TIER_EDGE;
        const auto deadline = number_with_unit(task["deadline"].value_or<std::string>("0ms"),
                                               {{"ms", 1.0}, {"s", 1e3}});
        if (!deadline || *deadline < 0 || *deadline > 65535.0 * FR_POLICY_DEADLINE_UNIT_MS) {
            return refuse_at(*task.get("deadline"), origin_, "deadline is not a time",
                             "Write \"800ms\" or \"2s\".");
        }
        task_.deadline_ms = static_cast<std::uint32_t>(*deadline);
        const std::int64_t cap = task["caps"]["node_per_hour"].value_or<std::int64_t>(0);
        if (cap < 0 || cap > kCapMax) {
            return refuse_at(*task["caps"]["node_per_hour"].node(), origin_,
                             fmt::format("node_per_hour = {} cannot be compiled", cap),
                             fmt::format("Use at most {}, or 0 for no cap.", kCapMax));
        }
        task_.cap_per_hour = static_cast<std::uint32_t>(cap);
        return read_audit(task);
    }

    Result<void> read_audit(const toml::table& task) {
        const std::string audit = task["audit"].value_or<std::string>("0/256");
        const auto slash = audit.find('/');
        const double share =
            std::atof(audit.c_str()) /
            (slash == std::string::npos ? 1 : std::atof(audit.c_str() + slash + 1));
        if (!(share >= 0 && share < 1)) {
            return refuse_at(*task.get("audit"), origin_,
                             "audit \"" + audit + "\" is not a share below 1", "Write \"1/256\".");
        }
        task_.audit =
            static_cast<std::uint8_t>(std::min(255.0, std::ceil(share * kUnlimitedAudit)));
        return {};
    }

    Result<void> read_price(const toml::table& task) {
        static constexpr std::array<std::string_view, 4> kWeights = {"payload", "latency", "load",
                                                                     "battery"};
        const auto price = task["price"];
        for (std::size_t i = 0; i < kWeights.size(); ++i) {
            const std::int64_t weight = price[kWeights[i]].value_or<std::int64_t>(0);
            if (weight < 0 || weight > 255) {
                return refuse_at(*price[kWeights[i]].node(), origin_,
                                 "a price weight is not in 0..255",
                                 "Scale the weights with `shift`.");
            }
            task_.weights[i] = static_cast<std::uint8_t>(weight);
        }
        const std::int64_t shift = price["shift"].value_or<std::int64_t>(0);
        if (shift < 0 || shift > 31) {
            return refuse_at(*price["shift"].node(), origin_, "shift is not in 0..31",
                             "Use 6 to begin with.");
        }
        task_.shift = static_cast<std::uint8_t>(shift);
        return {};
    }

    Result<void> read_rules(const toml::table& task) {
        auto guards = read_guards(file_, origin_);
        auto classes = read_classes(task, origin_, target_.class_labels);
        const auto gain = read_gain(task, origin_, target_);
        if (!guards || !classes || !gain) {
            return tl::unexpected(!guards    ? guards.error()
                                  : !classes ? classes.error()
                                             : gain.error());
        }
        guards_ = std::move(*guards);
        groups_ = std::move(classes->groups);
        task_.has_pins = classes->has_pins;
        task_.group_count = classes->group_count;
        for (std::size_t group = 0; group < task_.group_count; ++group) {
            std::ranges::copy(bounded(*gain, classes->bounds[group]), task_.gains[group]);
        }
        return {};
    }

    Result<base::Bytes> build() {
        spec_.guards = guards_.data();
        spec_.guard_count = static_cast<std::uint32_t>(guards_.size());
        spec_.tasks = &task_;
        spec_.task_count = 1;
        if (!groups_.empty()) {
            task_.classes = groups_.data();
            task_.class_count = static_cast<std::uint32_t>(groups_.size());
        }
        base::Bytes compiled(FR_POLICY_SIZE_MAX);
        std::size_t size = 0;
        if (fr_policy_build(&spec_, compiled.data(), compiled.size(), &size) != FR_OK) {
            return fail(ErrorKind::kLimit, origin_ + ": the policy does not fit its compiled form",
                        fmt::format("devices take at most {} bytes", FR_POLICY_SIZE_MAX),
                        "Use fewer guards, or smaller caps and deadlines.");
        }
        compiled.resize(size);
        return compiled;
    }

    const toml::table& file_;
    const std::string& origin_;
    const PolicyTarget& target_;
    fr_policy_spec_t spec_{};
    fr_policy_task_spec_t task_{};
    std::vector<fr_guard_spec_t> guards_;
    std::vector<std::uint8_t> groups_;
};

}  // namespace

tl::unexpected<base::Error> refuse_at(const toml::node& node, const std::string& origin,
                                      const std::string& what, const std::string& remedy,
                                      const std::string& cause) {
    const auto begin = node.source().begin;
    return fail(ErrorKind::kInvalidInput,
                fmt::format("{}:{}:{}: {}", origin, begin.line, begin.column, what), cause, remedy);
}

Result<toml::table> parse_policy(std::string_view text, const std::string& origin) {
    try {
        return toml::table(toml::parse(text));
    } catch (const toml::parse_error& error) {
        const auto begin = error.source().begin;
        return fail(ErrorKind::kInvalidInput,
                    fmt::format("{}:{}:{}: not valid TOML", origin, begin.line, begin.column),
                    std::string(error.description()), "Correct the line.");
    }
}

Result<base::Bytes> compile_table(const toml::table& file, const std::string& origin,
                                  const PolicyTarget& target) {
    return PolicyReader(file, origin, target).compile();
}

Result<base::Bytes> compile_policy(std::string_view text, const std::string& origin,
                                   const PolicyTarget& target) {
    const auto file = parse_policy(text, origin);
    return file ? compile_table(*file, origin, target) : tl::unexpected(file.error());
}

}  // namespace frugal::policy
