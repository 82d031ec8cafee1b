// SPDX-License-Identifier: Apache-2.0
// proto/openapi.yaml and the daemon's route table say the same.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>

#include "wire/http_routes.hpp"

namespace frugal::wire {
namespace {

struct Operation {
    std::string key;  ///< "POST /api/v1/devices"
    std::string role = "anonymous";
    std::string access = "token";
    std::size_t body_limit = 0;
    bool has_problem = false;
    bool operator==(const Operation&) const = default;
};

std::string upper_case(std::string text) {
    for (char& c : text) {
        c = static_cast<char>(std::toupper(c));
    }
    return text;
}

/// Reads the paths of our own file by its indentation: two spaces a path, four a method, six a
/// property of the operation. Not a YAML parser, and need not be one.
std::map<std::string, Operation> documented() {
    std::ifstream file(FRUGAL_SOURCE_DIR "/proto/openapi.yaml");
    std::map<std::string, Operation> operations;
    std::string path;
    std::string method;
    Operation* current = nullptr;
    bool is_in_paths = false;
    bool is_in_security = false;
    for (std::string line; std::getline(file, line);) {
        const std::size_t indent = line.find_first_not_of(' ');
        if (indent == std::string::npos || line[indent] == '#') {
            continue;
        }
        const std::string text = line.substr(indent);
        if (indent == 0) {
            is_in_paths = text == "paths:";
        }
        if (!is_in_paths) {
            continue;
        }
        if (indent == 2) {
            path = text.substr(0, text.size() - 1);
        } else if (indent == 4) {
            method = text.substr(0, text.size() - 1);
        } else if (indent == 6 && text.starts_with("operationId: ")) {
            current = &operations[text.substr(13)];
            current->key = upper_case(method) + " " + path;
        } else if (indent == 6 && text.starts_with("x-role: ")) {
            current->role = text.substr(8);
        } else if (indent == 6 && text.starts_with("x-body-limit: ")) {
            current->body_limit = std::stoul(text.substr(14));
        } else if (indent == 6 && text == "security: []") {
            current->access = "open";
        } else if (indent == 6 && text == "x-one-time-code: true") {
            current->access = "code";
        } else if (is_in_security && text == "- claim: []") {
            current->access = "claim";
        } else if (text == "$ref: '#/components/responses/Problem'") {
            current->has_problem = true;
        }
        is_in_security = indent == 6 && text == "security:";
    }
    return operations;
}

std::map<std::string, Operation> served() {
    std::map<std::string, Operation> operations;
    for (const HttpRoute& route : api_routes()) {
        Operation& operation = operations[std::string(route.operation)];
        operation.key = std::string(to_string(route.method)) + " " + std::string(route.pattern);
        operation.role = to_string(route.role);
        operation.access = route.access == RouteAccess::kOpen    ? "open"
                           : route.access == RouteAccess::kClaim ? "claim"
                           : route.access == RouteAccess::kCode  ? "code"
                                                                 : "token";
        operation.body_limit = route.body_limit;
        operation.has_problem = true;
    }
    return operations;
}

TEST(OpenApi, documents_exactly_the_routes_that_are_served) {
    const auto in_file = documented();
    const auto in_daemon = served();
    ASSERT_FALSE(in_file.empty());
    for (const auto& [name, operation] : in_file) {
        EXPECT_TRUE(in_daemon.contains(name)) << name << " is documented but not served";
    }
    for (const auto& [name, operation] : in_daemon) {
        const auto found = in_file.find(name);
        ASSERT_NE(found, in_file.end()) << name << " is served but not documented";
        EXPECT_EQ(found->second.key, operation.key) << name;
        EXPECT_EQ(found->second.role, operation.role) << name;
        EXPECT_EQ(found->second.access, operation.access) << name;
        EXPECT_EQ(found->second.body_limit, operation.body_limit) << name;
        EXPECT_TRUE(found->second.has_problem) << name << " documents no problem response";
    }
}

}  // namespace
}  // namespace frugal::wire
