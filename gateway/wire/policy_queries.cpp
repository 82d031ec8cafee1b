// SPDX-License-Identifier: Apache-2.0
#include "wire/policy_queries.hpp"

#include <algorithm>

#include "wire/fields.hpp"
#include "wire/http_query.hpp"
#include "wire/json_commands.hpp"

namespace frugal::wire {

namespace {

using base::ErrorKind;
using base::Result;

constexpr std::uint64_t kWaitMax = 30 * 24 * 3600;
constexpr std::uint64_t kWaitDefault = 600;
constexpr std::size_t kCommentMax = 256;

/// Query keys `device` and `label`; a whole class without.
Result<base::Audience> read_audience(const HttpRequest& request) {
    const auto device = request.query_value("device");
    const auto label = request.query_value("label");
    const auto refuse = [](const char* what, const char* remedy) {
        return base::fail(ErrorKind::kInvalidInput, what, {}, remedy);
    };
    if (device && label) {
        return refuse("query keys device and label are both given", "Name one of them.");
    }
    if (label) {
        return !label->empty() && is_printable(*label, kLabelMax)
                   ? Result<base::Audience>(base::Audience::label(std::string(*label)))
                   : refuse("query key label: 1 to 128 bytes without control characters",
                            "Name a label of your devices.");
    }
    const auto id = device ? base::DeviceId::parse(*device) : std::nullopt;
    if (device && !id) {
        return refuse("query key device: no device id",
                      "an id has 1 to 64 characters of a-z, 0-9 and -");
    }
    return id ? base::Audience::device(*id) : base::Audience{};
}

/// "fashion@2" in the query key `release`.
Result<PolicyTargetQuery> read_target(const HttpRequest& request) {
    const auto task = read_task(request);
    if (!task) {
        return tl::unexpected(task.error());
    }
    const std::string_view text = request.query_value("release").value_or("");
    const auto name = base::ReleaseName::parse(text);
    if (!name) {
        return base::fail(ErrorKind::kInvalidInput,
                          "query key release: \"" + std::string(text) + "\" names no release", {},
                          "Write MODEL@NUMBER, e.g. release=fashion@2.");
    }
    auto audience = read_audience(request);
    if (!audience) {
        return tl::unexpected(audience.error());
    }
    return PolicyTargetQuery{*task, *name, std::move(*audience)};
}

std::string read_comment(const HttpRequest& request, QueryReader& query) {
    const std::string comment(request.query_value("comment").value_or(""));
    if (comment.size() > kCommentMax) {
        query.reject("comment", "at most 256 bytes");
    }
    return comment;
}

std::vector<core::PolicyStep> read_shares(std::string_view text, base::Duration wait,
                                          QueryReader& query) {
    std::vector<core::PolicyStep> steps;
    for (std::size_t from = 0; from <= text.size();) {
        const auto until = std::min(text.find(',', from), text.size());
        const auto percent = parse_number(text.substr(from, until - from), 100);
        if (!percent || *percent == 0) {
            query.reject("shares", "whole percents, rising to 100, such as 5,25,100");
            return steps;
        }
        steps.push_back({static_cast<std::uint32_t>(*percent) * 100, wait});
        from = until + 1;
    }
    return steps;
}

std::vector<core::PolicyStep> read_steps(const HttpRequest& request, QueryReader& query) {
    const auto at_once = request.query_value("at_once").value_or("false");
    if (at_once != "true" && at_once != "false") {
        query.reject("at_once", "true or false");
    }
    const auto wait = std::chrono::seconds(query.number("wait_s", kWaitMax).value_or(kWaitDefault));
    const auto shadow = query.number("shadow_s", kWaitMax);
    if (at_once == "true") {
        return {};
    }
    auto steps = read_shares(request.query_value("shares").value_or("5,25,100"), wait, query);
    if (shadow) {
        steps.insert(steps.begin(), {0, std::chrono::seconds(*shadow)});
    }
    return steps;
}

/// What pins and clears have in common; they are for a device or a label.
Result<OverridePolicyQuery> read_override(const HttpRequest& request, QueryReader& query) {
    const auto task = read_task(request);
    auto audience = read_audience(request);
    if (!task || !audience) {
        return tl::unexpected(!task ? task.error() : audience.error());
    }
    if (audience->is_class()) {
        query.reject("device", "name a device, or a label");
    }
    return OverridePolicyQuery{*task, std::move(*audience), read_comment(request, query)};
}

}  // namespace

Result<core::ListPolicyVersions> read_list_policy_versions(const HttpRequest& request) {
    const auto task = read_task(request);
    auto audience = read_audience(request);
    if (!task || !audience) {
        return tl::unexpected(!task ? task.error() : audience.error());
    }
    QueryReader query(request, {"device", "label"});
    return query.finish().map([&] {
        return core::ListPolicyVersions{*task, std::move(*audience)};
    });
}

Result<SetPolicyQuery> read_set_policy(const HttpRequest& request) {
    const auto target = read_target(request);
    if (!target) {
        return tl::unexpected(target.error());
    }
    QueryReader query(request, {"release", "comment", "at_once", "shares", "wait_s", "shadow_s",
                                "device", "label", "dry_run"});
    SetPolicyQuery wanted{*target, read_comment(request, query), read_steps(request, query)};
    const auto dry_run = request.query_value("dry_run").value_or("false");
    if (dry_run != "true" && dry_run != "false") {
        query.reject("dry_run", "true or false");
    }
    wanted.is_dry_run = dry_run == "true";
    if (!target->audience.is_class()) {
        wanted.steps.clear();
        for (const std::string_view key : {"at_once", "shares", "wait_s", "shadow_s"}) {
            if (request.query_value(key)) {
                query.reject(key, "a policy of one device or label is in force at once");
            }
        }
    }
    if (auto finished = query.finish(); !finished) {
        return tl::unexpected(finished.error());
    }
    return wanted;
}

Result<PolicyTargetQuery> read_compare_policy(const HttpRequest& request) {
    return read_target(request);
}

Result<PolicyDifferenceQuery> read_policy_difference(const HttpRequest& request) {
    const auto task = read_task(request);
    if (!task) {
        return tl::unexpected(task.error());
    }
    QueryReader query(request, {"from", "until"});
    const auto version = [&](std::string_view key) {
        const auto number = query.number(key, UINT32_MAX);
        if (number.value_or(0) == 0) {
            query.reject(key, "the number of a version, from 1");
        }
        return static_cast<std::uint32_t>(number.value_or(0));
    };
    const PolicyDifferenceQuery wanted{*task, version("from"), version("until")};
    if (auto finished = query.finish(); !finished) {
        return tl::unexpected(finished.error());
    }
    return wanted;
}

Result<RevertPolicyQuery> read_revert_policy(const HttpRequest& request) {
    const auto task = read_task(request);
    if (!task) {
        return tl::unexpected(task.error());
    }
    auto audience = read_audience(request);
    if (!audience) {
        return tl::unexpected(audience.error());
    }
    QueryReader query(request, {"to", "comment", "device", "label"});
    const auto to = query.number("to", UINT32_MAX);
    RevertPolicyQuery wanted{*task, std::nullopt, read_comment(request, query),
                             std::move(*audience)};
    if (to) {
        wanted.to = static_cast<std::uint32_t>(*to);
    }
    if (auto finished = query.finish(); !finished) {
        return tl::unexpected(finished.error());
    }
    return wanted;
}

Result<OverridePolicyQuery> read_pin_policy(const HttpRequest& request) {
    QueryReader query(request, {"to", "comment", "device", "label"});
    auto wanted = read_override(request, query);
    if (!wanted) {
        return wanted;
    }
    wanted->pin = request.query_value("to").value_or("");
    if (wanted->pin != "always-edge" && wanted->pin != "always-local") {
        query.reject("to", "always-edge or always-local");
    }
    return query.finish().map([&] { return std::move(*wanted); });
}

Result<OverridePolicyQuery> read_clear_policy(const HttpRequest& request) {
    QueryReader query(request, {"comment", "device", "label"});
    auto wanted = read_override(request, query);
    return wanted ? query.finish().map([&] { return std::move(*wanted); }) : wanted;
}

Result<std::uint32_t> read_policy_version(const HttpRequest& request) {
    const auto number = parse_number(request.parameter("version"), UINT32_MAX);
    if (!number || *number == 0) {
        return base::fail(
            ErrorKind::kInvalidInput,
            "\"" + std::string(request.parameter("version")) + "\" is no version of a policy", {},
            "GET /api/v1/tasks/{task}/policy/versions lists them.");
    }
    return static_cast<std::uint32_t>(*number);
}

Result<std::uint64_t> read_sequence(const HttpRequest& request) {
    const auto number = parse_number(request.parameter("sequence"), kSequenceMax);
    if (!number) {
        return base::fail(
            ErrorKind::kInvalidInput,
            "\"" + std::string(request.parameter("sequence")) + "\" is no sequence number", {},
            "GET /api/v1/decisions lists them.");
    }
    return *number;
}

}  // namespace frugal::wire
