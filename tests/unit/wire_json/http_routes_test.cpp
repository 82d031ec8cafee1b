// SPDX-License-Identifier: Apache-2.0
#include "wire/http_routes.hpp"

#include <gtest/gtest.h>

#include <set>

namespace frugal::wire {
namespace {

RouteResult find(HttpMethod method, std::string_view path) {
    return find_route(api_routes(), method, path);
}

std::string operation(HttpMethod method, std::string_view path) {
    const auto found = find(method, path);
    const auto* match = std::get_if<RouteMatch>(&found);
    return match == nullptr ? "" : std::string(match->route->operation);
}

TEST(HttpRoutes, find_operations_and_their_parameters) {
    const auto found = find(HttpMethod::kPost, "/api/v1/devices/sensor-7:revoke");
    const auto& match = std::get<RouteMatch>(found);
    EXPECT_EQ(match.route->operation, "revoke_device");
    ASSERT_EQ(match.parameters.size(), 1u);
    EXPECT_EQ(match.parameters[0].name, "device");
    EXPECT_EQ(match.parameters[0].value, "sensor-7");
    EXPECT_EQ(operation(HttpMethod::kGet, "/"), "page");
    EXPECT_EQ(operation(HttpMethod::kGet, "/api/v1/devices"), "list_devices");
    EXPECT_EQ(operation(HttpMethod::kHead, "/livez"), "livez");
    EXPECT_EQ(operation(HttpMethod::kPut, "/api/v1/tasks/3/policy"), "set_policy");
    EXPECT_EQ(operation(HttpMethod::kGet, "/api/v1/rollouts/12"), "get_rollout");
}

TEST(HttpRoutes, find_nothing_beside_the_table) {
    for (const char* path :
         {"", "x", "//", "/api", "/api/v1/", "/api/v1/devices/", "/api/v1/devices//",
          "/api/v1/devices/:revoke", "/api/v1/devices/a:fly", "/api/v1/devices/a:b:revoke",
          "/api/v1/devices/a/b", "/API/v1/devices", "/livez/"}) {
        for (const HttpMethod method : {HttpMethod::kGet, HttpMethod::kPost}) {
            EXPECT_TRUE(std::holds_alternative<RouteNotFound>(find(method, path))) << path;
        }
    }
}

TEST(HttpRoutes, say_which_methods_a_path_knows) {
    const auto found = find(HttpMethod::kDelete, "/api/v1/devices");
    EXPECT_EQ(std::get<MethodNotAllowed>(found).allowed,
              (std::vector{HttpMethod::kGet, HttpMethod::kPost}));
    EXPECT_TRUE(std::holds_alternative<MethodNotAllowed>(find(HttpMethod::kOther, "/")));
}

TEST(HttpRoutes, table_is_consistent) {
    std::set<std::string_view> operations;
    std::set<std::pair<HttpMethod, std::string_view>> keys;
    for (const HttpRoute& route : api_routes()) {
        EXPECT_TRUE(operations.insert(route.operation).second) << route.operation;
        EXPECT_TRUE(keys.insert({route.method, route.pattern}).second) << route.pattern;
        const bool needs_token = route.access == RouteAccess::kToken;
        EXPECT_EQ(needs_token, route.role != Role::kAnonymous) << route.pattern;
        const bool takes_code =
            route.access == RouteAccess::kClaim || route.access == RouteAccess::kCode;
        const bool changes = route.method != HttpMethod::kGet && !takes_code;
        EXPECT_TRUE(!changes || route.role >= Role::kOperator) << route.pattern;
        if (route.pattern.starts_with("/api/")) {
            EXPECT_TRUE(needs_token) << route.pattern;
        }
    }
}

}  // namespace
}  // namespace frugal::wire
