// SPDX-License-Identifier: Apache-2.0
// What proves who a device is: its certificate and private key, both as DER so that ten thousand
// of them cost little. Plain value. The key never leaves the process but into the state directory.
#pragma once

#include <string>

#include "device-sim/support/bytes.hpp"

namespace frugal::swarm {

struct Identity {
    Bytes certificate_der;
    Bytes private_key_der;
};

}  // namespace frugal::swarm
