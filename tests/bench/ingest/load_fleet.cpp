// SPDX-License-Identifier: Apache-2.0
#include "bench/ingest/load_fleet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "device-sim/enrol/claim_codes.hpp"
#include "device-sim/enrol/est_client.hpp"
#include "device-sim/enrol/identity_store.hpp"

namespace frugal::bench {

using swarm::fail;
using swarm::Milliseconds;
using swarm::Result;

namespace {

constexpr Milliseconds kStep{50};
constexpr Milliseconds kCareInterval{250};

}  // namespace

Result<std::unique_ptr<LoadFleet>> LoadFleet::create(const FleetOptions& options) {
    std::unique_ptr<LoadFleet> fleet(new LoadFleet);
    auto endpoint = swarm::Endpoint::parse(options.broker);
    auto tls = swarm::TlsContext::open(options.ca);
    if (!endpoint || !tls) {
        return tl::unexpected(!endpoint ? endpoint.error() : tls.error());
    }
    fleet->endpoint_ = *endpoint;
    fleet->tls_ = std::make_unique<swarm::TlsContext>(std::move(*tls));
    fleet->gate_ = swarm::ConnectGate(options.handshakes);
    fleet->context_.loop = &fleet->loop_;
    fleet->context_.gate = &fleet->gate_;
    fleet->context_.tls = fleet->tls_.get();
    fleet->context_.broker = &fleet->endpoint_;
    fleet->context_.site = options.site;
    if (const auto added = fleet->add_devices(options); !added) {
        return tl::unexpected(added.error());
    }
    return fleet;
}

Result<void> LoadFleet::add_devices(const FleetOptions& options) {
    const auto claims = swarm::ClaimCodes::load(options.claims);
    auto est = swarm::EstClient::create(options.est, *tls_);
    if (!claims || !est) {
        return tl::unexpected(!claims ? claims.error() : est.error());
    }
    if (claims->size() < options.devices) {
        return fail(
            fmt::format("{} devices wanted, {} have a claim code", options.devices, claims->size()),
            {}, "add devices with frugalctl device add --count");
    }
    const swarm::IdentityStore store(options.state);
    std::random_device chance;
    for (const auto& [name, code] : claims->by_device()) {
        if (devices_.size() == options.devices) {
            break;
        }
        auto identity = store.load(name);
        if (!identity) {
            auto fresh = est->enrol(name, code);
            if (!fresh) {
                return swarm::fail_with(fresh.error(), "enrolling " + name);
            }
            if (const auto saved = store.save(name, *fresh); !saved) {
                return saved;
            }
            identity = std::move(*fresh);
        }
        const auto seed = (std::uint64_t{chance()} << 31) | chance();
        devices_.push_back(
            std::make_unique<LoadDevice>(context_, name, std::move(*identity), seed));
    }
    return {};
}

bool LoadFleet::run_until(Milliseconds limit, const std::function<bool()>& condition) {
    loop_.run_once(Milliseconds{0});
    const auto end = loop_.now() + limit;
    auto care_at = loop_.now() + kCareInterval;
    while (!condition()) {
        if (loop_.now() >= end) {
            return false;
        }
        loop_.run_once(std::min(kStep, end - loop_.now()));
        if (loop_.now() >= care_at) {
            care_at = loop_.now() + kCareInterval;
            for (const auto& device : devices_) {
                device->look_after();
            }
        }
    }
    return true;
}

std::size_t LoadFleet::connected() const {
    return static_cast<std::size_t>(
        std::count_if(devices_.begin(), devices_.end(),
                      [](const auto& device) { return device->is_connected(); }));
}

Result<void> LoadFleet::connect(Milliseconds limit) {
    for (const auto& device : devices_) {
        device->connect();
    }
    if (!run_until(limit, [this] { return connected() == size(); })) {
        return fail(fmt::format("{} of {} devices connected in {} s", connected(), size(),
                                limit.count() / 1000),
                    context_.last_error, "see the broker's log");
    }
    return {};
}

Result<void> LoadFleet::greet(std::size_t phase, Milliseconds limit) {
    context_.phase = phase;
    const auto unanswered = [this] {
        return std::count_if(devices_.begin(), devices_.end(),
                             [](const auto& device) { return !device->has_answer(); });
    };
    for (const auto& device : devices_) {
        device->say_hello();
    }
    constexpr Milliseconds kRetry{3000};
    for (Milliseconds waited{0}; waited < limit; waited += kRetry) {
        if (run_until(kRetry, [&] { return unanswered() == 0; })) {
            return {};
        }
        for (const auto& device : devices_) {
            if (!device->has_answer()) {
                device->say_hello();
            }
        }
    }
    return fail(fmt::format("{} devices got no answer to their hello", unanswered()),
                context_.last_error, "see the gateway's log");
}

LoadCounters LoadFleet::run(std::size_t phase, Milliseconds warm_up, Milliseconds span,
                            const std::function<void()>& on_begin,
                            const std::function<void()>& on_end) {
    const auto never = [] { return false; };
    context_.phase = phase;
    context_.is_sending = true;
    for (const auto& device : devices_) {
        device->pump();
    }
    run_until(warm_up, never);
    context_.counters = {};
    on_begin();
    run_until(span, never);
    on_end();
    const LoadCounters measured = context_.counters;
    context_.is_sending = false;
    return measured;
}

LoadCounters LoadFleet::ask(std::size_t count, Milliseconds gap, std::uint32_t task,
                            std::size_t input_bytes) {
    context_.counters = {};
    for (std::size_t i = 0; i < count; ++i) {
        devices_[i % devices_.size()]->ask(task, input_bytes);
        run_until(gap, [] { return false; });
    }
    run_until(Milliseconds{1000}, [] { return false; });
    return context_.counters;
}

Result<void> LoadFleet::drain(Milliseconds limit) {
    const auto is_drained = [this] {
        return std::all_of(devices_.begin(), devices_.end(),
                           [](const auto& device) { return device->is_drained(); });
    };
    if (!run_until(limit, is_drained)) {
        return fail("decisions stayed unacked", context_.last_error, "see the gateway's log");
    }
    return {};
}

void LoadFleet::hold(const std::function<bool()>& is_over) {
    run_until(std::chrono::minutes(10), is_over);
}

void LoadFleet::close() {
    for (const auto& device : devices_) {
        device->close();
    }
    loop_.run_once(Milliseconds{0});
}

}  // namespace frugal::bench
