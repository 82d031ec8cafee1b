// SPDX-License-Identifier: Apache-2.0
// Where everything of a site lives below its directory. Pure: names paths, touches nothing.
#pragma once

#include <filesystem>
#include <utility>

namespace frugal::app {

class SiteFiles {
public:
    explicit SiteFiles(std::filesystem::path root) : root_(std::move(root)) {}

    const std::filesystem::path& root() const { return root_; }
    std::filesystem::path config() const { return root_ / "frugal.toml"; }
    std::filesystem::path database() const { return root_ / "frugal.db"; }
    std::filesystem::path authority() const { return root_ / "ca"; }
    std::filesystem::path release_key() const { return root_ / "release.key"; }
    std::filesystem::path release_public_key() const { return root_ / "release.pub"; }
    std::filesystem::path policy_key() const { return root_ / "policy.key"; }
    std::filesystem::path policy_public_key() const { return root_ / "policy.pub"; }
    std::filesystem::path tokens() const { return root_ / "tokens"; }
    std::filesystem::path start_code() const { return root_ / "start.code"; }
    std::filesystem::path http_certificate() const { return root_ / "http" / "server.pem"; }
    std::filesystem::path http_key() const { return root_ / "http" / "server.key"; }
    std::filesystem::path gateway_certificate() const { return root_ / "gateway" / "client.pem"; }
    std::filesystem::path gateway_key() const { return root_ / "gateway" / "client.key"; }

    /// What the broker reads (deploy/README.md).
    std::filesystem::path broker() const { return root_ / "broker"; }
    std::filesystem::path broker_config() const { return broker() / "frugal.conf"; }
    std::filesystem::path broker_root_certificate() const { return broker() / "ca.pem"; }
    std::filesystem::path revocation_list() const { return broker() / "revoked.crl"; }
    std::filesystem::path revocation_number() const { return root_ / "revocation.number"; }
    std::filesystem::path reload_stamp() const { return broker() / "reload"; }

private:
    std::filesystem::path root_;
};

}  // namespace frugal::app
