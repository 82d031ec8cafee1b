// SPDX-License-Identifier: Apache-2.0
// The queue of escalated tasks: admitted only if an answer can come in time, run earliest deadline
// first, audits last; turned away at once otherwise. Owned by the core. Inputs live in the queue
// and in the Infer effect only, wiped when they leave; never written, logged or counted by content.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "core/config.hpp"
#include "core/event.hpp"
#include "core/fleet/registry.hpp"
#include "core/journal.hpp"
#include "core/offload/cloud_desk.hpp"
#include "core/rollout/catalogue.hpp"
#include "core/step.hpp"
#include "core/work_numbers.hpp"

namespace frugal::core {

class EscalationDesk {
public:
    EscalationDesk(Registry& registry, Catalogue& catalogue, Journal& journal, WorkNumbers& works,
                   const OffloadConfig& config, const CloudConfig& cloud)
        : registry_(registry),
          catalogue_(catalogue),
          journal_(journal),
          works_(works),
          config_(config),
          cloud_(works, cloud) {}

    void on_escalate(const Step& step, Device& device, Escalate&& escalate);
    void on_inference(const Step& step, InferenceDone&& done);
    void on_cloud(const Step& step, const CloudDone& done);

    /// Drops the device's waiting work.
    void forget(DeviceNumber device);

    void on_time(const Step& step);
    std::optional<base::Instant> next_deadline() const;

    std::uint8_t load() const;   ///< q8, what acks and verdicts carry
    std::uint8_t price() const;  ///< q8
    EscalationStatistics statistics() const;

private:
    using Instance = TaskInstance;
    /// Order of the queue: audits behind everything else, then by deadline, then first come.
    struct Place {
        bool is_audit = false;
        base::Instant deadline;
        std::uint64_t order = 0;
        auto operator<=>(const Place&) const = default;
    };
    struct Job {
        Instance instance;
        std::uint32_t task = 0;
        std::uint32_t local_class = 0;
        base::Instant deadline;
        base::Instant arrived;
        ObservationRecord seen{};  ///< what the learner may know of it
        bool is_probe = false;     ///< runs although the estimate says it will be late
        bool may_go_on = false;    ///< its device lets it leave the site
        Features features;
    };

    bool is_asked_again(const Step& step, const Instance& instance);
    /// False for a private task, one without an edge model, or an input that does not fit it.
    bool is_answerable(const Step& step, Device& device, const Escalate& escalate);
    bool may_probe(const Step& step, std::uint32_t task) const;
    base::Duration wait_before(const Place& place) const;
    bool make_room(const Step& step, const Place& place, std::size_t bytes);
    bool is_over_share(DeviceNumber device) const;
    void enqueue(const Place& place, Job&& job);
    Job take(std::map<Place, Job>::iterator position);
    void dispatch(const Step& step);
    base::Duration service_time(std::uint32_t task) const;
    void learn(const Job& job, base::Duration measured);
    void answer(const Step& step, const Job& job, const EdgeAnswer& edge);
    void observe(const Step& step, const Job& job, const EdgeAnswer& edge);
    void settle(const Step& step, const CloudDesk::Settled& settled);
    /// True if a server beyond the site was asked; the input is gone then.
    bool goes_on(const Step& step, CloudDesk::Question&& question, bool may_go_on,
                 Features& features);
    void turn_away(const Step& step, const Instance& instance, VerdictStatus status,
                   base::Duration retry_after);
    void remember(const Instance& instance, const Verdict& verdict);
    void send(const Step& step, const Instance& instance, const Verdict& verdict);

    Registry& registry_;
    Catalogue& catalogue_;
    Journal& journal_;
    WorkNumbers& works_;
    OffloadConfig config_;

    std::map<Place, Job> queue_;
    std::map<base::WorkId, Job> running_;  ///< their features are gone with the effect
    std::set<Instance> active_;            ///< queued or running
    std::map<DeviceNumber, std::uint32_t> queued_by_device_;
    std::uint64_t queued_bytes_ = 0;
    std::uint64_t next_order_ = 0;
    std::map<Instance, Verdict> remembered_;
    std::deque<Instance> remembered_order_;
    std::map<std::uint32_t, base::Duration> service_times_;
    std::map<std::uint32_t, base::Instant> last_runs_;  ///< by task, when one last ended
    base::Duration sojourn_{0};                         ///< moving average of the time in the queue
    CloudDesk cloud_;
    EscalationStatistics statistics_;
};

}  // namespace frugal::core
