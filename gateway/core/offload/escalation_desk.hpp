// SPDX-License-Identifier: Apache-2.0
// The gateway's side of offloading: an escalated task is promised an answer at the door or turned
// away at once; what was promised runs by class and deadline, in batches; what comes back is sent
// if it is in time. Owned by the core. Inputs live in the queue and in the Infer effect only, wiped
// when they leave; never written, logged or counted by content. The parts: waiting_queue (order),
// service_times and return_times (what an answer takes), fair_share, sojourn_guard, share_budget
// and edge_health (who is turned away), load_meter (what devices are told).
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/catalogue.hpp"
#include "core/config.hpp"
#include "core/event.hpp"
#include "core/fleet/registry.hpp"
#include "core/journal.hpp"
#include "core/offload/cloud_desk.hpp"
#include "core/offload/edge_health.hpp"
#include "core/offload/load_meter.hpp"
#include "core/offload/return_times.hpp"
#include "core/offload/sent_answers.hpp"
#include "core/offload/service_times.hpp"
#include "core/offload/share_budget.hpp"
#include "core/offload/share_record.hpp"
#include "core/offload/sojourn_guard.hpp"
#include "core/offload/waiting_queue.hpp"
#include "core/step.hpp"
#include "core/work_numbers.hpp"

namespace frugal::core {

/// What an ack or a verdict tells a device of the edge; q8, 255 for "send nothing".
struct EdgeTerms {
    std::uint8_t price = 0;
    std::uint8_t load = 0;
    std::vector<TaskPrice> dearer{};  ///< tasks with a price of their own
};

class EscalationDesk {
public:
    EscalationDesk(Registry& registry, Catalogue& catalogue, Journal& journal, WorkNumbers& works,
                   const OffloadConfig& config, const CloudConfig& cloud);

    /// What was used of the shares before this process began; before anything else.
    void restore(const std::vector<ShareRecord>& stored);

    void on_escalate(const Step& step, Device& device, Escalate&& escalate);
    void on_inference(const Step& step, InferenceDone&& done);
    void on_cloud(const Step& step, const CloudDone& done);
    /// Decisions of a device that were stored for the first time: `count` of them, the last ones.
    void on_decisions(const Step& step, const Device& device, const Decisions& decisions,
                      std::uint32_t count);
    /// The task or one of its policies was set anew: shares may have gone.
    void on_shares(const Step& step, std::uint32_t task);
    /// The task has another edge model: what waits for the old one is told, what was measured of it
    /// is void.
    void on_edge_model(const Step& step, std::uint32_t task);
    void on_host(const HostLoad& host) { meter_.set_host(host); }

    /// Drops the device's waiting work.
    void forget(DeviceNumber device);
    /// It is out: revoked or in quarantine. What it used of its share is forgotten only now, and so
    /// is its group: who says good-bye must not come back with another share.
    void expel(const Step& step, DeviceNumber device);

    void on_time(const Step& step);
    std::optional<base::Instant> next_deadline() const;

    /// For a device's acks, which hold for all its tasks: the least of their prices, and those that
    /// are dearer.
    EdgeTerms terms_for(const Device& device, base::Instant now) const;
    EscalationStatistics statistics() const;

private:
    struct Batch {
        std::uint32_t task = 0;
        base::Digest edge_model{};
        std::vector<Escalation> jobs{};  ///< their features are gone with the effect
        base::Instant started{};
        base::Duration expected{0};
        base::Duration slow{0};     ///< almost all are done by then
        base::Instant looked_at{};  ///< when what waits behind it is looked at again
        base::Instant overdue{};    ///< then it is taken for lost
        std::uint32_t size = 0;
        std::uint64_t bytes = 0;
        bool is_hung = false;
    };
    /// When tasks of a kind come, to know whether waiting for one more is worth it.
    struct Arrivals {
        base::Instant last;
        base::Duration gap{0};  ///< moving average
    };
    /// What the door decided, and what it reckoned.
    struct Gate {
        std::optional<BusyCause> refused;
        base::Duration retry_after{0};
        base::Duration work{0};
        base::Instant latest;
        FairShare::Charge charged{};
        bool is_probe = false;
    };

    // The door: escalation_gate.cpp
    bool is_asked_again(const Step& step, const Instance& instance, std::uint32_t task);
    /// False for a private task, one without an edge model, or an input that does not fit it.
    bool is_answerable(const Step& step, Device& device, const Escalate& escalate);
    Gate judge(const Step& step, const Escalation& candidate);
    std::optional<BusyCause> refuse_early(const Step& step, const Escalation& candidate,
                                          Gate& gate) const;
    std::optional<BusyCause> refuse_by_time(const Step& step, const Escalation& candidate,
                                            Gate& gate);
    std::optional<BusyCause> refuse_by_share(const Step& step, const Escalation& candidate,
                                             base::Duration wait, Gate& gate);
    bool may_probe(base::Instant now, std::uint32_t task) const;
    /// The estimate of a task forbids it: less from time to time, or nothing would correct it.
    void doubt(base::Instant now, std::uint32_t task);
    /// Until an engine is free for what is promised already.
    base::Duration running_wait(base::Instant now) const;
    /// All engines take longer than ever: nobody knows when they will be free.
    bool is_stalled(base::Instant now) const;
    std::uint32_t usable_workers() const;
    bool make_room(const Step& step, const Escalation& candidate);
    Priority priority_of(std::uint32_t task) const;
    /// 0: no limit.
    std::uint32_t share_of(std::uint32_t task, const Device& device) const;
    /// What its group's share adds to the price; 255: stop.
    std::uint8_t share_price(std::uint32_t task, const Device& device) const;
    std::string group_name(const Device& device) const;
    GroupNumber group_of(const Device& device);
    GroupNumber number_of(const std::string& group);
    std::optional<GroupNumber> known_group(const Device& device) const;
    void note_arrival(base::Instant now, std::uint32_t task);
    /// What of the budgets moved far enough to be stored.
    void save_shares(const Step& step);

    // Batches: escalation_batches.cpp
    void dispatch(const Step& step);
    /// Takes it from the queue unanswered; its device's share is as if it had not asked.
    Escalation release(const Place& place);
    void withdraw_hopeless(const Step& step);
    void withdraw_task(const Step& step, std::uint32_t task, base::Duration retry_after);
    void note_waits(base::Instant now);
    void drop_standing_audits(const Step& step);
    void drop_expired(const Step& step);
    const Escalation& next_head(const Step& step) const;
    std::vector<Place> gather(const Step& step, const Escalation& head) const;
    bool may_join(const Step& step, const Escalation& job, std::uint32_t size) const;
    /// Absent: run the batch now. Otherwise it is worth waiting for one more until then.
    std::optional<base::Instant> worth_waiting(const Step& step,
                                               const std::vector<Place>& batch) const;
    void start(const Step& step, const std::vector<Place>& places);
    void note_hung(const Step& step);
    std::uint32_t hung_batches() const;

    // Answers: escalation_desk.cpp
    void settle_job(const Step& step, const Escalation& job, const base::Result<EdgeAnswer>& answer,
                    Features* doubted);
    void settle(const Step& step, const CloudDesk::Settled& settled);
    /// True if a server beyond the site was asked; the input is gone then.
    bool goes_on(const Step& step, CloudDesk::Question&& question, bool may_go_on,
                 Features& features);
    void observe(const Step& step, const Escalation& job, const EdgeAnswer& edge);
    void turn_away(const Step& step, const Escalation& job, BusyCause cause,
                   base::Duration retry_after);
    void refuse(const Step& step, const Instance& instance, std::uint32_t task);
    void remember(const Instance& instance, const Verdict& verdict);
    /// With what the device shall know of the task it asked for.
    void send(const Step& step, const Instance& instance, std::uint32_t task, Verdict verdict);
    void learn(const Step& step, const Batch& batch, bool has_failed);
    bool is_open(std::uint32_t task, base::Instant now) const;
    EdgeTerms terms_of(std::uint32_t task, const Device& device, base::Instant now) const;
    std::uint8_t price_of(std::uint32_t task, const Device& device, std::uint8_t busy,
                          base::Instant now) const;
    std::uint8_t load() const;
    std::uint64_t bytes_in_flight() const { return queue_.bytes() + running_bytes_; }

    Registry& registry_;
    Catalogue& catalogue_;
    Journal& journal_;
    WorkNumbers& works_;
    OffloadConfig config_;

    WaitingQueue queue_;
    std::map<base::WorkId, Batch> running_;
    std::set<Instance> active_;  ///< queued or running
    std::uint64_t running_bytes_ = 0;
    std::uint64_t next_order_ = 0;
    std::optional<base::Instant> gathering_until_;
    std::optional<base::Instant> idle_since_;
    std::optional<base::Instant> contested_at_;  ///< when a task was last turned away in its turn

    ServiceTimes times_;
    ReturnTimes returns_;
    FairShare shares_;
    SojournGuard guard_;
    ShareBudget budget_;
    EdgeHealth health_;
    LoadMeter meter_;
    CloudDesk cloud_;
    SentAnswers sent_;
    std::map<std::string, GroupNumber> groups_;
    std::map<DeviceNumber, GroupNumber> device_groups_;  ///< by the class each named first
    std::map<std::uint32_t, Arrivals> arrivals_;
    std::map<std::uint32_t, base::Instant> last_runs_;  ///< by task, when one last ended
    std::map<std::uint32_t, base::Instant> doubted_;    ///< by task, when its estimate last was

    std::map<Instance, Verdict> remembered_;
    std::deque<Instance> remembered_order_;
    EscalationStatistics statistics_;
};

}  // namespace frugal::core
