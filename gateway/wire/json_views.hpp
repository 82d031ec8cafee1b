// SPDX-License-Identifier: Apache-2.0
// The core's answers as JSON texts of the REST interface (proto/openapi.yaml names every key).
// Pure functions, any thread. Numbers that need all 64 bits (stream ids) are hexadecimal strings.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/admin.hpp"
#include "wire/http_message.hpp"

namespace frugal::wire {

std::string to_json(const core::DeviceView& device);
std::string to_json(const core::DevicePage& page);
std::string to_json(const core::EnergyView& energy);
std::string to_json(const core::EnergyPage& energy);
std::string to_json(const core::TaskList& tasks);
std::string to_json(const core::ModelList& models);
std::string to_json(const core::FitReport& report);
std::string to_json(const core::RolloutView& rollout);
std::string to_json(const core::RolloutList& rollouts);
std::string to_json(const core::RolloutDetail& detail);
std::string to_json(const core::EscalationStatistics& statistics);

/// The schema EnergyConstants: reference energies with their sources (frugal/energy.h).
std::string energy_constants_json();

/// What the overview shows beside what the core knows.
struct OverviewContext {
    struct ClassCount {
        std::string device_class;
        std::uint32_t devices = 0;
        std::uint32_t online = 0;
    };
    std::string site;
    std::vector<ClassCount> classes;
    double decisions_per_minute = 0;
    std::uint64_t bytes_up = 0;    ///< payloads received
    std::uint64_t bytes_down = 0;  ///< payloads published
};
/// The schema Overview of the live page and GET /api/v1/overview.
std::string to_json(const core::Overview& overview, const OverviewContext& context);

/// Any answer but Overview; {} for Done.
std::string to_json(const core::AdminReply& reply);

/// The response to a question or change: the answer with this status, or the problem.
HttpResponse admin_response(int status, const base::Result<core::AdminReply>& reply);

/// One row of GET /api/v1/decisions.
struct DecisionView {
    std::int64_t row = 0;
    std::string device;
    base::StreamId stream;
    std::uint64_t sequence = 0;
    std::uint32_t boot_epoch = 0;
    std::uint32_t task = 0;
    std::uint32_t release = 0;
    std::uint32_t class_id = 0;
    std::uint8_t confidence = 0;  ///< q8
    core::Tier tier = core::Tier::kUnspecified;
    core::PolicyReason policy_reason = core::PolicyReason::kUnspecified;
    std::uint32_t energy_uj = 0;
    base::WallTime received_at;
};
std::string decisions_json(const std::vector<DecisionView>& rows,
                           std::optional<std::int64_t> next_cursor);

/// {"device": .., "claim_code": .., "expires_in_s": ..}: the only time the code is shown.
std::string claim_json(const base::DeviceId& device, std::string_view claim_code,
                       base::Duration time_to_live);

struct TokenView {
    std::string id;
    Role role = Role::kViewer;
    std::string label;
};
std::string tokens_json(const std::vector<TokenView>& tokens);
/// {"token": ..}: the only time it is shown.
std::string new_token_json(std::string_view text);

/// {"start_url": .., "code": .., "expires_in_s": ..}: the only time the code is shown.
std::string start_link_json(std::string_view url, std::string_view code,
                            base::Duration time_to_live);

/// {"status": "ok"} or {"status": "failing", "failing": [..]} for /livez and /readyz.
HttpResponse health_response(const std::vector<std::string>& failing);

}  // namespace frugal::wire
