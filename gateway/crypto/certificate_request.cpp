// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate_request.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "crypto/certificate_request_state.hpp"

namespace frugal::crypto {

namespace {

using base::ErrorKind;
using base::Result;

RequestHandle read_request(base::ByteView bytes) {
    const std::string_view text = base::as_text(bytes);
    if (text.find("-----BEGIN") != std::string_view::npos) {
        BioHandle bio = reading(text);
        return RequestHandle(PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr));
    }
    const unsigned char* cursor = bytes.data();
    RequestHandle request(d2i_X509_REQ(nullptr, &cursor, static_cast<long>(bytes.size())));
    if (request && cursor != bytes.data() + bytes.size()) {
        return nullptr;  // bytes behind the request: refuse what nobody signed
    }
    return request;
}

Result<base::DeviceId> device_of(X509_REQ* request) {
    const auto name = only_common_name(X509_REQ_get_subject_name(request));
    const auto device = name ? base::DeviceId::parse(*name) : std::nullopt;
    if (!device) {
        return base::fail(
            ErrorKind::kInvalidInput, "the request's common name is not a device id",
            "exactly one common name of [a-z0-9-]{1,64} is needed, because it becomes "
            "an MQTT topic level",
            "make the request with -subj /CN=<device id>");
    }
    return *device;
}

}  // namespace

CertificateRequest::CertificateRequest(std::unique_ptr<State> state, base::DeviceId device)
    : state_(std::move(state)), device_(std::move(device)) {}
CertificateRequest::~CertificateRequest() = default;
CertificateRequest::CertificateRequest(CertificateRequest&&) noexcept = default;
CertificateRequest& CertificateRequest::operator=(CertificateRequest&&) noexcept = default;

Result<CertificateRequest> CertificateRequest::verify(base::ByteView der_or_pem) {
    if (der_or_pem.size() > kMaximumRequestBytes) {
        return base::fail(ErrorKind::kLimit, "the certificate request is too long",
                          "more than " + std::to_string(kMaximumRequestBytes) + " bytes",
                          "leave out extensions");
    }
    RequestHandle request = read_request(der_or_pem);
    if (!request) {
        return openssl_failure("not a PKCS#10 certificate request", ErrorKind::kInvalidInput,
                               "send one request, DER or PEM");
    }
    EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
    if (!is_p256(key)) {
        ERR_clear_error();
        return base::fail(ErrorKind::kInvalidInput, "the request's key is not on curve P-256", {},
                          "generate the key with -pkeyopt ec_paramgen_curve:P-256");
    }
    if (X509_REQ_verify(request.get(), key) != 1) {
        return openssl_failure("the request is not signed with its own key",
                               ErrorKind::kInvalidInput,
                               "make the request on the device that holds the key");
    }
    auto device = device_of(request.get());
    if (!device) {
        return tl::unexpected(device.error());
    }
    return CertificateRequest(std::make_unique<State>(State{std::move(request)}),
                              std::move(*device));
}

}  // namespace frugal::crypto
