// SPDX-License-Identifier: Apache-2.0
#include "wire/http_message.hpp"

#include <gtest/gtest.h>

#include "wire/http_problem.hpp"

namespace frugal::wire {
namespace {

using base::ErrorKind;

TEST(HttpMessage, head_says_length_type_and_what_browsers_must_not_do) {
    const std::string head = serialize_head(json_response(200, "{}"), 2, true);
    EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\n"));
    EXPECT_TRUE(head.ends_with("\r\n\r\n"));
    for (const char* line : {"Content-Type: application/json\r\n", "Content-Length: 2\r\n",
                             "Connection: keep-alive\r\n", "X-Content-Type-Options: nosniff\r\n",
                             "X-Frame-Options: DENY\r\n", "Cache-Control: no-store\r\n"}) {
        EXPECT_NE(head.find(line), std::string::npos) << line;
    }
}

TEST(HttpMessage, header_values_cannot_start_new_lines) {
    HttpResponse response = json_response(200, "");
    response.fields.push_back({"location", "/x\r\nSet-Cookie: a=b"});
    response.content_type = "text/plain\r\nX: y";
    const std::string head = serialize_head(response, 0, false);
    EXPECT_EQ(head.find("Set-Cookie"), std::string::npos);
    EXPECT_EQ(head.find("X: y"), std::string::npos);
    EXPECT_NE(head.find("Connection: close"), std::string::npos);
}

TEST(HttpMessage, handlers_may_choose_how_long_an_answer_is_kept) {
    HttpResponse response = json_response(200, "");
    response.fields.push_back({"cache-control", "max-age=60"});
    const std::string head = serialize_head(response, 0, false);
    EXPECT_EQ(head.find("no-store"), std::string::npos);
}

TEST(HttpProblem, carries_code_detail_cause_and_remedy_and_escapes_them) {
    const HttpResponse response =
        problem({ErrorKind::kConflict, "device \"x\"\n exists", "added before", "choose another"});
    EXPECT_EQ(response.status, 409);
    EXPECT_EQ(response.content_type, "application/problem+json");
    EXPECT_EQ(response.body,
              R"({"type":"urn:frugal:problem:conflict","title":"Conflict","status":409,)"
              R"("code":"conflict","detail":"device \"x\"\n exists","cause":"added before",)"
              R"("remedy":"choose another"})");
}

TEST(HttpProblem, has_a_status_for_every_kind_of_error) {
    struct Case {
        ErrorKind kind;
        int status;
    };
    for (const Case& c : {Case{ErrorKind::kInvalidInput, 400}, Case{ErrorKind::kNotFound, 404},
                          Case{ErrorKind::kConflict, 409}, Case{ErrorKind::kDenied, 403},
                          Case{ErrorKind::kLimit, 429}, Case{ErrorKind::kUnavailable, 503},
                          Case{ErrorKind::kCorrupt, 500}, Case{ErrorKind::kStorage, 507},
                          Case{ErrorKind::kUnsupported, 422}, Case{ErrorKind::kInternal, 500}}) {
        EXPECT_EQ(status_of(c.kind), c.status);
        EXPECT_NE(reason_phrase(c.status), "Unknown");
    }
}

TEST(HttpMessage, roles_are_ordered_and_have_words) {
    EXPECT_LT(Role::kAnonymous, Role::kViewer);
    EXPECT_LT(Role::kViewer, Role::kOperator);
    EXPECT_LT(Role::kOperator, Role::kAdmin);
    EXPECT_EQ(parse_role("operator"), Role::kOperator);
    EXPECT_FALSE(parse_role("anonymous"));
    EXPECT_FALSE(parse_role("Admin"));
}

}  // namespace
}  // namespace frugal::wire
