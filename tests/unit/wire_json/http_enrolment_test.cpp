// SPDX-License-Identifier: Apache-2.0
#include "wire/http_enrolment.hpp"

#include <gtest/gtest.h>

#include "wire/http_base64.hpp"

namespace frugal::wire {
namespace {

HttpRequest enrolment(const std::string& authorization, const std::string& body) {
    HttpRequest request;
    if (!authorization.empty()) {
        request.fields.push_back({"authorization", authorization});
    }
    request.body.assign(body.begin(), body.end());
    return request;
}

std::string basic(const std::string& credentials) {
    return "Basic " + to_base64(base::as_bytes(credentials));
}

TEST(HttpEnrolment, reads_who_claims_what_with_which_request) {
    const auto read = read_enrolment(enrolment(basic("sensor-7:7K2M-9QXT"), "YWJj\r\n"));
    ASSERT_TRUE(read) << read.error().describe();
    EXPECT_EQ(read->device.text(), "sensor-7");
    EXPECT_EQ(read->claim_code, "7K2M-9QXT");
    EXPECT_EQ(base::as_text(read->request_der), "abc");
}

TEST(HttpEnrolment, denies_alike_whatever_is_wrong_with_the_credentials) {
    for (const std::string& authorization :
         {std::string(), std::string("Basic"), std::string("Basic !"), std::string("Bearer x"),
          basic(""), basic("sensor-7"), basic(":code"), basic("+:code"), basic("Sensor:code")}) {
        const auto read = read_enrolment(enrolment(authorization, "YWJj"));
        ASSERT_FALSE(read) << authorization;
        EXPECT_EQ(read.error().kind, base::ErrorKind::kDenied);
    }
    EXPECT_EQ(enrolment_denied().status, 401);
    EXPECT_EQ(enrolment_denied().fields.at(0).name, "www-authenticate");
}

TEST(HttpEnrolment, refuses_bodies_that_are_not_base64) {
    for (const char* body : {"", "!", "-----BEGIN CERTIFICATE REQUEST-----"}) {
        const auto read = read_enrolment(enrolment(basic("sensor-7:x"), body));
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().kind, base::ErrorKind::kInvalidInput);
    }
}

TEST(HttpEnrolment, answers_certificates_as_est_clients_expect) {
    const HttpResponse response = certificates_response(base::Bytes(100, 1));
    EXPECT_EQ(response.content_type, "application/pkcs7-mime; smime-type=certs-only");
    EXPECT_EQ(from_base64(response.body), base::Bytes(100, 1));
}

}  // namespace
}  // namespace frugal::wire
