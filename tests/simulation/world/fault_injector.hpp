// SPDX-License-Identifier: Apache-2.0
// Makes the faults of a seed happen, one every now and then, as long as the safety phase lasts.
// Owned by the world; single-threaded.
#pragma once

#include <memory>
#include <vector>

#include "simulation/world/device_host.hpp"
#include "simulation/world/gateway_host.hpp"
#include "simulation/world/operator.hpp"

namespace frugal::v1 {
class SignedBlob;
}

namespace frugal::simulation {

using Devices = std::vector<std::unique_ptr<DeviceHost>>;

class FaultInjector {
public:
    /// `add_clone` makes a host with the same name and a copy of the flash.
    FaultInjector(const Context& context, GatewayHost& gateway, MemoryDisk& disk, Devices& devices,
                  const Operator& person, std::function<void(DeviceHost&)> add_clone,
                  std::uint64_t seed);

    void start();
    void stop() { is_stopped_ = true; }

private:
    void plan();
    void inject(FaultKind kind);
    bool inject_network(FaultKind kind);
    bool inject_gateway(FaultKind kind);
    bool inject_disk(FaultKind kind);
    void inject_device(FaultKind kind);
    void boot_loop();
    DeviceHost& any_device();
    base::Duration up_to(base::Duration longest);
    void tamper(const Client& client, Packet& packet);
    void tamper_manifest(Packet& packet);
    void tamper_policy(Packet& packet);
    void play_signed(v1::SignedBlob& blob);
    void spoil(v1::SignedBlob& blob);

    const Context& context_;
    GatewayHost& gateway_;
    MemoryDisk& disk_;
    Devices& devices_;
    const Operator& person_;
    std::function<void(DeviceHost&)> add_clone_;
    base::Rng rng_;
    bool is_stopped_ = false;
    bool has_clone_ = false;
    std::vector<FaultKind> kinds_;
    std::uint32_t evil_manifests_ = 0;
    std::uint32_t evil_policies_ = 0;
    std::uint32_t evil_chunks_ = 0;
};

}  // namespace frugal::simulation
