// SPDX-License-Identifier: Apache-2.0
// Private to this folder: what a SiteAuthority holds, shared by its source files.
#pragma once

#include "crypto/openssl.hpp"
#include "crypto/site_authority.hpp"

namespace frugal::crypto {

struct SiteAuthority::State {
    KeyHandle key;
    CertificateHandle root;
};

}  // namespace frugal::crypto
