// SPDX-License-Identifier: Apache-2.0
// The certificate authority of one site: a self-signed P-256 root that issues the server, the
// gateway's client and the device certificates, and the revocation list. Owned by whoever composes
// the process; const members may be called from any thread. Keeps no list of what it issued (that
// is the database's), reads no clock (wall time is an argument and only labels validity).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/certificate.hpp"
#include "crypto/certificate_request.hpp"

namespace frugal::crypto {

inline constexpr int kAuthorityValidityDays = 3650;
inline constexpr int kLeafValidityDays = 365;
inline constexpr int kBackdateDays = 1;  ///< clocks of devices without a battery run behind

struct RevokedSerial {
    SerialNumber serial;
    base::WallTime revoked_at;
};

class SiteAuthority {
public:
    /// Makes a new root named "frugal site <id>". kInternal only if OpenSSL fails.
    static base::Result<SiteAuthority> create(const base::SiteId& site, base::WallTime now);

    /// Reads ca.key (owner only) and ca.crt. kNotFound, kDenied, kInvalidInput if they do not
    /// match.
    static base::Result<SiteAuthority> load(const std::filesystem::path& directory);

    /// Writes ca.key (0600) and ca.crt (0644) into an existing directory. kStorage, kDenied.
    base::Result<void> save(const std::filesystem::path& directory) const;

    ~SiteAuthority();
    SiteAuthority(SiteAuthority&&) noexcept;
    SiteAuthority& operator=(SiteAuthority&&) noexcept;

    const Certificate& root() const { return root_; }

    /// A server certificate whose names are localhost, 127.0.0.1, ::1 and the given DNS names or
    /// IP addresses. kInvalidInput for a name that is neither.
    base::Result<KeyAndCertificate> issue_server(std::span<const std::string> names,
                                                 base::WallTime now) const;

    /// The gateway's own client certificate for the broker; its common name is "gateway".
    base::Result<KeyAndCertificate> issue_gateway_client(base::WallTime now) const;

    /// A device's certificate. kInvalidInput if the request names another device than `device`, or
    /// if the id is reserved ("all" is a topic, "gateway" the gateway's own name).
    base::Result<Certificate> issue_device(const CertificateRequest& request,
                                           const base::DeviceId& device, base::WallTime now) const;

    /// A complete revocation list (PEM), valid from 1970 to 9999: nobody fetches it, it is replaced
    /// at every change, and one that is expired or not yet valid would lock the whole fleet out.
    /// `number` must rise from list to list.
    base::Result<std::string> make_revocation_list(std::span<const RevokedSerial> revoked,
                                                   std::uint64_t number) const;

    /// PKCS#7 certs-only (DER) with this certificate: the body of an EST simpleenroll response
    /// before base64.
    base::Result<base::Bytes> enrolment_response(const Certificate& certificate) const;

    /// PKCS#7 certs-only (DER) with the root: the body of EST cacerts before base64.
    base::Result<base::Bytes> root_response() const;

private:
    struct State;
    SiteAuthority(std::unique_ptr<State> state, Certificate root);
    std::unique_ptr<State> state_;
    Certificate root_;
};

/// True if the list (PEM) is signed by the root (PEM) and names the serial. kInvalidInput, kDenied.
base::Result<bool> is_revoked(std::string_view list_pem, std::string_view root_pem,
                              const SerialNumber& serial);

}  // namespace frugal::crypto
