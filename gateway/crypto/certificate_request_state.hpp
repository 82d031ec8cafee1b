// SPDX-License-Identifier: Apache-2.0
// Private to this folder: what a CertificateRequest holds, for the authority that issues from it.
#pragma once

#include "crypto/certificate_request.hpp"
#include "crypto/openssl.hpp"

namespace frugal::crypto {

struct CertificateRequest::State {
    RequestHandle request;
};

}  // namespace frugal::crypto
