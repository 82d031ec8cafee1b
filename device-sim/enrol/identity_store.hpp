// SPDX-License-Identifier: Apache-2.0
// Certificates and keys of the swarm's devices on disk, so that a restarted swarm is the same
// fleet. One folder a device in the state directory; keys are readable by the owner only.
#pragma once

#include <filesystem>
#include <optional>

#include "device-sim/net/identity.hpp"
#include "device-sim/support/result.hpp"

namespace frugal::swarm {

class IdentityStore {
public:
    explicit IdentityStore(std::filesystem::path directory) : directory_(std::move(directory)) {}

    /// The folder of one device; it exists after save().
    std::filesystem::path folder(const std::string& device) const { return directory_ / device; }

    /// Absent if the device never enrolled or its certificate file is incomplete.
    std::optional<Identity> load(const std::string& device) const;
    Result<void> save(const std::string& device, const Identity& identity) const;

private:
    std::filesystem::path directory_;
};

}  // namespace frugal::swarm
