// SPDX-License-Identifier: Apache-2.0
// What every device link of a fleet shares. Owned by the fleet, which outlives its links.
#pragma once

#include "device-sim/device/virtual_device.hpp"
#include "device-sim/fleet/statistics.hpp"
#include "device-sim/ledger/ledger_writer.hpp"
#include "device-sim/net/connect_gate.hpp"
#include "device-sim/net/endpoint.hpp"
#include "device-sim/net/event_loop.hpp"
#include "device-sim/net/tls_context.hpp"
#include "device-sim/scenarios/scenario.hpp"

namespace frugal::swarm {

struct LinkContext {
    EventLoop* loop = nullptr;
    ConnectGate* gate = nullptr;
    const TlsContext* tls = nullptr;
    const Endpoint* broker = nullptr;
    const Scenario* scenario = nullptr;
    DeviceEnvironment* environment = nullptr;
    LedgerWriter* ledger = nullptr;
    Statistics* statistics = nullptr;
    bool resumes_sessions = true;
    bool flush_failed = false;  ///< the ledger could not be written: the fleet stops
};

}  // namespace frugal::swarm
