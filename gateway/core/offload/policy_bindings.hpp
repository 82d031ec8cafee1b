// SPDX-License-Identifier: Apache-2.0
// The same version of a policy for each device model of a class. A compiled form holds the gain
// tables of one model and names it (frugal/policy.h); for the other models the shell is asked to
// compile the version's text again, which it signs. What came back is kept in memory, for a few
// hundred pairs of form and model: after a start it is asked for again, when a device first needs
// it; what could not be made, when its task changes. An answer that does not come keeps nobody
// waiting for ever. Owned by PolicyDesk. Never compiles, signs or
// tells devices.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/effect.hpp"
#include "core/event.hpp"
#include "core/journal.hpp"
#include "core/work_numbers.hpp"

namespace frugal::core {

class PolicyBindings {
public:
    static constexpr std::size_t kKeptMax = 256;
    /// So long devices wait for a form. One takes milliseconds; what lasts longer is a pool that is
    /// stuck, and they also wait for models, and for policies of their other tasks.
    static constexpr base::Duration kAnswerWait = std::chrono::seconds(30);

    PolicyBindings(Journal& journal, WorkNumbers& works) : journal_(journal), works_(works) {}

    /// A compiled form, and the model of devices that are to obey it.
    using Pair = std::pair<SignedPointer, base::Digest>;

    /// The form itself if it is for this model, or any; else the one made for it; null if there is
    /// none yet, or if none can be made.
    SignedPointer find(const Pair& pair, std::uint32_t task) const;

    /// It was asked for, and is under way or cannot be made: nothing to tell devices of.
    bool is_out_of_reach(const Pair& pair) const;

    /// Its answer is still to come: until then nobody can say what such a device is to obey.
    bool is_awaited(const Pair& pair) const;

    /// Asks for it, unless it is there, under way or known to be impossible. `wanted`: all but the
    /// number of the work.
    void want(const Step& step, BindPolicy wanted);

    /// The pair whose devices can be told now what there is, also if there is none; absent for an
    /// answer that nobody waits for.
    std::optional<Pair> on_bound(const Step& step, PolicyBound&& done);

    /// Waits no longer for what was asked for kAnswerWait ago: the pairs whose devices are told of
    /// the rest. An answer that comes late is taken all the same.
    std::vector<Pair> on_time(const Step& step);
    std::optional<base::Instant> next_deadline() const;

    /// The task changed: what could not be made of its policies is forgotten, and whose it was.
    std::vector<Pair> forget_failed(std::uint32_t task);

    std::size_t size() const { return entries_.size(); }  ///< made, failed, and under way

private:
    struct Entry {
        std::uint32_t task = 0;
        SignedPointer blob{};  ///< null: not yet, or impossible
        bool is_awaited = true;
    };
    /// An answer to come, perhaps too late.
    struct Work {
        Pair pair;
        base::Instant asked{};
    };

    void make_room();
    void log_failure(const Step& step, const Pair& pair, const std::string& error);
    template <typename Which>
    void forget(const Which& which);

    Journal& journal_;
    WorkNumbers& works_;
    std::map<Pair, Entry> entries_;  ///< never iterated in an order that matters
    std::map<base::WorkId, Work> under_way_;
};

}  // namespace frugal::core
