// SPDX-License-Identifier: Apache-2.0
#include "wire/http_routes.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "wire/bundle.hpp"

namespace frugal::wire {

namespace {

constexpr std::size_t kNoBody = 0;
constexpr std::size_t kCodeBody = 1024;
constexpr std::size_t kSmallBody = 16 * 1024;
constexpr std::size_t kRequestBody = 8 * 1024;
constexpr std::size_t kModelBody = 8 * 1024 * 1024;
constexpr std::size_t kBundleBody = kBundleBytesMax;
constexpr std::size_t kEdgeModelBody = 16 * 1024 * 1024;

constexpr auto kGet = HttpMethod::kGet;
constexpr auto kPost = HttpMethod::kPost;
constexpr auto kPut = HttpMethod::kPut;
constexpr auto kDelete = HttpMethod::kDelete;
constexpr auto kOpen = RouteAccess::kOpen;
constexpr auto kClaim = RouteAccess::kClaim;
constexpr auto kCode = RouteAccess::kCode;
constexpr auto kToken = RouteAccess::kToken;
constexpr auto kAnonymous = Role::kAnonymous;
constexpr auto kViewer = Role::kViewer;
constexpr auto kOperator = Role::kOperator;
constexpr auto kAdmin = Role::kAdmin;

// clang-format off
constexpr std::array kRoutes{
    HttpRoute{kGet,    "/",                                  kOpen,  kAnonymous, kNoBody,        "page"},
    HttpRoute{kGet,    "/start",                             kOpen,  kAnonymous, kNoBody,        "start_page"},
    HttpRoute{kPost,   "/start",                             kCode,  kAnonymous, kCodeBody,      "redeem_start_link"},
    HttpRoute{kGet,    "/assets/{file}",                     kOpen,  kAnonymous, kNoBody,        "asset"},
    HttpRoute{kGet,    "/livez",                             kOpen,  kAnonymous, kNoBody,        "livez"},
    HttpRoute{kGet,    "/readyz",                            kOpen,  kAnonymous, kNoBody,        "readyz"},
    HttpRoute{kGet,    "/metrics",                           kToken, kViewer,    kNoBody,        "metrics"},
    HttpRoute{kGet,    "/.well-known/est/cacerts",           kOpen,  kAnonymous, kNoBody,        "est_ca_certificates"},
    HttpRoute{kPost,   "/.well-known/est/simpleenroll",      kClaim, kAnonymous, kRequestBody,   "est_enrol"},
    HttpRoute{kGet,    "/api/v1/overview",                   kToken, kViewer,    kNoBody,        "get_overview"},
    HttpRoute{kGet,    "/api/v1/devices",                    kToken, kViewer,    kNoBody,        "list_devices"},
    HttpRoute{kPost,   "/api/v1/devices",                    kToken, kOperator,  kSmallBody,     "add_device"},
    HttpRoute{kGet,    "/api/v1/devices/{device}",           kToken, kViewer,    kNoBody,        "get_device"},
    HttpRoute{kPost,   "/api/v1/devices/{device}:revoke",    kToken, kOperator,  kSmallBody,     "revoke_device"},
    HttpRoute{kPost,   "/api/v1/devices/{device}:release",   kToken, kOperator,  kSmallBody,     "release_device"},
    HttpRoute{kGet,    "/api/v1/models",                     kToken, kViewer,    kNoBody,        "list_models"},
    HttpRoute{kPost,   "/api/v1/models",                     kToken, kOperator,  kModelBody,     "import_model"},
    HttpRoute{kPost,   "/api/v1/bundles",                    kToken, kOperator,  kBundleBody,    "import_bundle"},
    HttpRoute{kGet,    "/api/v1/models/{model}",             kToken, kViewer,    kNoBody,        "get_model"},
    HttpRoute{kGet,    "/api/v1/models/{model}/releases/{release}/fit", kToken, kViewer, kNoBody,   "get_fit"},
    HttpRoute{kGet,    "/api/v1/tasks",                      kToken, kViewer,    kNoBody,        "list_tasks"},
    HttpRoute{kPut,    "/api/v1/tasks/{task}",               kToken, kOperator,  kSmallBody,     "define_task"},
    HttpRoute{kPut,    "/api/v1/tasks/{task}/edge-model",    kToken, kOperator,  kEdgeModelBody, "set_edge_model"},
    HttpRoute{kPut,    "/api/v1/tasks/{task}/canary",        kToken, kOperator,  kModelBody,     "set_canary"},
    HttpRoute{kGet,    "/api/v1/tasks/{task}/policy",        kToken, kViewer,    kNoBody,        "get_policy"},
    HttpRoute{kPut,    "/api/v1/tasks/{task}/policy",        kToken, kOperator,  kSmallBody,     "set_policy"},
    HttpRoute{kPost,   "/api/v1/tasks/{task}/policy:simulate",kToken, kOperator, kSmallBody,     "simulate_policy"},
    HttpRoute{kGet,    "/api/v1/policies/learned",           kToken, kViewer,    kNoBody,        "list_learned"},
    HttpRoute{kPost,   "/api/v1/tasks/{task}/policy:revert", kToken, kOperator,  kSmallBody,     "revert_policy"},
    HttpRoute{kPost,   "/api/v1/tasks/{task}/policy:pin",    kToken, kOperator,  kSmallBody,     "pin_policy"},
    HttpRoute{kPost,   "/api/v1/tasks/{task}/policy:clear",  kToken, kOperator,  kSmallBody,     "clear_policy"},
    HttpRoute{kPost,   "/api/v1/tasks/{task}/policy:compare",kToken, kOperator,  kSmallBody,     "compare_policy"},
    HttpRoute{kGet,    "/api/v1/tasks/{task}/policy/versions",kToken, kViewer,   kNoBody,        "list_policy_versions"},
    HttpRoute{kGet,    "/api/v1/tasks/{task}/policy/versions/{version}",kToken, kViewer, kNoBody, "get_policy_version"},
    HttpRoute{kGet,    "/api/v1/tasks/{task}/policy/difference",kToken, kViewer, kNoBody,        "get_policy_difference"},
    HttpRoute{kGet,    "/api/v1/tasks/{task}/policy/rollout",kToken, kViewer,    kNoBody,        "get_policy_rollout"},
    HttpRoute{kPost,   "/api/v1/tasks/{task}/policy/rollout:resume",kToken, kOperator, kSmallBody, "resume_policy_rollout"},
    HttpRoute{kPost,   "/api/v1/tasks/{task}/policy/rollout:abort",kToken, kOperator, kSmallBody, "abort_policy_rollout"},
    HttpRoute{kGet,    "/api/v1/devices/{device}/decisions/{sequence}:explain",kToken, kViewer, kNoBody, "explain_decision"},
    HttpRoute{kGet,    "/api/v1/rollouts",                   kToken, kViewer,    kNoBody,        "list_rollouts"},
    HttpRoute{kPost,   "/api/v1/rollouts",                   kToken, kOperator,  kSmallBody,     "start_rollout"},
    HttpRoute{kGet,    "/api/v1/rollouts/{rollout}",         kToken, kViewer,    kNoBody,        "get_rollout"},
    HttpRoute{kPost,   "/api/v1/rollouts/{rollout}:abort",   kToken, kOperator,  kSmallBody,     "abort_rollout"},
    HttpRoute{kPost,   "/api/v1/rollouts/{rollout}:rollback",kToken, kOperator,  kSmallBody,     "rollback_rollout"},
    HttpRoute{kGet,    "/api/v1/decisions",                  kToken, kViewer,    kNoBody,        "list_decisions"},
    HttpRoute{kGet,    "/api/v1/escalations/statistics",     kToken, kViewer,    kNoBody,        "get_escalation_statistics"},
    HttpRoute{kGet,    "/api/v1/energy",                     kToken, kViewer,    kNoBody,        "list_energy"},
    HttpRoute{kGet,    "/api/v1/energy/constants",           kToken, kViewer,    kNoBody,        "list_energy_constants"},
    HttpRoute{kGet,    "/api/v1/devices/{device}/energy",    kToken, kViewer,    kNoBody,        "get_device_energy"},
    HttpRoute{kGet,    "/api/v1/events",                     kToken, kViewer,    kNoBody,        "watch_events"},
    HttpRoute{kPost,   "/api/v1/start-links",                kToken, kAdmin,     kSmallBody,     "create_start_link"},
    HttpRoute{kGet,    "/api/v1/tokens",                     kToken, kAdmin,     kNoBody,        "list_tokens"},
    HttpRoute{kPost,   "/api/v1/tokens",                     kToken, kAdmin,     kSmallBody,     "create_token"},
    HttpRoute{kDelete, "/api/v1/tokens/{token}",             kToken, kAdmin,     kNoBody,        "revoke_token"},
};
// clang-format on

std::string_view take_segment(std::string_view& path) {
    path.remove_prefix(1);  // the slash
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    return segment;
}

/// Matches "{name}" or "{name}:verb" against one segment; a parameter is never empty and never has
/// a colon, so that a verb cannot be taken for part of a name.
std::optional<NamedValue> match_parameter(std::string_view pattern, std::string_view segment) {
    const std::size_t close = pattern.find('}');
    const std::string_view name = pattern.substr(1, close - 1);
    const std::string_view suffix = pattern.substr(close + 1);
    if (segment.size() <= suffix.size() || !segment.ends_with(suffix)) {
        return std::nullopt;
    }
    const std::string_view value = segment.substr(0, segment.size() - suffix.size());
    if (value.find(':') != std::string_view::npos) {
        return std::nullopt;
    }
    return NamedValue{std::string(name), std::string(value)};
}

std::optional<std::vector<NamedValue>> match(std::string_view pattern, std::string_view path) {
    std::vector<NamedValue> parameters;
    while (!pattern.empty() && !path.empty()) {
        const std::string_view expected = take_segment(pattern);
        const std::string_view segment = take_segment(path);
        if (!expected.starts_with('{')) {
            if (expected != segment) {
                return std::nullopt;
            }
            continue;
        }
        auto parameter = match_parameter(expected, segment);
        if (!parameter) {
            return std::nullopt;
        }
        parameters.push_back(std::move(*parameter));
    }
    if (!pattern.empty() || !path.empty()) {
        return std::nullopt;
    }
    return parameters;
}

bool accepts(HttpMethod offered, HttpMethod asked) {
    return offered == asked || (offered == HttpMethod::kGet && asked == HttpMethod::kHead);
}

}  // namespace

std::span<const HttpRoute> api_routes() {
    return kRoutes;
}

RouteResult find_route(std::span<const HttpRoute> routes, HttpMethod method,
                       std::string_view path) {
    if (path.empty() || path.front() != '/') {
        return RouteNotFound{};
    }
    MethodNotAllowed others;
    for (const HttpRoute& route : routes) {
        auto parameters = match(route.pattern, path);
        if (!parameters) {
            continue;
        }
        if (accepts(route.method, method)) {
            return RouteMatch{&route, std::move(*parameters)};
        }
        others.allowed.push_back(route.method);
    }
    if (others.allowed.empty()) {
        return RouteNotFound{};
    }
    return others;
}

}  // namespace frugal::wire
