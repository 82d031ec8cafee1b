// SPDX-License-Identifier: Apache-2.0
// A device's own half of enrolment: a fresh key and the request for its certificate. For boards
// that cannot make keys, for the demo fleet and for tests; a real device keeps its key to itself.
// A value, any thread.
#pragma once

#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace frugal::crypto {

struct DeviceIdentity {
    std::string key_pem;      ///< PKCS#8
    base::Bytes request_der;  ///< PKCS#10, signed with the key
};

/// Takes any text as common name: whether it is acceptable is the authority's question.
base::Result<DeviceIdentity> make_device_identity(std::string_view common_name);

}  // namespace frugal::crypto
