// SPDX-License-Identifier: Apache-2.0
#include "bench/ingest/bare_turn.hpp"

#include <signal.h>

#include <chrono>
#include <thread>

namespace frugal::bench {

using namespace std::chrono_literals;

BareTurn::BareTurn(const LoadSite& site)
    : gateway_pid_(site.gateway_pid),
      subscriber_(site.socket, site.fleet.site, LoadDevice::kBatch) {
    ::kill(gateway_pid_, SIGSTOP);
}

BareTurn::~BareTurn() {
    subscriber_.stop();
    ::kill(gateway_pid_, SIGCONT);
}

swarm::Result<std::unique_ptr<BareTurn>> BareTurn::begin(const LoadSite& site) {
    std::unique_ptr<BareTurn> turn(new BareTurn(site));
    if (const auto started = turn->subscriber_.start(); !started) {
        return swarm::fail(started.error().describe());
    }
    for (int i = 0; i < 500 && !turn->subscriber_.is_up(); ++i) {
        std::this_thread::sleep_for(10ms);
    }
    if (!turn->subscriber_.is_up()) {
        return swarm::fail("the null subscriber did not reach the broker at " + site.socket);
    }
    return turn;
}

}  // namespace frugal::bench
