// SPDX-License-Identifier: Apache-2.0
#include "app/certificate_issuer.hpp"

#include <boost/asio/post.hpp>

#include "crypto/certificate_request.hpp"

namespace frugal::app {

namespace {

base::Result<core::IssuedCertificate> issued_by(const crypto::SiteAuthority& authority,
                                                const core::IssueCertificate& job,
                                                base::WallTime now) {
    auto request = crypto::CertificateRequest::verify(job.request_der);
    if (!request) {
        return tl::unexpected(request.error());
    }
    auto certificate = authority.issue_device(*request, job.device, now);
    if (!certificate) {
        return tl::unexpected(certificate.error());
    }
    core::IssuedCertificate issued;
    issued.record = {certificate->serial.bytes, certificate->not_after};
    issued.pem = std::move(certificate->pem);
    issued.der = std::move(certificate->der);
    return issued;
}

}  // namespace

void CertificateIssuer::issue(core::IssueCertificate job, base::WallTime now, Handler handler) {
    boost::asio::post(thread_, [this, job = std::move(job), now, handler = std::move(handler)] {
        core::CertificateDone done{job.work, issued_by(authority_, job, now)};
        boost::asio::post(
            loop_, [handler, done = std::move(done)]() mutable { handler(std::move(done)); });
    });
}

}  // namespace frugal::app
