// SPDX-License-Identifier: Apache-2.0
// Signs device certificates away from the loop: a signature takes a millisecond on a small board.
// A thread of its own; issue() is called, and answers, on the loop's thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>

#include "core/effect.hpp"
#include "core/event.hpp"
#include "crypto/site_authority.hpp"

namespace frugal::app {

class CertificateIssuer {
public:
    using Handler = std::function<void(core::CertificateDone&&)>;

    CertificateIssuer(boost::asio::io_context& loop, const crypto::SiteAuthority& authority)
        : loop_(loop), authority_(authority) {}

    /// The handler is called once, unless the loop ends first.
    void issue(core::IssueCertificate job, base::WallTime now, Handler handler);

private:
    boost::asio::io_context& loop_;
    const crypto::SiteAuthority& authority_;
    boost::asio::thread_pool thread_{1};
};

}  // namespace frugal::app
