// SPDX-License-Identifier: Apache-2.0
// The heartbeat of the gateway: steps the core with all waiting events, gathers what they write
// into one batch, hands the batch out when no commit is in flight, and releases what depended on it
// when the commit is reported. Owns the Core. One thread; does no I/O. The same class runs in
// frugald and in the simulated world.
//
//   shell:  output = tick.step(events, now)         perform(output.effects); commit(output.commit)
//           output = tick.on_commit(id, result, now)   again
//           arm a timer for tick.next_deadline(), then step({}, now)
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "core/core.hpp"

namespace frugal::core {

struct CommitRequest {
    std::uint64_t id = 0;
    std::shared_ptr<const WriteBatch> batch;
};

struct TickOutput {
    std::vector<Effect> effects;          ///< to be performed now, in order
    std::optional<CommitRequest> commit;  ///< to be committed now; answer with on_commit
};

class Tick {
public:
    Tick(Snapshot snapshot, const CoreConfig& config);

    /// Once, before any step. `given_up`: why the Tick before it in this process was spent.
    TickOutput boot(base::Now now, const std::optional<base::Error>& given_up = {});

    /// Consumes the events; an empty vector lets time pass.
    TickOutput step(std::vector<Event> events, base::Now now);

    /// The commit handed out as `id` is durable, or failed with an unknown outcome. After a failure
    /// the object is spent: nothing of that or any later batch is released, every further call
    /// returns nothing. Open the database again, load it, and start a new Tick as after a crash.
    TickOutput on_commit(std::uint64_t id, const base::Result<void>& result, base::Now now);

    std::optional<base::Instant> next_deadline() const;
    bool has_commit_in_flight() const { return in_flight_.has_value(); }
    bool is_spent() const { return is_spent_; }
    const Core& core() const { return core_; }

private:
    TickOutput finish(base::Now now);
    void accept(Event&& event, base::Now now);
    void drain_parked(base::Now now);
    std::optional<CommitRequest> seal(base::Now now);

    struct InFlight {
        std::uint64_t id = 0;
        std::vector<Effect> after_commit;
    };
    Core core_;
    TickConfig config_;
    Outbox gathering_;
    std::deque<Event> parked_;  ///< decisions the gathering batch has no room for, in order
    std::optional<InFlight> in_flight_;
    std::uint64_t next_id_ = 1;
    bool is_spent_ = false;
};

}  // namespace frugal::core
