// SPDX-License-Identifier: Apache-2.0
// The REST interface joined to the gateway: every route's handler, the tokens, the live events and
// the page. Owned by main; loop thread. Slow work (reading an uploaded model, packing and signing
// it, querying decisions) runs on a small pool and comes back by post.
#pragma once

#include <memory>

#include "app/config.hpp"
#include "app/gateway.hpp"
#include "app/log.hpp"
#include "base/result.hpp"

namespace boost::asio {
class io_context;
}

namespace frugal::app {

class Api {
public:
    /// Loads tokens and the release key (which a gateway need not have: then it cannot build
    /// releases or permits itself).
    static base::Result<std::unique_ptr<Api>> open(boost::asio::io_context& loop,
                                                   const Config& config, const Log& log,
                                                   Gateway& gateway, Clock clock);
    ~Api();
    Api(const Api&) = delete;
    Api& operator=(const Api&) = delete;

    base::Result<void> start();
    void stop();

    /// On failure the old certificate stays in use and the log says why.
    void reload_certificate();

    /// Tells everybody who watches the event stream.
    void publish_overview(const core::Overview& overview);

private:
    class Impl;
    explicit Api(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace frugal::app
