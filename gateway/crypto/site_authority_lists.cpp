// SPDX-License-Identifier: Apache-2.0
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>

#include "base/assert.hpp"
#include "crypto/site_authority_state.hpp"

namespace frugal::crypto {

namespace {

using base::ErrorKind;
using base::Result;
using RevokedHandle = std::unique_ptr<X509_REVOKED, Releaser<X509_REVOKED_free>>;
using ExtensionHandle = std::unique_ptr<X509_EXTENSION, Releaser<X509_EXTENSION_free>>;

constexpr const char* kFirstMoment = "19700101000000Z";
constexpr const char* kLastMoment = "99991231235959Z";

bool add_revoked(X509_CRL* list, const RevokedSerial& entry) {
    RevokedHandle revoked(X509_REVOKED_new());
    if (!revoked ||
        X509_REVOKED_set_serialNumber(revoked.get(), to_asn1_integer(entry.serial).get()) != 1 ||
        X509_REVOKED_set_revocationDate(revoked.get(), to_asn1_time(entry.revoked_at).get()) != 1 ||
        X509_CRL_add0_revoked(list, revoked.get()) != 1) {
        return false;
    }
    (void)revoked.release();  // the list owns it now
    return true;
}

TimeHandle fixed_time(const char* text) {
    TimeHandle time(ASN1_TIME_new());
    FRUGAL_ASSERT(time && ASN1_TIME_set_string_X509(time.get(), text) == 1);
    return time;
}

bool set_frame(X509_CRL* list, X509* root, std::uint64_t number) {
    const IntegerHandle integer(ASN1_INTEGER_new());
    X509V3_CTX context;
    X509V3_set_ctx(&context, root, nullptr, nullptr, list, 0);
    const ExtensionHandle key_id(
        X509V3_EXT_nconf_nid(nullptr, &context, NID_authority_key_identifier, "keyid"));
    return integer && key_id && X509_CRL_set_version(list, X509_CRL_VERSION_2) == 1 &&
           X509_CRL_set_issuer_name(list, X509_get_subject_name(root)) == 1 &&
           X509_CRL_set1_lastUpdate(list, fixed_time(kFirstMoment).get()) == 1 &&
           X509_CRL_set1_nextUpdate(list, fixed_time(kLastMoment).get()) == 1 &&
           X509_CRL_add_ext(list, key_id.get(), -1) == 1 &&
           ASN1_INTEGER_set_uint64(integer.get(), number) == 1 &&
           X509_CRL_add1_ext_i2d(list, NID_crl_number, integer.get(), 0, 0) == 1;
}

/// A degenerate SignedData: certificates and nothing signed (RFC 5652, section 5.2).
Result<base::Bytes> certificates_only(base::ByteView der) {
    const unsigned char* cursor = der.data();
    CertificateHandle certificate(d2i_X509(nullptr, &cursor, static_cast<long>(der.size())));
    Pkcs7Handle message(PKCS7_new());
    if (!certificate || !message || PKCS7_set_type(message.get(), NID_pkcs7_signed) != 1 ||
        PKCS7_content_new(message.get(), NID_pkcs7_data) != 1 ||
        PKCS7_add_certificate(message.get(), certificate.get()) != 1) {
        return openssl_failure("the certificate could not be packed as PKCS#7");
    }
    PKCS7_set_detached(message.get(), 1);
    unsigned char* bytes = nullptr;
    const int size = i2d_PKCS7(message.get(), &bytes);
    if (size <= 0) {
        return openssl_failure("the certificate could not be packed as PKCS#7");
    }
    base::Bytes result(bytes, bytes + size);
    OPENSSL_free(bytes);
    return result;
}

}  // namespace

Result<std::string> SiteAuthority::make_revocation_list(std::span<const RevokedSerial> revoked,
                                                        std::uint64_t number) const {
    RevocationHandle list(X509_CRL_new());
    bool is_good = list && set_frame(list.get(), state_->root.get(), number);
    for (const RevokedSerial& entry : revoked) {
        is_good = is_good && add_revoked(list.get(), entry);
    }
    BioHandle bio = writing();
    if (!is_good || X509_CRL_sort(list.get()) != 1 ||
        X509_CRL_sign(list.get(), state_->key.get(), EVP_sha256()) <= 0 ||
        PEM_write_bio_X509_CRL(bio.get(), list.get()) != 1) {
        return openssl_failure("the revocation list could not be made");
    }
    return written(bio);
}

Result<base::Bytes> SiteAuthority::enrolment_response(const Certificate& certificate) const {
    return certificates_only(certificate.der);
}

Result<base::Bytes> SiteAuthority::root_response() const {
    return certificates_only(root_.der);
}

Result<bool> is_revoked(std::string_view list_pem, std::string_view root_pem,
                        const SerialNumber& serial) {
    BioHandle bio = reading(list_pem);
    const RevocationHandle list(PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr));
    if (!list) {
        return openssl_failure("not a revocation list in PEM form", ErrorKind::kInvalidInput);
    }
    const auto root = read_x509(root_pem);
    if (!root) {
        return tl::unexpected(root.error());
    }
    if (X509_CRL_verify(list.get(), X509_get0_pubkey(root->get())) != 1) {
        return openssl_failure("the revocation list is not signed by this authority",
                               ErrorKind::kDenied);
    }
    X509_REVOKED* entry = nullptr;
    return X509_CRL_get0_by_serial(list.get(), &entry, to_asn1_integer(serial).get()) == 1;
}

}  // namespace frugal::crypto
