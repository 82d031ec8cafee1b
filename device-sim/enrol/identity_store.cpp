// SPDX-License-Identifier: Apache-2.0
#include "device-sim/enrol/identity_store.hpp"

#include "device-sim/support/file.hpp"

namespace frugal::swarm {
namespace {

constexpr const char* kKeyFile = "key.der";
constexpr const char* kCertificateFile = "certificate.der";

}  // namespace

std::optional<Identity> IdentityStore::load(const std::string& device) const {
    auto certificate = read_file(folder(device) / kCertificateFile);
    auto key = read_file(folder(device) / kKeyFile);
    if (!certificate || !key || certificate->empty() || key->empty()) {
        return std::nullopt;
    }
    return Identity{std::move(*certificate), std::move(*key)};
}

Result<void> IdentityStore::save(const std::string& device, const Identity& identity) const {
    if (auto made = make_directory(folder(device)); !made) {
        return made;
    }
    auto saved =
        replace_file(folder(device) / kKeyFile, identity.private_key_der, FileSecrecy::kOwnerOnly);
    if (!saved) {
        return saved;
    }
    return replace_file(folder(device) / kCertificateFile, identity.certificate_der);
}

}  // namespace frugal::swarm
