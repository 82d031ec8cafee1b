// SPDX-License-Identifier: Apache-2.0
// The publishers of the ingest bench: enrols them once (their certificates stay in a directory),
// connects them, drives them through a measured span. One thread; every wait has a limit.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "bench/ingest/load_device.hpp"

namespace frugal::bench {

struct FleetOptions {
    std::string site;
    std::string broker;  ///< host:port
    std::string ca;
    std::string est;
    std::string claims;
    std::string state;  ///< directory of certificates and keys
    std::size_t devices = 200;
    std::size_t handshakes = 32;  ///< at once
};

class LoadFleet {
public:
    static swarm::Result<std::unique_ptr<LoadFleet>> create(const FleetOptions& options);

    swarm::Result<void> connect(swarm::Milliseconds limit);

    /// Chooses the stream and has every device greet until the gateway answered each.
    swarm::Result<void> greet(std::size_t phase, swarm::Milliseconds limit);

    /// Sends through the stream `phase` for `warm_up`, then for `span`, which is measured.
    LoadCounters run(std::size_t phase, swarm::Milliseconds warm_up, swarm::Milliseconds span,
                     const std::function<void()>& on_begin, const std::function<void()>& on_end);

    /// Sends one escalation every `gap`, the devices in turn.
    LoadCounters ask(std::size_t count, swarm::Milliseconds gap, std::uint32_t task,
                     std::size_t input_bytes);

    /// Waits until everything sent is acked.
    swarm::Result<void> drain(swarm::Milliseconds limit);

    /// Keeps the sessions alive until `is_over`.
    void hold(const std::function<bool()>& is_over);

    void close();
    std::size_t size() const { return devices_.size(); }
    std::size_t connected() const;

private:
    LoadFleet() : gate_(1) {}
    swarm::Result<void> add_devices(const FleetOptions& options);
    bool run_until(swarm::Milliseconds limit, const std::function<bool()>& condition);

    swarm::EventLoop loop_;
    swarm::ConnectGate gate_;
    std::unique_ptr<swarm::TlsContext> tls_;
    swarm::Endpoint endpoint_;
    LoadContext context_;
    std::vector<std::unique_ptr<LoadDevice>> devices_;
};

}  // namespace frugal::bench
