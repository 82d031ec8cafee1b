// SPDX-License-Identifier: Apache-2.0
// Makes a revocation true in the world (deploy/README.md): writes the list where the broker reads
// it and asks the broker to reload, both at once; then takes over the device's session so that its
// connection closes, and holds it until it is certain that the device cannot come back. Loop thread
// only, one session after the other.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "app/site_files.hpp"
#include "base/result.hpp"
#include "core/effect.hpp"
#include "crypto/site_authority.hpp"
#include "net/mqtt_link.hpp"

namespace boost::asio {
class io_context;
}

namespace frugal::app {

struct RevocationSettings {
    std::string broker_pid_file;  ///< signalled with SIGHUP; empty: somebody watches the stamp
    net::MqttSettings broker;     ///< the gateway's own way to the broker
    bool can_take_over = true;    ///< false for a remote broker: client ids are tied to names
    base::Duration hold = std::chrono::seconds(3);
    int attempts_max = 10;
};

class Revocation {
public:
    using Handler = std::function<void(base::Result<void>)>;

    /// Loop, site and authority must outlive it.
    Revocation(boost::asio::io_context& loop, SiteFiles files,
               const crypto::SiteAuthority& authority, RevocationSettings settings);
    ~Revocation();
    Revocation(const Revocation&) = delete;
    Revocation& operator=(const Revocation&) = delete;

    /// Writes the list now and queues the take-over; the handler is called once, later, unless this
    /// object goes first.
    void publish(core::PublishRevocations request, Handler handler);

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace frugal::app
