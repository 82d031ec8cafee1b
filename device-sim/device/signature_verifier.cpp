// SPDX-License-Identifier: Apache-2.0
#include "device-sim/device/signature_verifier.hpp"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <algorithm>

#include "device-sim/net/openssl.hpp"
#include "device-sim/support/file.hpp"

namespace frugal::swarm {
namespace {

using KeyContext = std::unique_ptr<EVP_PKEY_CTX, OpensslFree<&EVP_PKEY_CTX_free>>;
using SignaturePointer = std::unique_ptr<ECDSA_SIG, OpensslFree<&ECDSA_SIG_free>>;
using BioPointer = std::unique_ptr<BIO, OpensslFree<&BIO_free_all>>;

EVP_PKEY* key_from_point(PublicPoint point) {
    char group[] = "P-256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
        OSSL_PARAM_construct_end()};
    const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    EVP_PKEY* key = nullptr;
    if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
        ERR_clear_error();
        return nullptr;
    }
    return key;
}

Bytes signature_der(const std::uint8_t signature[64]) {
    const SignaturePointer pair(ECDSA_SIG_new());
    ECDSA_SIG_set0(pair.get(), BN_bin2bn(signature, 32, nullptr),
                   BN_bin2bn(signature + 32, 32, nullptr));
    const int size = i2d_ECDSA_SIG(pair.get(), nullptr);
    Bytes der(static_cast<std::size_t>(std::max(size, 0)));
    std::uint8_t* out = der.data();
    i2d_ECDSA_SIG(pair.get(), &out);
    return der;
}

}  // namespace

void SignatureVerifier::Free::operator()(evp_pkey_st* key) const {
    EVP_PKEY_free(key);
}
SignatureVerifier::SignatureVerifier() = default;
SignatureVerifier::~SignatureVerifier() = default;

evp_pkey_st* SignatureVerifier::find_key(const PublicPoint& point) {
    const auto found = keys_.find(point);
    if (found != keys_.end()) {
        return found->second.get();
    }
    EVP_PKEY* key = keys_.size() < kKeysMax ? key_from_point(point) : nullptr;
    if (key != nullptr) {
        keys_.emplace(point, key);
    }
    return key;
}

bool SignatureVerifier::verify(const std::uint8_t point[65], const std::uint8_t digest[32],
                               const std::uint8_t signature[64]) {
    PublicPoint copy;
    std::copy_n(point, copy.size(), copy.begin());
    EVP_PKEY* key = find_key(copy);
    if (key == nullptr) {
        return false;
    }
    const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    const Bytes der = signature_der(signature);
    const bool is_valid = context && EVP_PKEY_verify_init(context.get()) == 1 &&
                          EVP_PKEY_verify(context.get(), der.data(), der.size(), digest, 32) == 1;
    ERR_clear_error();
    return is_valid;
}

Result<PublicPoint> load_public_point(const std::filesystem::path& path) {
    const auto text = read_file(path);
    if (!text) {
        return tl::unexpected<Error>(text.error());
    }
    const BioPointer bio(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())));
    KeyPointer key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
    if (!key) {
        const BioPointer again(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())));
        const CertificatePointer certificate(
            PEM_read_bio_X509(again.get(), nullptr, nullptr, nullptr));
        key.reset(certificate ? X509_get_pubkey(certificate.get()) : nullptr);
    }
    PublicPoint point;
    std::size_t size = 0;
    const bool is_point =
        key &&
        EVP_PKEY_get_octet_string_param(key.get(), OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point.data(),
                                        point.size(), &size) == 1 &&
        size == point.size() && point[0] == 4;
    ERR_clear_error();
    if (!is_point) {
        return fail(path.string() + " holds no P-256 public key in PEM");
    }
    return point;
}

}  // namespace frugal::swarm
