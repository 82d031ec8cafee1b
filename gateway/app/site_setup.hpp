// SPDX-License-Identifier: Apache-2.0
// Makes a new site below one directory: authority, release and policy keys, certificates, an empty
// revocation list, the broker's configuration, the daemon's, and a first start link. Called by
// `frugalctl setup` only; refuses to touch a directory that already holds a site.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace frugal::app {

struct SiteChoices {
    std::filesystem::path directory;
    std::string name = "site-1";
    std::string mqtt_address = "127.0.0.1";  ///< where devices connect
    std::uint16_t mqtt_port = 8883;
    std::string mqtt_socket;  ///< empty: DIRECTORY/run/mqtt.sock
    std::string http_listen = "127.0.0.1:8443";
    std::string http_socket;         ///< empty: DIRECTORY/run/api.sock
    std::string broker_user;         ///< empty: whoever runs the set-up
    bool signals_broker = true;      ///< false under systemd, where a path unit reloads it
    std::vector<std::string> names;  ///< further names of this machine in certificates
};

struct SiteMade {
    std::filesystem::path config;
    std::filesystem::path broker_config;
    std::string start_url;  ///< opens the page once, as admin; its code is in the fragment
};

/// kConflict if there is a site already; kInvalidInput for a bad name or a socket path longer than
/// the system takes; kStorage, kDenied for files.
base::Result<SiteMade> make_site(const SiteChoices& choices, base::WallTime now);

}  // namespace frugal::app
