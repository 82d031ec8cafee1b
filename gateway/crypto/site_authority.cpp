// SPDX-License-Identifier: Apache-2.0
#include "crypto/site_authority.hpp"

#include <arpa/inet.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "base/assert.hpp"
#include "crypto/certificate_request_state.hpp"
#include "crypto/private_file.hpp"
#include "crypto/random.hpp"
#include "crypto/site_authority_state.hpp"

namespace frugal::crypto {

namespace {

using base::ErrorKind;
using base::Result;
using ExtensionHandle = std::unique_ptr<X509_EXTENSION, Releaser<X509_EXTENSION_free>>;

constexpr std::int64_t kDayMs = 24ll * 3600 * 1000;
constexpr std::size_t kFileLimit = 16 * 1024;

struct Extension {
    int nid;
    std::string value;
};

struct Leaf {
    std::string common_name;
    EVP_PKEY* key;
    std::vector<Extension> extensions;
};

SerialNumber random_serial() {
    SerialNumber serial;
    random_bytes(serial.bytes);
    serial.bytes[0] = static_cast<std::uint8_t>((serial.bytes[0] & 0x7f) | 0x40);
    return serial;
}

bool add_extension(X509* certificate, X509* issuer, const Extension& extension) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const ExtensionHandle made(
        X509V3_EXT_nconf_nid(nullptr, &context, extension.nid, extension.value.c_str()));
    return made && X509_add_ext(certificate, made.get(), -1) == 1;
}

bool set_frame(X509* certificate, base::WallTime not_before, base::WallTime not_after) {
    return X509_set_version(certificate, X509_VERSION_3) == 1 &&
           X509_set_serialNumber(certificate, to_asn1_integer(random_serial()).get()) == 1 &&
           X509_set1_notBefore(certificate, to_asn1_time(not_before).get()) == 1 &&
           X509_set1_notAfter(certificate, to_asn1_time(not_after).get()) == 1;
}

bool is_dns_name(std::string_view name) {
    return !name.empty() && name.size() <= 253 && name.front() != '.' && name.front() != '-' &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '.';
           });
}

bool is_ip_address(const std::string& name) {
    unsigned char bytes[sizeof(in6_addr)];
    return inet_pton(AF_INET, name.c_str(), bytes) == 1 ||
           inet_pton(AF_INET6, name.c_str(), bytes) == 1;
}

/// "DNS:localhost,IP:127.0.0.1,...": only checked names get in, the syntax has separators.
Result<std::string> alternative_names(std::span<const std::string> names) {
    std::string list = "DNS:localhost,IP:127.0.0.1,IP:::1";
    for (const std::string& name : names) {
        const bool is_ip = is_ip_address(name);
        if (!is_ip && !is_dns_name(name)) {
            return base::fail(ErrorKind::kInvalidInput,
                              "server name \"" + name + "\" is neither a DNS name nor an address",
                              "letters, digits, dots and dashes only", "correct http.names");
        }
        list += (is_ip ? ",IP:" : ",DNS:") + name;
    }
    return list;
}

std::vector<Extension> leaf_extensions(const char* usage) {
    return {{NID_basic_constraints, "critical,CA:FALSE"},
            {NID_key_usage, "critical,digitalSignature"},
            {NID_ext_key_usage, usage},
            {NID_subject_key_identifier, "hash"},
            {NID_authority_key_identifier, "keyid"}};
}

Result<Certificate> issue(X509* root, EVP_PKEY* root_key, const Leaf& leaf, base::WallTime now) {
    CertificateHandle x509(X509_new());
    const base::WallTime not_before{now.unix_ms - kBackdateDays * kDayMs};
    const base::WallTime not_after{std::min(now.unix_ms + kLeafValidityDays * kDayMs,
                                            from_asn1_time(X509_get0_notAfter(root)).unix_ms)};
    bool is_good = x509 && set_frame(x509.get(), not_before, not_after) &&
                   set_common_name(X509_get_subject_name(x509.get()), leaf.common_name) &&
                   X509_set_issuer_name(x509.get(), X509_get_subject_name(root)) == 1 &&
                   X509_set_pubkey(x509.get(), leaf.key) == 1;
    for (const Extension& extension : leaf.extensions) {
        is_good = is_good && add_extension(x509.get(), root, extension);
    }
    if (!is_good || X509_sign(x509.get(), root_key, EVP_sha256()) <= 0) {
        return openssl_failure("no certificate could be issued for " + leaf.common_name);
    }
    return describe(x509.get());
}

Result<KeyAndCertificate> issue_with_key(X509* root, EVP_PKEY* root_key, Leaf leaf,
                                         base::WallTime now) {
    auto key = generate_p256();
    if (!key) {
        return tl::unexpected(key.error());
    }
    leaf.key = key->get();
    auto certificate = issue(root, root_key, leaf, now);
    auto pem = private_key_pem(key->get());
    if (!certificate || !pem) {
        return tl::unexpected(certificate ? pem.error() : certificate.error());
    }
    return KeyAndCertificate{std::move(*pem), std::move(*certificate)};
}

}  // namespace

SiteAuthority::SiteAuthority(std::unique_ptr<State> state, Certificate root)
    : state_(std::move(state)), root_(std::move(root)) {}
SiteAuthority::~SiteAuthority() = default;
SiteAuthority::SiteAuthority(SiteAuthority&&) noexcept = default;
SiteAuthority& SiteAuthority::operator=(SiteAuthority&&) noexcept = default;

Result<SiteAuthority> SiteAuthority::create(const base::SiteId& site, base::WallTime now) {
    auto key = generate_p256();
    if (!key) {
        return tl::unexpected(key.error());
    }
    CertificateHandle root(X509_new());
    const base::WallTime not_before{now.unix_ms - kBackdateDays * kDayMs};
    const base::WallTime not_after{now.unix_ms + kAuthorityValidityDays * kDayMs};
    const std::string suffix = site.text().substr(0, 52);  // a common name has at most 64
    const bool is_good =
        root && set_frame(root.get(), not_before, not_after) &&
        set_common_name(X509_get_subject_name(root.get()), "frugal site " + suffix) &&
        X509_set_issuer_name(root.get(), X509_get_subject_name(root.get())) == 1 &&
        X509_set_pubkey(root.get(), key->get()) == 1 &&
        add_extension(root.get(), root.get(),
                      {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"}) &&
        add_extension(root.get(), root.get(), {NID_key_usage, "critical,keyCertSign,cRLSign"}) &&
        add_extension(root.get(), root.get(), {NID_subject_key_identifier, "hash"}) &&
        X509_sign(root.get(), key->get(), EVP_sha256()) > 0;
    if (!is_good) {
        return openssl_failure("the site authority could not be made");
    }
    auto description = describe(root.get());
    if (!description) {
        return tl::unexpected(description.error());
    }
    return SiteAuthority(std::make_unique<State>(State{std::move(*key), std::move(root)}),
                         std::move(*description));
}

Result<SiteAuthority> SiteAuthority::load(const std::filesystem::path& directory) {
    const auto key_pem = read_private_file(directory / "ca.key", kFileLimit);
    const auto root_pem = read_file(directory / "ca.crt", kFileLimit);
    if (!key_pem || !root_pem) {
        return base::fail(key_pem ? root_pem.error() : key_pem.error(), "site authority");
    }
    auto key = read_private_key(*key_pem);
    auto root = read_x509(*root_pem);
    if (!key || !root) {
        return base::fail(key ? root.error() : key.error(), directory.string());
    }
    if (X509_check_private_key(root->get(), key->get()) != 1) {
        return openssl_failure("ca.key and ca.crt in " + directory.string() + " do not match",
                               ErrorKind::kInvalidInput, "restore both from the same backup");
    }
    auto description = describe(root->get());
    if (!description) {
        return base::fail(description.error(), directory.string());
    }
    return SiteAuthority(std::make_unique<State>(State{std::move(*key), std::move(*root)}),
                         std::move(*description));
}

Result<void> SiteAuthority::save(const std::filesystem::path& directory) const {
    const auto pem = private_key_pem(state_->key.get());
    if (!pem) {
        return tl::unexpected(pem.error());
    }
    const auto saved =
        write_file(directory / "ca.key", base::as_bytes(*pem), FileAccess::kOwnerOnly);
    if (!saved) {
        return saved;
    }
    return write_file(directory / "ca.crt", base::as_bytes(root_.pem), FileAccess::kReadable);
}

Result<KeyAndCertificate> SiteAuthority::issue_server(std::span<const std::string> names,
                                                      base::WallTime now) const {
    const auto list = alternative_names(names);
    if (!list) {
        return tl::unexpected(list.error());
    }
    Leaf leaf{"localhost", nullptr, leaf_extensions("serverAuth")};
    leaf.extensions.push_back({NID_subject_alt_name, *list});
    return issue_with_key(state_->root.get(), state_->key.get(), std::move(leaf), now);
}

Result<KeyAndCertificate> SiteAuthority::issue_gateway_client(base::WallTime now) const {
    Leaf leaf{"gateway", nullptr, leaf_extensions("clientAuth")};
    return issue_with_key(state_->root.get(), state_->key.get(), std::move(leaf), now);
}

Result<Certificate> SiteAuthority::issue_device(const CertificateRequest& request,
                                                const base::DeviceId& device,
                                                base::WallTime now) const {
    if (request.device() != device) {
        return base::fail(
            ErrorKind::kInvalidInput,
            "the request is for " + request.device().text() + ", not for " + device.text(),
            "the common name must be the enrolled device's id",
            "make the request with -subj /CN=" + device.text());
    }
    if (device.text() == "gateway" || device.text() == "all") {
        return base::fail(ErrorKind::kInvalidInput, "no device may be called " + device.text(),
                          "the name is reserved for the site's own use", "choose another id");
    }
    const Leaf leaf{device.text(), X509_REQ_get0_pubkey(request.state_->request.get()),
                    leaf_extensions("clientAuth")};
    return issue(state_->root.get(), state_->key.get(), leaf, now);
}

}  // namespace frugal::crypto
