// SPDX-License-Identifier: Apache-2.0
#include "crypto/release_key.hpp"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "base/assert.hpp"
#include "crypto/openssl.hpp"
#include "crypto/private_file.hpp"
#include "crypto/sha256.hpp"

namespace frugal::crypto {

namespace {

using base::ErrorKind;
using base::Result;
using SignatureHandle = std::unique_ptr<ECDSA_SIG, Releaser<ECDSA_SIG_free>>;

constexpr std::size_t kKeyFileLimit = 16 * 1024;
constexpr std::size_t kHalf = 32;

Result<PublicPoint> point_of(EVP_PKEY* key) {
    PublicPoint point{};
    std::size_t size = 0;
    if (!is_p256(key) ||
        EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                       OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) != 1 ||
        EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point.data(),
                                        point.size(), &size) != 1 ||
        size != point.size() || point[0] != 4) {
        return openssl_failure(
            "the key is not on curve P-256", ErrorKind::kInvalidInput,
            "release and policy keys are ES256: make one with frugalctl key generate");
    }
    return point;
}

constexpr std::string_view kPublicMark = "-----BEGIN PUBLIC KEY-----";
constexpr std::string_view kPrivateMark = "PRIVATE KEY-----";

bool holds(std::string_view pem, std::string_view mark) {
    return pem.find(mark) != std::string_view::npos;
}

/// OpenSSL signs into DER; the wire has the two numbers in 32 bytes each.
Result<Signature> to_fixed_form(base::ByteView der) {
    const unsigned char* cursor = der.data();
    SignatureHandle parts(d2i_ECDSA_SIG(nullptr, &cursor, static_cast<long>(der.size())));
    Signature fixed{};
    if (!parts || BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), fixed.data(), kHalf) < 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), fixed.data() + kHalf, kHalf) < 0) {
        return openssl_failure("the signature could not be encoded");
    }
    return fixed;
}

base::Bytes to_der(base::ByteView fixed) {
    SignatureHandle parts(ECDSA_SIG_new());
    BIGNUM* r = BN_bin2bn(fixed.data(), kHalf, nullptr);
    BIGNUM* s = BN_bin2bn(fixed.data() + kHalf, kHalf, nullptr);
    FRUGAL_ASSERT(parts && r != nullptr && s != nullptr);
    FRUGAL_ASSERT(ECDSA_SIG_set0(parts.get(), r, s) == 1);  // takes both numbers
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(parts.get(), &der);
    FRUGAL_ASSERT(size > 0);
    base::Bytes bytes(der, der + size);
    OPENSSL_free(der);
    return bytes;
}

}  // namespace

struct ReleasePublicKey::State {
    KeyHandle key;
};

struct ReleaseKey::State {
    KeyHandle key;
};

std::uint32_t key_id_of(const PublicPoint& point) {
    const base::Digest digest = sha256(point);
    return static_cast<std::uint32_t>(digest[0]) << 24 |
           static_cast<std::uint32_t>(digest[1]) << 16 |
           static_cast<std::uint32_t>(digest[2]) << 8 | digest[3];
}

ReleasePublicKey::ReleasePublicKey(std::unique_ptr<State> state, const PublicPoint& point)
    : state_(std::move(state)), point_(point), key_id_(key_id_of(point)) {}
ReleasePublicKey::~ReleasePublicKey() = default;
ReleasePublicKey::ReleasePublicKey(ReleasePublicKey&&) noexcept = default;
ReleasePublicKey& ReleasePublicKey::operator=(ReleasePublicKey&&) noexcept = default;

Result<ReleasePublicKey> ReleasePublicKey::from_point(base::ByteView point) {
    PublicPoint copy{};
    if (point.size() != copy.size() || point[0] != 4) {
        return base::fail(ErrorKind::kInvalidInput, "a public point has 65 bytes and starts with 4",
                          "got " + std::to_string(point.size()) + " bytes");
    }
    std::copy(point.begin(), point.end(), copy.begin());
    std::string group = "P-256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size()),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy.data(), copy.size()),
        OSSL_PARAM_construct_end()};
    KeyContextHandle context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    EVP_PKEY* key = nullptr;
    if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
        return openssl_failure("the bytes are not a point on P-256", ErrorKind::kInvalidInput);
    }
    auto state = std::make_unique<State>(State{KeyHandle(key)});
    return ReleasePublicKey(std::move(state), copy);
}

Result<ReleasePublicKey> ReleasePublicKey::load(const std::filesystem::path& path) {
    const auto pem = read_file(path, kKeyFileLimit);
    if (!pem) {
        return base::fail(pem.error(), "release public key");
    }
    if (holds(*pem, kPrivateMark) && !holds(*pem, kPublicMark)) {
        return base::fail(ErrorKind::kInvalidInput, path.string() + " is the private half of a key",
                          "who verifies needs the public half",
                          "Name the .pub that was made with it.");
    }
    BioHandle bio = reading(*pem);
    KeyHandle key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
    if (!key) {
        return openssl_failure(path.string() + " is not a public key in PEM form",
                               ErrorKind::kInvalidInput, "Name a .pub of frugalctl key generate.");
    }
    const auto point = point_of(key.get());
    if (!point) {
        return base::fail(point.error(), path.string());
    }
    return ReleasePublicKey(std::make_unique<State>(State{std::move(key)}), *point);
}

Result<void> ReleasePublicKey::save(const std::filesystem::path& path) const {
    BioHandle bio = writing();
    if (PEM_write_bio_PUBKEY(bio.get(), state_->key.get()) != 1) {
        return openssl_failure("the release public key could not be encoded");
    }
    return write_file(path, base::as_bytes(written(bio)), FileAccess::kReadable);
}

bool ReleasePublicKey::verify(base::ByteView content, base::ByteView signature) const {
    if (signature.size() != Signature{}.size()) {
        return false;
    }
    const base::Bytes der = to_der(signature);
    DigestContextHandle context(EVP_MD_CTX_new());
    const bool is_valid = context &&
                          EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr,
                                               state_->key.get()) == 1 &&
                          EVP_DigestVerify(context.get(), der.data(), der.size(), content.data(),
                                           content.size()) == 1;
    ERR_clear_error();
    return is_valid;
}

ReleaseKey::ReleaseKey(std::unique_ptr<State> state, ReleasePublicKey public_key)
    : state_(std::move(state)), public_key_(std::move(public_key)) {}
ReleaseKey::~ReleaseKey() = default;
ReleaseKey::ReleaseKey(ReleaseKey&&) noexcept = default;
ReleaseKey& ReleaseKey::operator=(ReleaseKey&&) noexcept = default;

Result<ReleaseKey> ReleaseKey::generate() {
    auto key = generate_p256();
    if (!key) {
        return tl::unexpected(key.error());
    }
    const auto point = point_of(key->get());
    if (!point) {
        return tl::unexpected(point.error());
    }
    auto public_key = ReleasePublicKey::from_point(*point);
    if (!public_key) {
        return tl::unexpected(public_key.error());
    }
    return ReleaseKey(std::make_unique<State>(State{std::move(*key)}), std::move(*public_key));
}

Result<ReleaseKey> ReleaseKey::load(const std::filesystem::path& path) {
    // Asked first: a public half may be read by all, which is not what is wrong with it here.
    if (const auto text = read_file(path, kKeyFileLimit);
        text && holds(*text, kPublicMark) && !holds(*text, kPrivateMark)) {
        return base::fail(ErrorKind::kInvalidInput, path.string() + " is the public half of a key",
                          "signing needs the private half", "Name the .key that was made with it.");
    }
    const auto pem = read_private_file(path, kKeyFileLimit);
    if (!pem) {
        return base::fail(pem.error(), "release key");
    }
    auto key = read_private_key(*pem);
    if (!key) {
        return base::fail(key.error(), path.string());
    }
    const auto point = point_of(key->get());
    if (!point) {
        return base::fail(point.error(), path.string());
    }
    auto public_key = ReleasePublicKey::from_point(*point);
    if (!public_key) {
        return base::fail(public_key.error(), path.string());
    }
    return ReleaseKey(std::make_unique<State>(State{std::move(*key)}), std::move(*public_key));
}

Result<void> ReleaseKey::save(const std::filesystem::path& path) const {
    auto pem = private_key_pem(state_->key.get());
    if (!pem) {
        return tl::unexpected(pem.error());
    }
    auto result = write_file(path, base::as_bytes(*pem), FileAccess::kOwnerOnly);
    OPENSSL_cleanse(pem->data(), pem->size());
    return result;
}

Result<Signature> ReleaseKey::sign(base::ByteView content) const {
    DigestContextHandle context(EVP_MD_CTX_new());
    std::size_t size = 0;
    if (!context ||
        EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, state_->key.get()) != 1 ||
        EVP_DigestSign(context.get(), nullptr, &size, content.data(), content.size()) != 1) {
        return openssl_failure("signing failed");
    }
    base::Bytes der(size);
    if (EVP_DigestSign(context.get(), der.data(), &size, content.data(), content.size()) != 1) {
        return openssl_failure("signing failed");
    }
    der.resize(size);
    return to_fixed_form(der);
}

}  // namespace frugal::crypto
