// SPDX-License-Identifier: Apache-2.0
#include "crypto/site_authority.hpp"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <memory>

#include "crypto/device_identity.hpp"
#include "crypto/private_file.hpp"
#include "support/temporary_directory.hpp"

namespace frugal::crypto {
namespace {

using base::ErrorKind;
using tests::TemporaryDirectory;

constexpr base::WallTime kNow{1'800'000'000'000};
constexpr std::int64_t kDayMs = 24ll * 3600 * 1000;
const base::SiteId kSite = base::SiteId::parse("plant-7").value();
const base::DeviceId kDevice = base::DeviceId::parse("sensor-7").value();

template <typename T>
using Owned = std::unique_ptr<T, void (*)(T*)>;

Owned<X509> parsed(const std::string& pem) {
    const Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free_all);
    return {PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free};
}

/// X509_V_OK, or why a peer at that time, with that list (may be empty), refuses the certificate.
int verdict(const std::string& root_pem, const std::string& leaf_pem, base::WallTime at,
            int purpose, const std::string& list_pem = {}) {
    const auto root = parsed(root_pem);
    const auto leaf = parsed(leaf_pem);
    const Owned<X509_STORE> store(X509_STORE_new(), X509_STORE_free);
    X509_STORE_add_cert(store.get(), root.get());
    X509_VERIFY_PARAM* parameters = X509_STORE_get0_param(store.get());
    X509_VERIFY_PARAM_set_time(parameters, static_cast<std::time_t>(at.unix_ms / 1000));
    X509_VERIFY_PARAM_set_purpose(parameters, purpose);
    if (!list_pem.empty()) {
        const Owned<BIO> bio(BIO_new_mem_buf(list_pem.data(), static_cast<int>(list_pem.size())),
                             BIO_free_all);
        const Owned<X509_CRL> list(PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr),
                                   X509_CRL_free);
        X509_STORE_add_crl(store.get(), list.get());
        X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_CRL_CHECK);
    }
    const Owned<X509_STORE_CTX> context(X509_STORE_CTX_new(), X509_STORE_CTX_free);
    X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), nullptr);
    X509_verify_cert(context.get());
    ERR_clear_error();
    return X509_STORE_CTX_get_error(context.get());
}

class SiteAuthorityTest : public ::testing::Test {
protected:
    SiteAuthority authority_ = SiteAuthority::create(kSite, kNow).value();

    Certificate device(const base::DeviceId& id = kDevice) const {
        const auto identity = make_device_identity(id.text()).value();
        const auto request = CertificateRequest::verify(identity.request_der).value();
        return authority_.issue_device(request, id, kNow).value();
    }
};

TEST_F(SiteAuthorityTest, issues_device_certificates_that_clients_may_use_and_servers_not) {
    const Certificate certificate = device();
    EXPECT_EQ(certificate.common_name, "sensor-7");
    EXPECT_EQ(certificate.not_before.unix_ms, kNow.unix_ms - kDayMs);
    EXPECT_EQ(certificate.not_after.unix_ms, kNow.unix_ms + 365 * kDayMs);
    const std::string root = authority_.root().pem;
    EXPECT_EQ(verdict(root, certificate.pem, kNow, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
    EXPECT_EQ(verdict(root, certificate.pem, kNow, X509_PURPOSE_SSL_SERVER),
              X509_V_ERR_INVALID_PURPOSE);
}

TEST_F(SiteAuthorityTest, certificates_hold_from_a_day_before_for_a_year) {
    const Certificate certificate = device();
    const std::string root = authority_.root().pem;
    struct Case {
        const char* case_name;
        std::int64_t offset_ms;
        int expected;
    };
    for (const Case& c : {Case{"two days before", -2 * kDayMs, X509_V_ERR_CERT_NOT_YET_VALID},
                          Case{"an hour before", -3600 * 1000, X509_V_OK},
                          Case{"after 364 days", 364 * kDayMs, X509_V_OK},
                          Case{"after 366 days", 366 * kDayMs, X509_V_ERR_CERT_HAS_EXPIRED}}) {
        SCOPED_TRACE(c.case_name);
        const base::WallTime at{kNow.unix_ms + c.offset_ms};
        EXPECT_EQ(verdict(root, certificate.pem, at, X509_PURPOSE_SSL_CLIENT), c.expected);
    }
}

TEST_F(SiteAuthorityTest, refuses_a_request_for_another_device_and_reserved_names) {
    const auto identity = make_device_identity("sensor-8").value();
    const auto request = CertificateRequest::verify(identity.request_der).value();
    const auto wrong = authority_.issue_device(request, kDevice, kNow);
    ASSERT_FALSE(wrong);
    // Not kDenied: the code was right by then, so the device may be told what is wrong.
    EXPECT_EQ(wrong.error().kind, ErrorKind::kInvalidInput);
    EXPECT_EQ(wrong.error().message, "the request is for sensor-8, not for sensor-7");
    EXPECT_FALSE(wrong.error().cause.empty());
    EXPECT_FALSE(wrong.error().remedy.empty());
    for (const char* name : {"gateway", "all"}) {
        const auto reserved = make_device_identity(name).value();
        const auto result =
            authority_.issue_device(CertificateRequest::verify(reserved.request_der).value(),
                                    base::DeviceId::parse(name).value(), kNow);
        EXPECT_FALSE(result) << name;
    }
}

TEST_F(SiteAuthorityTest, certificates_of_another_authority_do_not_verify) {
    const auto stranger = SiteAuthority::create(kSite, kNow).value();
    EXPECT_NE(verdict(stranger.root().pem, device().pem, kNow, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
}

TEST_F(SiteAuthorityTest, device_certificates_cannot_sign_others) {
    const auto leaf = parsed(device().pem);
    EXPECT_EQ(X509_check_ca(leaf.get()), 0);
    EXPECT_EQ(X509_check_ca(parsed(authority_.root().pem).get()), 1);
}

TEST_F(SiteAuthorityTest, server_certificates_hold_the_names_clients_dial) {
    const std::vector<std::string> names{"pi.local", "192.0.2.7"};
    const auto server = authority_.issue_server(names, kNow).value();
    const auto leaf = parsed(server.certificate.pem);
    for (const char* name : {"localhost", "pi.local"}) {
        EXPECT_EQ(X509_check_host(leaf.get(), name, 0, 0, nullptr), 1) << name;
    }
    for (const char* address : {"127.0.0.1", "192.0.2.7", "::1"}) {
        EXPECT_EQ(X509_check_ip_asc(leaf.get(), address, 0), 1) << address;
    }
    EXPECT_EQ(X509_check_host(leaf.get(), "example.org", 0, 0, nullptr), 0);
    EXPECT_EQ(verdict(authority_.root().pem, server.certificate.pem, kNow, X509_PURPOSE_SSL_SERVER),
              X509_V_OK);
    for (const char* name : {"", "*.local", "a,DNS:evil", "a b", "-x"}) {
        const std::vector<std::string> odd{name};
        EXPECT_FALSE(authority_.issue_server(odd, kNow)) << name;
    }
}

TEST_F(SiteAuthorityTest, gateway_client_certificate_is_named_gateway) {
    const auto client = authority_.issue_gateway_client(kNow).value();
    EXPECT_EQ(client.certificate.common_name, "gateway");
    EXPECT_NE(client.key_pem.find("BEGIN PRIVATE KEY"), std::string::npos);
}

TEST_F(SiteAuthorityTest, serial_numbers_are_random_positive_and_sixteen_bytes) {
    const Certificate first = device();
    const Certificate second = device();
    EXPECT_NE(first.serial, second.serial);
    EXPECT_EQ(first.serial.bytes[0] & 0xc0, 0x40);
    EXPECT_EQ(read_certificate(first.pem).value().serial, first.serial);
    EXPECT_EQ(read_certificate(first.pem).value().fingerprint, first.fingerprint);
}

TEST_F(SiteAuthorityTest, revocation_list_names_the_revoked_at_any_clock) {
    const Certificate good = device();
    const Certificate bad = device();
    const std::vector<RevokedSerial> revoked{{bad.serial, kNow}};
    const std::string list = authority_.make_revocation_list(revoked, 1).value();
    const std::string root = authority_.root().pem;
    EXPECT_EQ(is_revoked(list, root, bad.serial), true);
    EXPECT_EQ(is_revoked(list, root, good.serial), false);
    for (const std::int64_t days : {0, 300}) {
        const base::WallTime at{kNow.unix_ms + days * kDayMs};
        EXPECT_EQ(verdict(root, good.pem, at, X509_PURPOSE_SSL_CLIENT, list), X509_V_OK);
        EXPECT_EQ(verdict(root, bad.pem, at, X509_PURPOSE_SSL_CLIENT, list),
                  X509_V_ERR_CERT_REVOKED);
    }
}

TEST_F(SiteAuthorityTest, empty_revocation_list_accepts_everybody) {
    const std::string list = authority_.make_revocation_list({}, 1).value();
    EXPECT_EQ(verdict(authority_.root().pem, device().pem, kNow, X509_PURPOSE_SSL_CLIENT, list),
              X509_V_OK);
}

TEST_F(SiteAuthorityTest, revocation_list_of_another_authority_or_torn_is_refused) {
    const Certificate bad = device();
    const std::string list = authority_.make_revocation_list({}, 1).value();
    const auto stranger = SiteAuthority::create(kSite, kNow).value();
    EXPECT_EQ(is_revoked(list, stranger.root().pem, bad.serial).error().kind, ErrorKind::kDenied);
    EXPECT_EQ(
        is_revoked(list.substr(0, list.size() / 2), authority_.root().pem, bad.serial).error().kind,
        ErrorKind::kInvalidInput);
}

TEST_F(SiteAuthorityTest, enrolment_response_is_pkcs7_with_just_the_certificate) {
    const Certificate certificate = device();
    const base::Bytes der = authority_.enrolment_response(certificate).value();
    const unsigned char* cursor = der.data();
    const Owned<PKCS7> message(d2i_PKCS7(nullptr, &cursor, static_cast<long>(der.size())),
                               PKCS7_free);
    ASSERT_TRUE(message);
    ASSERT_TRUE(PKCS7_type_is_signed(message.get()));
    const STACK_OF(X509)* certificates = message->d.sign->cert;
    ASSERT_EQ(sk_X509_num(certificates), 1);
    const auto expected = parsed(certificate.pem);
    EXPECT_EQ(X509_cmp(sk_X509_value(certificates, 0), expected.get()), 0);
    EXPECT_TRUE(authority_.root_response());
}

TEST_F(SiteAuthorityTest, survives_its_files_and_refuses_a_mismatched_pair) {
    const TemporaryDirectory directory;
    ASSERT_TRUE(authority_.save(directory.path()));
    const auto loaded = SiteAuthority::load(directory.path());
    ASSERT_TRUE(loaded) << loaded.error().describe();
    EXPECT_EQ(loaded->root().fingerprint, authority_.root().fingerprint);

    const auto stranger = SiteAuthority::create(kSite, kNow).value();
    ASSERT_TRUE(write_file(directory.path() / "ca.crt", base::as_bytes(stranger.root().pem),
                           FileAccess::kReadable));
    EXPECT_EQ(SiteAuthority::load(directory.path()).error().kind, ErrorKind::kInvalidInput);

    std::filesystem::permissions(directory.path() / "ca.key", std::filesystem::perms::others_read,
                                 std::filesystem::perm_options::add);
    EXPECT_EQ(SiteAuthority::load(directory.path()).error().kind, ErrorKind::kDenied);
}

}  // namespace
}  // namespace frugal::crypto
