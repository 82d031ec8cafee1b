// SPDX-License-Identifier: Apache-2.0
#include "net/http_access.hpp"

#include <gtest/gtest.h>

namespace frugal::net {
namespace {

using wire::HttpActor;
using wire::HttpMethod;
using wire::HttpRequest;
using wire::HttpResponse;
using wire::Role;

constexpr base::Instant kNow{};

std::optional<HttpActor> known_tokens(std::string_view token) {
    const auto role = wire::parse_role(token);
    if (!role) {
        return std::nullopt;
    }
    HttpActor actor;
    actor.name = "token:" + std::string(token);
    actor.role = *role;
    return actor;
}

HttpRequest request(HttpMethod method, std::string path, std::string authorization = {}) {
    HttpRequest result;
    result.method = method;
    result.path = std::move(path);
    result.peer = "192.0.2.1";
    if (!authorization.empty()) {
        result.fields.push_back({"authorization", std::move(authorization)});
    }
    return result;
}

class HttpAccessTest : public ::testing::Test {
protected:
    int status(const HttpRequest& asked, const std::optional<HttpActor>& local = std::nullopt,
               base::Instant now = kNow) {
        const auto admitted = access_.admit(asked, local, now);
        const auto* refusal = std::get_if<HttpResponse>(&admitted);
        if (refusal == nullptr) {
            return 200;
        }
        EXPECT_EQ(refusal->content_type, "application/problem+json");
        return refusal->status;
    }
    HttpAccess access_{wire::api_routes(), known_tokens, {}};
};

/// A path for every row: parameters become a name.
std::string example_path(std::string_view pattern) {
    std::string path(pattern);
    for (std::size_t open; (open = path.find('{')) != std::string::npos;) {
        path.replace(open, path.find('}') - open + 1, "name");
    }
    return path;
}

TEST_F(HttpAccessTest, every_route_admits_exactly_the_roles_of_its_row) {
    for (const wire::HttpRoute& route : wire::api_routes()) {
        SCOPED_TRACE(std::string(route.operation));
        const std::string path = example_path(route.pattern);
        const bool is_open = route.access != wire::RouteAccess::kToken;
        EXPECT_EQ(status(request(route.method, path)), is_open ? 200 : 401);
        for (const Role role : {Role::kViewer, Role::kOperator, Role::kAdmin}) {
            const std::string bearer = "Bearer " + std::string(to_string(role));
            EXPECT_EQ(status(request(route.method, path, bearer)),
                      is_open || role >= route.role ? 200 : 403)
                << to_string(role);
        }
    }
}

TEST_F(HttpAccessTest, refuses_unknown_tokens_and_other_schemes) {
    for (const char* authorization : {"Bearer nobody", "Bearer ", "Bearer", "bearer\tadmin",
                                      "Basic YWRtaW46YWRtaW4=", "admin", "Bearer admin "}) {
        EXPECT_EQ(status(request(HttpMethod::kGet, "/api/v1/devices", authorization)), 401)
            << authorization;
    }
    EXPECT_EQ(status(request(HttpMethod::kGet, "/api/v1/devices", "bearer viewer")), 200);
}

TEST_F(HttpAccessTest, trusts_the_unix_peer_unless_it_shows_a_token) {
    HttpActor root;
    root.name = "uid:0";
    root.role = Role::kAdmin;
    EXPECT_EQ(status(request(HttpMethod::kGet, "/api/v1/tokens"), root), 200);
    EXPECT_EQ(status(request(HttpMethod::kGet, "/api/v1/tokens", "Bearer viewer"), root), 403);
    EXPECT_EQ(status(request(HttpMethod::kGet, "/api/v1/tokens", "Bearer nobody"), root), 401);
}

TEST_F(HttpAccessTest, names_the_methods_a_path_knows) {
    const auto admitted =
        access_.admit(request(HttpMethod::kDelete, "/api/v1/devices"), std::nullopt, kNow);
    const auto& response = std::get<HttpResponse>(admitted);
    EXPECT_EQ(response.status, 405);
    ASSERT_EQ(response.fields.size(), 1u);
    EXPECT_EQ(response.fields[0].value, "GET, HEAD, POST");
    EXPECT_EQ(status(request(HttpMethod::kGet, "/nothing")), 404);
}

TEST_F(HttpAccessTest, slows_guessing_but_never_locks_out_a_right_token) {
    const HttpRequest wrong = request(HttpMethod::kGet, "/api/v1/devices", "Bearer guess");
    const HttpRequest right = request(HttpMethod::kGet, "/api/v1/devices", "Bearer admin");
    int refused = 0;
    for (int i = 0; i < 1000; ++i) {
        refused += status(wrong) == 429 ? 1 : 0;
    }
    EXPECT_GE(refused, 980);
    EXPECT_EQ(status(right), 200);
    const auto admitted = access_.admit(wrong, std::nullopt, kNow);
    EXPECT_EQ(std::get<HttpResponse>(admitted).fields.at(0).name, "retry-after");
    EXPECT_EQ(status(wrong, std::nullopt, {std::chrono::hours(1)}), 401);
    EXPECT_EQ(access_.failed_logins(), 1002u);
}

TEST_F(HttpAccessTest, a_missing_token_is_no_failed_guess) {
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(status(request(HttpMethod::kGet, "/api/v1/devices")), 401);
    }
    EXPECT_EQ(access_.failed_logins(), 0u);
}

TEST_F(HttpAccessTest, wrong_claim_codes_count_too) {
    HttpResponse response;
    for (int i = 0; i < 20; ++i) {
        response = {};
        response.status = 401;
        access_.note_failure(request(HttpMethod::kPost, "/.well-known/est/simpleenroll"), response,
                             kNow);
    }
    EXPECT_EQ(response.status, 429);
}

}  // namespace
}  // namespace frugal::net
