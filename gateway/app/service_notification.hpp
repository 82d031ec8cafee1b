// SPDX-License-Identifier: Apache-2.0
// Tells systemd how the service is: READY, STATUS, WATCHDOG, STOPPING (sd_notify(3) protocol, one
// datagram to the socket in NOTIFY_SOCKET). Owned by main; loop thread. Does nothing outside
// systemd.
#pragma once

#include <optional>
#include <string>

#include "base/time.hpp"

namespace frugal::app {

class ServiceNotification {
public:
    /// Reads NOTIFY_SOCKET and WATCHDOG_USEC from the environment.
    ServiceNotification();

    void ready() const { send("READY=1"); }
    void stopping() const { send("STOPPING=1"); }
    void status(const std::string& line) const { send("STATUS=" + line); }
    void watchdog() const { send("WATCHDOG=1"); }

    /// How often watchdog() must be called; absent if the service has none. Half the limit.
    std::optional<base::Duration> watchdog_interval() const { return watchdog_interval_; }

private:
    void send(const std::string& state) const;

    std::string socket_path_;
    std::optional<base::Duration> watchdog_interval_;
};

}  // namespace frugal::app
