// SPDX-License-Identifier: Apache-2.0
// The gateway's mind: a synchronous, deterministic state machine over the whole site. Driven by
// Tick (one thread). Owns no socket, clock, thread, file, database or random device; same snapshot
// and same events at the same times give the same outbox, byte for byte.
#pragma once

#include <memory>
#include <optional>

#include "base/error.hpp"
#include "base/time.hpp"
#include "core/config.hpp"
#include "core/event.hpp"
#include "core/outbox.hpp"
#include "core/snapshot.hpp"

namespace frugal::core {

class Core {
public:
    Core(Snapshot snapshot, const CoreConfig& config);
    ~Core();
    Core(Core&&) noexcept;
    Core& operator=(Core&&) noexcept;

    /// Once, before anything else: takes a new fencing epoch and republishes revocations.
    /// `given_up`: what ended an earlier core of this process; absent when the process starts.
    void boot(base::Now now, Outbox& outbox, const std::optional<base::Error>& given_up = {});

    void handle(Event&& event, base::Now now, Outbox& outbox);

    /// Does what is due at `now`. Harmless when nothing is.
    void on_time(base::Now now, Outbox& outbox);

    /// Before a batch is committed: adds the stream rows and the acks that cover its decisions.
    void seal(base::Now now, Outbox& outbox);

    /// When on_time has something to do; absent if only an event can change anything.
    std::optional<base::Instant> next_deadline() const;

    Overview overview(base::Instant now) const;

    /// True if `artifact` is offered to at least one device: worth caching in the shell.
    bool is_offered(const base::Digest& artifact) const;

    struct State;  ///< private to this folder: core_state.hpp

private:
    std::unique_ptr<State> state_;
};

}  // namespace frugal::core
