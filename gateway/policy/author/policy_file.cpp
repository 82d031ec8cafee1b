// SPDX-License-Identifier: Apache-2.0
#include "policy/author/policy_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "frugal/policy.h"
#include "policy/author/field_names.hpp"
#include "policy/author/policy_parts.hpp"
#include "policy/author/policy_table.hpp"
#include "policy/author/quantity.hpp"

namespace frugal::policy {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::uint64_t kAuditDenominator = 256;  // devices compare it with 8 random bits
constexpr std::int64_t kCapMax = 255 * FR_POLICY_CAP_UNIT;
/// What each weight of the price is multiplied with, at most: see frugal/policy.h.
constexpr std::array<std::uint64_t, 4> kMostWeighed = {32767, 32767 / 4, 255, 510};

/// All of the text as a whole number; absent for anything else.
std::optional<std::uint32_t> whole_number(std::string_view text) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                    : std::nullopt;
}

/// Reads one file; every error carries its place.
class PolicyReader {
public:
    PolicyReader(const toml::table& file, const std::string& origin, const PolicyTarget& target)
        : file_(file), origin_(origin), target_(target) {}

    Result<base::Bytes> compile() {
        if (auto known = check_all_keys(file_, origin_); !known) {
            return tl::unexpected(known.error());
        }
        const auto found = find_task(file_, origin_, target_.task_name);
        if (!found) {
            return tl::unexpected(found.error());
        }
        const toml::table& task = **found;
        auto done = check_numbers(file_, task, origin_);
        done = done ? group_share_of(task, origin_).map([](std::uint32_t /*permille*/) {}) : done;
        done = done ? read_header() : done;
        for (auto step :
             {&PolicyReader::read_task, &PolicyReader::read_cap, &PolicyReader::read_audit,
              &PolicyReader::read_price, &PolicyReader::read_rules}) {
            done = done ? (this->*step)(task) : done;
        }
        if (!done) {
            return tl::unexpected(done.error());
        }
        return build(task);
    }

private:
    Result<void> read_header() {
        spec_.id = target_.policy_id;
        const auto expires = file_["policy"]["expires"];
        if (!expires) {
            return {};
        }
        const auto hours = read_quantity(expires.value_or(std::string_view()), kExpiry, {1, 65535});
        if (!hours) {
            return refuse_quantity(*expires.node(), "expires", hours.error());
        }
        spec_.expiry_hours = static_cast<std::uint32_t>(*hours);
        return {};
    }

    Result<void> read_task(const toml::table& task) {
        task_.task = static_cast<std::uint8_t>(target_.task);
        const std::string privacy = task["privacy"].value_or<std::string>("never");
        const auto found = std::find(kPrivacy.begin(), kPrivacy.end(), privacy);
        if (found == kPrivacy.end()) {
            return refuse_at(
                *task.get("privacy"), origin_, "privacy \"" + privacy + "\" does not exist",
                "Use public, edge-only or never.", "it says how far inputs of the task may go");
        }
        task_.privacy = static_cast<std::uint8_t>(found - kPrivacy.begin());
        const std::string tier = task["tier"].value_or<std::string>("edge");
        if (tier != "edge" && (tier != "cloud" || task_.privacy != 0)) {
            return refuse_at(*task.get("tier"), origin_,
                             "tier \"" + tier + "\" is not available for this task",
                             "Use edge, or cloud together with privacy = \"public\".",
                             "tiers are edge and, for public tasks, cloud");
        }
        task_.tier = tier == "cloud" ? FR_TIER_CLOUD : FR_TIER_EDGE;
        const auto deadline = read_quantity(task["deadline"].value_or(std::string_view("0ms")),
                                            kDeadline, {0, 65535});
        if (!deadline) {
            return refuse_quantity(*task.get("deadline"), "deadline", deadline.error());
        }
        task_.deadline_ms = static_cast<std::uint32_t>(*deadline) * FR_POLICY_DEADLINE_UNIT_MS;
        return {};
    }

    /// Exactly: rounded up, a device would do more than it may.
    Result<void> read_cap(const toml::table& task) {
        const auto node = task["caps"]["node_per_hour"];
        const std::int64_t cap = node.value_or<std::int64_t>(0);
        if (cap < 0) {
            return refuse_at(*node.node(), origin_,
                             fmt::format("node_per_hour = {} is no cap", cap), "Write 64.",
                             "a cap counts escalations, which are never negative");
        }
        if (cap > kCapMax || cap % FR_POLICY_CAP_UNIT != 0) {
            const auto below = std::min(cap / FR_POLICY_CAP_UNIT * FR_POLICY_CAP_UNIT, kCapMax);
            const auto above = std::min<std::int64_t>(below + FR_POLICY_CAP_UNIT, kCapMax);
            return refuse_at(*node.node(), origin_,
                             fmt::format("node_per_hour = {} cannot be kept exactly", cap),
                             below == 0 || below == above
                                 ? fmt::format("Write {}.", above)
                                 : fmt::format("Write {} or {}.", below, above),
                             fmt::format("devices count caps in steps of {} an hour, up to {}",
                                         FR_POLICY_CAP_UNIT, kCapMax));
        }
        task_.cap_per_hour = static_cast<std::uint32_t>(cap);
        return {};
    }

    /// "1/256": two whole numbers, rounded up to what devices draw from.
    Result<void> read_audit(const toml::table& task) {
        const auto text = task["audit"].value_or(std::string_view("0/1"));
        const auto slash = std::min(text.find('/'), text.size());
        const auto part = whole_number(text.substr(0, slash));
        const auto whole = whole_number(text.substr(std::min(slash + 1, text.size())));
        if (!part || !whole || *part >= *whole) {
            return refuse_at(*task.get("audit"), origin_,
                             fmt::format("audit \"{}\" is not a share below 1", text),
                             "Write \"1/256\".",
                             "a share is two whole numbers around a slash, the first one smaller");
        }
        const std::uint64_t drawn = (*part * kAuditDenominator + *whole - 1) / *whole;
        task_.audit = static_cast<std::uint8_t>(std::min(drawn, kAuditDenominator - 1));
        return {};
    }

    tl::unexpected<base::Error> refuse_quantity(const toml::node& node, std::string_view key,
                                                const base::Error& error) const {
        return refuse_at(node, origin_, fmt::format("{}: {}", key, error.message), error.remedy,
                         error.cause);
    }

    Result<void> read_price(const toml::table& task) {
        const auto price = task["price"];
        for (std::size_t i = 0; i < kPriceWeights.size(); ++i) {
            const std::int64_t weight = price[kPriceWeights[i]].value_or<std::int64_t>(0);
            if (weight < 0 || weight > 255) {
                return refuse_at(*price[kPriceWeights[i]].node(), origin_,
                                 fmt::format("{} = {}: a price weight is not in 0..255",
                                             kPriceWeights[i], weight),
                                 "Scale the weights with `shift`.", "devices hold it in a byte");
            }
            task_.weights[i] = static_cast<std::uint8_t>(weight);
        }
        const std::int64_t shift = price["shift"].value_or<std::int64_t>(0);
        if (shift < 0 || shift > 31) {
            return refuse_at(*price["shift"].node(), origin_, "shift is not in 0..31",
                             "Use 6 to begin with.",
                             "the weighed sum is shifted right by so many of its 32 bits");
        }
        std::uint64_t most = 0;
        for (std::size_t i = 0; i < kPriceWeights.size(); ++i) {
            most += task_.weights[i] * kMostWeighed[i];
        }
        if (most != 0 && most >> shift == 0) {
            return refuse_at(*price["shift"].node(), origin_,
                             fmt::format("shift = {} makes every price 0", shift),
                             "Use 6 to begin with.",
                             fmt::format("the weighed sum is at most {}", most));
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
        task_.model =
            is_of_model(task)
                ? static_cast<std::uint16_t>(fr_policy_model_tag(target_.model_digest.data()))
                : std::uint16_t{0};
        return {};
    }

    /// Whether a gain table of the target's model can decide anything. A class beyond the map takes
    /// the first table, so a map of pins alone counts only if the file says so of the whole task.
    bool is_of_model(const toml::table& task) const {
        const auto learn = read_learn_mode(task, origin_);
        return !task.contains("pin") && task_.privacy != 2 && learn &&
               learn->mode != LearnMode::kFixed;
    }

    Result<base::Bytes> build(const toml::table& task) {
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
            const auto& place = task.source().begin;
            return fail(ErrorKind::kLimit,
                        fmt::format("{}:{}:{}: the policy does not fit its compiled form", origin_,
                                    place.line, place.column),
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

tl::unexpected<base::Error> refuse_at(const toml::source_position& place, const std::string& origin,
                                      const std::string& what, const std::string& remedy,
                                      const std::string& cause) {
    return fail(ErrorKind::kInvalidInput,
                fmt::format("{}:{}:{}: {}", origin, place.line, place.column, what), cause, remedy);
}

tl::unexpected<base::Error> refuse_at(const toml::node& node, const std::string& origin,
                                      const std::string& what, const std::string& remedy,
                                      const std::string& cause) {
    return refuse_at(node.source().begin, origin, what, remedy, cause);
}

Result<const toml::table*> find_task(const toml::table& file, const std::string& origin,
                                     const std::string& name) {
    if (const toml::table* task = file["task"][name].as_table()) {
        return task;
    }
    return fail(ErrorKind::kInvalidInput, fmt::format("{}: no [task.{}]", origin, name),
                "a policy is set for a task by its name", "Add the table, or name another task.");
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
