// SPDX-License-Identifier: Apache-2.0
#include "wire/http_enrolment.hpp"

#include "wire/http_base64.hpp"
#include "wire/http_problem.hpp"

namespace frugal::wire {

namespace {

using base::ErrorKind;
using base::Result;

constexpr std::size_t kLineLength = 64;

base::Error denied() {
    return {ErrorKind::kDenied, "enrolment is refused",
            "the device is not waiting to enrol, or the claim code is wrong, used or expired",
            "add the device with frugalctl device add, and use the code it prints once"};
}

}  // namespace

Result<EnrolmentRequest> read_enrolment(const HttpRequest& request) {
    constexpr std::string_view kScheme = "Basic ";
    const auto field = request.field("authorization");
    if (!field || !field->starts_with(kScheme)) {
        return tl::unexpected(denied());
    }
    const auto decoded = from_base64(field->substr(kScheme.size()));
    const std::string_view credentials = decoded ? base::as_text(*decoded) : std::string_view();
    const std::size_t colon = credentials.find(':');
    const auto device = colon == std::string_view::npos
                            ? std::nullopt
                            : base::DeviceId::parse(credentials.substr(0, colon));
    if (!device) {
        return tl::unexpected(denied());
    }
    auto request_der = from_base64(base::as_text(request.body));
    if (!request_der || request_der->empty()) {
        return base::fail(ErrorKind::kInvalidInput, "the body is not base64 of a PKCS#10 request",
                          {}, "send the DER of the request in base64 (RFC 7030, section 4.2)");
    }
    return EnrolmentRequest{*device, std::string(credentials.substr(colon + 1)),
                            std::move(*request_der)};
}

HttpResponse enrolment_denied() {
    HttpResponse response = problem(401, denied());
    response.fields.push_back({"www-authenticate", "Basic realm=\"frugal enrolment\""});
    return response;
}

HttpResponse certificates_response(base::ByteView pkcs7) {
    HttpResponse response = text_response(200, "application/pkcs7-mime; smime-type=certs-only",
                                          to_base64(pkcs7, kLineLength));
    response.fields.push_back({"content-transfer-encoding", "base64"});
    return response;
}

}  // namespace frugal::wire
