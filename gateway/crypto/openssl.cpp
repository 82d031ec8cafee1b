// SPDX-License-Identifier: Apache-2.0
#include "crypto/openssl.hpp"

#include <openssl/asn1.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "base/assert.hpp"
#include "crypto/sha256.hpp"

namespace frugal::crypto {

namespace {

using base::ErrorKind;

int refuse_passphrase(char*, int, int, void*) {
    return -1;
}

base::Result<SerialNumber> read_serial(const ASN1_INTEGER* integer) {
    SerialNumber serial;
    const int length = ASN1_STRING_length(integer);
    if (length < 1 || length > static_cast<int>(serial.bytes.size())) {
        return base::fail(ErrorKind::kUnsupported,
                          "certificate serial number has " + std::to_string(length) + " bytes",
                          "at most 16 are kept", "use certificates issued by this site");
    }
    const unsigned char* bytes = ASN1_STRING_get0_data(integer);
    std::copy(bytes, bytes + length, serial.bytes.end() - length);
    return serial;
}

}  // namespace

tl::unexpected<base::Error> openssl_failure(std::string message, ErrorKind kind,
                                            std::string remedy) {
    char text[256] = "";
    const unsigned long code = ERR_peek_last_error();
    if (code != 0) {
        const char* reason = ERR_reason_error_string(code);
        std::snprintf(text, sizeof(text), "OpenSSL: %s", reason != nullptr ? reason : "no reason");
    }
    ERR_clear_error();
    return base::fail(kind, std::move(message), text, std::move(remedy));
}

BioHandle reading(std::string_view text) {
    BioHandle bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    FRUGAL_ASSERT(bio);
    return bio;
}

BioHandle writing() {
    BioHandle bio(BIO_new(BIO_s_mem()));
    FRUGAL_ASSERT(bio);
    return bio;
}

std::string written(const BioHandle& bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

base::Result<KeyHandle> generate_p256() {
    KeyHandle key(EVP_EC_gen("P-256"));
    if (!key) {
        return openssl_failure("no P-256 key could be generated");
    }
    return key;
}

base::Result<std::string> private_key_pem(EVP_PKEY* key) {
    BioHandle bio = writing();
    if (PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
        return openssl_failure("the private key could not be encoded");
    }
    return written(bio);
}

base::Result<KeyHandle> read_private_key(std::string_view pem) {
    BioHandle bio = reading(pem);
    KeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_passphrase, nullptr));
    if (!key) {
        return openssl_failure("not a private key in PEM form", ErrorKind::kInvalidInput,
                               "give an unencrypted PKCS#8 key");
    }
    return key;
}

bool is_p256(const EVP_PKEY* key) {
    char group[64] = "";
    std::size_t length = 0;
    return key != nullptr && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
           EVP_PKEY_get_group_name(key, group, sizeof(group), &length) == 1 &&
           std::string_view(group, length) == SN_X9_62_prime256v1;
}

base::Result<Certificate> describe(X509* x509) {
    Certificate certificate;
    unsigned char* der = nullptr;
    const int size = i2d_X509(x509, &der);
    if (size <= 0) {
        return openssl_failure("the certificate could not be encoded");
    }
    certificate.der.assign(der, der + size);
    OPENSSL_free(der);
    BioHandle bio = writing();
    if (PEM_write_bio_X509(bio.get(), x509) != 1) {
        return openssl_failure("the certificate could not be encoded");
    }
    certificate.pem = written(bio);
    auto serial = read_serial(X509_get0_serialNumber(x509));
    if (!serial) {
        return tl::unexpected(serial.error());
    }
    certificate.serial = *serial;
    certificate.common_name = only_common_name(X509_get_subject_name(x509)).value_or("");
    certificate.not_before = from_asn1_time(X509_get0_notBefore(x509));
    certificate.not_after = from_asn1_time(X509_get0_notAfter(x509));
    certificate.fingerprint = sha256(certificate.der);
    return certificate;
}

base::Result<CertificateHandle> read_x509(std::string_view pem) {
    BioHandle bio = reading(pem);
    CertificateHandle x509(PEM_read_bio_X509(bio.get(), nullptr, refuse_passphrase, nullptr));
    if (!x509) {
        return openssl_failure("not a certificate in PEM form", ErrorKind::kInvalidInput);
    }
    return x509;
}

std::optional<std::string> only_common_name(const X509_NAME* name) {
    const int index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (index < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, index) >= 0) {
        return std::nullopt;
    }
    unsigned char* utf8 = nullptr;
    const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index));
    const int length = ASN1_STRING_to_UTF8(&utf8, value);
    if (length < 0) {
        ERR_clear_error();
        return std::nullopt;
    }
    std::string text(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(length));
    OPENSSL_free(utf8);
    if (text.find('\0') != std::string::npos) {
        return std::nullopt;
    }
    return text;
}

bool set_common_name(X509_NAME* name, std::string_view text) {
    return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                      reinterpret_cast<const unsigned char*>(text.data()),
                                      static_cast<int>(text.size()), -1, 0) == 1;
}

TimeHandle to_asn1_time(base::WallTime time) {
    TimeHandle result(ASN1_TIME_new());
    FRUGAL_ASSERT(result);
    FRUGAL_ASSERT(ASN1_TIME_set(result.get(), static_cast<std::time_t>(time.unix_ms / 1000)));
    return result;
}

base::WallTime from_asn1_time(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) {
        ERR_clear_error();
        return {};
    }
    return {static_cast<std::int64_t>(timegm(&parts)) * 1000};
}

IntegerHandle to_asn1_integer(const SerialNumber& serial) {
    BIGNUM* number = BN_bin2bn(serial.bytes.data(), static_cast<int>(serial.bytes.size()), nullptr);
    FRUGAL_ASSERT(number != nullptr);
    IntegerHandle integer(BN_to_ASN1_INTEGER(number, nullptr));
    BN_free(number);
    FRUGAL_ASSERT(integer);
    return integer;
}

}  // namespace frugal::crypto
