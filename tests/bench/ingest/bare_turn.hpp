// SPDX-License-Identifier: Apache-2.0
// A turn in which the null subscriber sits in the gateway's place: the gateway stands still
// (SIGSTOP), its client id at the broker is the subscriber's. Over when this is destroyed; the
// gateway then takes its session back. Owned by one thread.
#pragma once

#include <memory>

#include "bench/ingest/load_site.hpp"
#include "bench/ingest/null_subscriber.hpp"

namespace frugal::bench {

class BareTurn {
public:
    /// Fails if the subscriber does not reach the broker within five seconds.
    static swarm::Result<std::unique_ptr<BareTurn>> begin(const LoadSite& site);

    ~BareTurn();
    BareTurn(const BareTurn&) = delete;
    BareTurn& operator=(const BareTurn&) = delete;

private:
    explicit BareTurn(const LoadSite& site);

    int gateway_pid_;
    NullSubscriber subscriber_;
};

}  // namespace frugal::bench
