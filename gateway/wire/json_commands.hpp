// SPDX-License-Identifier: Apache-2.0
// JSON bodies and query strings of the REST interface, read into plain structs and core commands.
// Strict: unknown or doubled keys, wrong types and values out of range are errors that name the
// key. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/admin.hpp"
#include "wire/http_message.hpp"

namespace frugal::wire {

inline constexpr std::uint32_t kPageSizeMax = 1000;

/// POST /api/v1/devices. The claim code is made by the caller, not sent.
struct AddDeviceBody {
    base::DeviceId device;
    std::string label;
    base::Duration claim_time_to_live;
};
base::Result<AddDeviceBody> read_add_device(const HttpRequest& request);

/// POST /api/v1/rollouts: {"model": .., "release": .., "devices": [..] or absent for all}.
base::Result<core::StartRollout> read_start_rollout(const HttpRequest& request);

/// PUT /api/v1/tasks/{task}: {"name": .., "labels": [..], "privacy": "public|edge-only|never"}.
base::Result<core::DefineTask> read_define_task(const HttpRequest& request);

/// POST /api/v1/tokens: {"role": "viewer|operator|admin", "label": ..}.
struct CreateTokenBody {
    Role role = Role::kViewer;
    std::string label;
};
base::Result<CreateTokenBody> read_create_token(const HttpRequest& request);

/// POST /api/v1/start-links: {"role": ..}; POST /start: {"code": .., as typed}.
base::Result<Role> read_create_start_link(const HttpRequest& request);
base::Result<std::string> read_redeem_start_link(const HttpRequest& request);

/// Path parameters.
base::Result<base::DeviceId> read_device(const HttpRequest& request);
base::Result<base::RolloutId> read_rollout(const HttpRequest& request);
base::Result<std::uint32_t> read_task(const HttpRequest& request);
base::Result<base::ModelName> read_model(const HttpRequest& request);

/// GET /api/v1/devices?page_size=&page_token= (the token is the last device of the page before).
base::Result<core::ListDevices> read_list_devices(const HttpRequest& request);

/// GET /api/v1/energy?page_size=&page_token= (as for devices).
base::Result<core::ListEnergy> read_list_energy(const HttpRequest& request);

/// GET /api/v1/rollouts/{rollout}?page_size=&page_token=.
base::Result<core::GetRollout> read_get_rollout(const HttpRequest& request);

/// GET /api/v1/models/{model}/releases/{release}/fit?page_size=&page_token=.
base::Result<core::GetFit> read_get_fit(const HttpRequest& request);

/// GET /api/v1/decisions?device=&task=&class=&from=&until=&order=&page_size=&page_token=.
struct DecisionFilter {
    std::optional<base::DeviceId> device;
    std::optional<std::uint32_t> task;
    std::optional<std::uint32_t> class_id;
    std::optional<base::WallTime> received_from;
    std::optional<base::WallTime> received_until;
    std::optional<std::int64_t> cursor;
    bool is_oldest_first = false;
    std::uint32_t limit = 100;
};
base::Result<DecisionFilter> read_list_decisions(const HttpRequest& request);

/// GET /api/v1/events?types=a,b with the header Last-Event-ID.
base::Result<EventStreamRequest> read_watch_events(const HttpRequest& request);

/// POST /api/v1/models?model=&task=: the body is one .tflite (query device_class, default "any"),
/// or multipart/form-data with one part a variant, named after its device class; several for one
/// class add their accuracy in 1/10000: "m4@9105".
struct ImportModelBody {
    struct Variant {
        base::ClassName device_class;
        base::Bytes tflite;
        std::uint32_t accuracy_permyriad = 0;  ///< 0: not stated
    };
    base::ModelName model;
    std::uint32_t task = 0;
    std::vector<Variant> variants;
};
base::Result<ImportModelBody> read_import_model(HttpRequest& request);

/// RFC 3339 in UTC ("2026-11-22T17:00:00Z", fractions of a second are dropped) and back.
std::string to_rfc3339(base::WallTime time);
std::optional<base::WallTime> from_rfc3339(std::string_view text);

}  // namespace frugal::wire
