// SPDX-License-Identifier: Apache-2.0
// EST simpleenroll (RFC 7030) as plain values: who claims to be which device, with which code, and
// its certificate request. Pure functions, any thread; whether the code is right is the core's.
#pragma once

#include <string>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "wire/http_message.hpp"

namespace frugal::wire {

struct EnrolmentRequest {
    base::DeviceId device;
    std::string claim_code;   ///< as typed
    base::Bytes request_der;  ///< PKCS#10
};

/// Reads HTTP Basic (device:claim-code) and the base64 body. kDenied without credentials or with a
/// name that is no device id (answer 401, see enrolment_denied), kInvalidInput for the body.
base::Result<EnrolmentRequest> read_enrolment(const HttpRequest& request);

/// 401 with a Basic challenge. The same for every reason: nobody learns which devices exist.
HttpResponse enrolment_denied();

/// 200 with base64 of PKCS#7 certs-only, as simpleenroll and cacerts answer.
HttpResponse certificates_response(base::ByteView pkcs7);

}  // namespace frugal::wire
