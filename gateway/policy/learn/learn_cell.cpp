// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/learn_cell.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "policy/learn/class_tables.hpp"
#include "policy/learn/state_bytes.hpp"

namespace frugal::policy {

namespace {

constexpr std::uint8_t kVersion = 2;
constexpr std::size_t kPolicyAt = 2;  ///< of the policy id in a saved state
constexpr double kRecentTasks = 1024;
constexpr double kMemoryTasks = 16'000;
constexpr double kLeastRho = 0.05;
constexpr double kLeastCost = 1.0 / 256;

IsoGainConfig config_of(const CellTerms& terms) {
    IsoGainConfig config;
    config.audit_q8 = terms.authored.audit_q8;
    if (config.audit_q8 == 0) {  // the owner wants none, not even when something is wrong
        config.alarm_audit_q8 = 0;
        config.probe_audit_q8 = 0;
    }
    config.memory_tasks = kMemoryTasks;
    return config;
}

TableBytes filled(std::uint8_t gain) {
    TableBytes table{};
    table.fill(gain);
    return table;
}

std::uint8_t byte_of(int gain) {
    return static_cast<std::uint8_t>(std::clamp(gain, 0, 255));
}

/// The most that any class's gain differs.
int distance(const LearnablePart& one, const LearnablePart& other) {
    int largest = 0;
    for (std::size_t class_id = 0; class_id < FR_CLASSES_MAX; ++class_id) {
        const TableBytes* left = one.table_of(class_id);
        const TableBytes* right = other.table_of(class_id);
        for (std::size_t bin = 0; left != nullptr && right != nullptr && bin < kBins; ++bin) {
            largest = std::max(largest, std::abs(int{(*left)[bin]} - int{(*right)[bin]}));
        }
    }
    return largest;
}

/// Moves no class's gain by more than the step. False if classes that held tables far apart are in
/// one group now. The owner's bounds have the last word, also over the step.
bool limit_step(const LearnablePart& from, LearnablePart& to, int step, const GroupBounds& bounds) {
    std::array<TableBytes, FR_POLICY_GROUPS_MAX> least{};
    std::array<TableBytes, FR_POLICY_GROUPS_MAX> most{};
    most.fill(filled(255));
    for (std::size_t class_id = 0; class_id < FR_CLASSES_MAX; ++class_id) {
        const TableBytes* held = from.table_of(class_id);
        const std::uint8_t group = to.classes[class_id];
        for (std::size_t bin = 0; held != nullptr && group < to.groups && bin < kBins; ++bin) {
            const int gain = (*held)[bin];
            least[group][bin] = std::max(least[group][bin], byte_of(gain - step));
            most[group][bin] = std::min(most[group][bin], byte_of(gain + step));
        }
    }
    for (std::size_t group = 0; group < to.groups; ++group) {
        for (std::size_t bin = 0; bin < kBins; ++bin) {
            if (least[group][bin] > most[group][bin]) {
                return false;
            }
            auto& gain = to.tables[group][bin];
            gain = std::clamp(gain, least[group][bin], most[group][bin]);
        }
        to.tables[group] = bounded(to.tables[group], bounds[group]);
    }
    return true;
}

}  // namespace

LearnCell::LearnCell(const CellTerms& terms, std::uint64_t seed) : terms_(terms), rng_(seed) {
    begin();
}

void LearnCell::restart(const CellTerms& terms) {
    terms_ = terms;
    begin();
}

void LearnCell::begin() {
    isogain_.reset();
    hedge_.reset();
    trust_ = {};
    sketch_ = {};
    pushed_ = terms_.held;
    pushed_at_.reset();
    alarms_pushed_ = 0;
    may_jump_ = false;
    tasks_ = recent_ = answered_ = 0;
    if (terms_.mode == LearnMode::kHedge) {
        hedge_.emplace(std::max(terms_.cost, kLeastCost), kHedgeHorizon);
        drawn_ = threshold_table(hedge_->draw(rng_));
    } else if (terms_.mode == LearnMode::kIsoGain) {
        isogain_.emplace(config_of(terms_), terms_.registration, terms_.classes);
    }
}

void LearnCell::on_local(std::uint8_t confidence_q8, std::uint32_t local_class) {
    sketch_.add(confidence_q8, local_class);
    if (hedge_) {
        hedge_->observe(bin_of(confidence_q8), std::nullopt);
    }
}

void LearnCell::on_answer(const AnsweredTask& task) {
    answered_ += 1;
    if (task.is_in_time) {
        sketch_.add(task.answers.confidence_q8, task.answers.local_class);
    }
    if (hedge_) {
        const double signal =
            gain_signal(task.answers, terms_.registration.temperature, terms_.classes);
        hedge_->observe(bin_of(task.answers.confidence_q8), terms_.registration.rho * signal);
    }
    if (!isogain_) {
        return;
    }
    // In what the answers show, not in what it is worth: else a pair with a small rho hides liars.
    const auto shown = isogain_->showing(task.answers);
    trust_.add(task.device, shown.surprise() / std::clamp(shown.rho, kLeastRho, 1.0));
    if (trust_.is_believed(task.device)) {
        isogain_->observe({task.answers, task.is_audit, task.device, task.at}, shown);
    }
}

void LearnCell::on_sibling_window(std::uint32_t tasks) {
    recent_ *= std::exp(-(tasks / kRecentTasks));
}

std::uint32_t LearnCell::end_window() {
    const auto tasks = sketch_.tasks;
    if (tasks < kWindowTasks) {
        return 0;
    }
    tasks_ += tasks;
    recent_ = recent_ * std::exp(-(tasks / kRecentTasks)) + tasks;
    if (isogain_) {
        for (const std::uint32_t device : trust_.judge()) {
            isogain_->retract(device);
        }
        isogain_->end_window(sketch_);
        may_jump_ = may_jump_ || isogain_->is_alarmed() || isogain_->alarms() != alarms_pushed_;
    }
    if (hedge_ && tasks_ >= kHedgeHorizon) {
        hedge_.emplace(std::max(terms_.cost, kLeastCost), kHedgeHorizon);
        tasks_ = 0;
    }
    sketch_ = {};
    return tasks;
}

TableBytes LearnCell::table() const {
    return isogain_ ? isogain_->table() : hedge_ ? drawn_ : terms_.authored.tables[0];
}

LearnablePart LearnCell::offer() const {
    return isogain_ ? learned_part(*isogain_, terms_.authored, terms_.classes, terms_.bounds)
                    : part_within(terms_.authored, table(), terms_.bounds, audit_q8());
}

std::uint8_t LearnCell::audit_q8() const {
    if (hedge_) {
        return static_cast<std::uint8_t>(std::min(255.0, std::ceil(hedge_->exploration() * 256)));
    }
    return isogain_ ? isogain_->audit_q8() : terms_.authored.audit_q8;
}

bool LearnCell::is_urgent() const {
    return isogain_ && (may_jump_ || audit_q8() != pushed_.audit_q8);
}

std::optional<LearnablePart> LearnCell::next_push(base::Instant now) {
    if ((!isogain_ && !hedge_) || tasks_ < kWindowTasks) {
        return std::nullopt;
    }
    if (is_restored_) {
        is_restored_ = false;
        pushed_at_ = now;  // when the last push was is not known: it may have been a moment ago
    }
    const base::Duration interval = is_urgent() ? kUrgentInterval : kPushInterval;
    if (pushed_at_ && now - *pushed_at_ < interval) {
        return std::nullopt;
    }
    if (hedge_) {
        pushed_at_ = now;  // one draw an interval, also when it draws the same
        hedge_->end_window();
        drawn_ = threshold_table(hedge_->draw(rng_));
    }
    LearnablePart part = offer();
    if (isogain_ && !may_jump_ && !limit_step(pushed_, part, kStepMax, terms_.bounds)) {
        part = filled_in(*isogain_, pushed_, terms_.bounds);
        limit_step(pushed_, part, kStepMax, terms_.bounds);
    }
    const bool is_news = distance(part, pushed_) >= kPushLeast || part.audit_q8 != pushed_.audit_q8;
    return is_news ? std::optional(part) : std::nullopt;
}

void LearnCell::on_pushed(const LearnablePart& part, std::uint32_t policy_id, base::Instant now) {
    pushed_ = part;
    terms_.policy_id = policy_id;
    pushed_at_ = now;
    alarms_pushed_ = alarms();
    may_jump_ = false;
}

base::Bytes LearnCell::save() const {
    StateWriter to;
    to.u8(kVersion);
    to.u8(static_cast<std::uint32_t>(terms_.mode));
    to.u32(terms_.policy_id);
    if (hedge_) {  // IsoGain keeps them in its own state
        to.real(terms_.registration.temperature);
        to.real(terms_.registration.rho);
        to.real(tasks_);
    }
    base::Bytes state = to.take();
    const base::Bytes learned = isogain_ ? isogain_->save()
                                : hedge_ ? hedge_->save()
                                         : base::Bytes();
    state.insert(state.end(), learned.begin(), learned.end());
    return state;
}

std::optional<base::Bytes> LearnCell::moved(base::ByteView state, std::uint32_t from,
                                            std::uint32_t to) {
    StateReader reader(state);
    const bool is_ours = reader.u8() == kVersion;
    reader.u8();
    if (reader.u32() != from || !is_ours || !reader.is_good()) {
        return std::nullopt;
    }
    StateWriter id;
    id.u32(to);
    base::Bytes moved(state.begin(), state.end());
    std::ranges::copy(id.take(), moved.begin() + kPolicyAt);
    return moved;
}

bool LearnCell::restore(base::ByteView state, const std::vector<std::uint32_t>& doubted) {
    StateReader from(state);
    if (from.u8() != kVersion || from.u8() != static_cast<std::uint8_t>(terms_.mode)) {
        return false;
    }
    // Another policy than the one it was saved under came from the owner: that one counts.
    if (from.u32() != terms_.policy_id) {
        return false;
    }
    CellTerms terms = terms_;
    double tasks = 0;
    if (terms.mode == LearnMode::kHedge) {
        terms.registration.temperature = from.real();
        terms.registration.rho = from.real();
        tasks = from.real();
    }
    if (!from.is_good() || terms.registration.temperature <= 0 || tasks < 0) {
        return false;
    }
    LearnCell next(terms, rng_.next());
    const bool is_learned = next.isogain_ ? next.isogain_->restore(from.rest())
                            : next.hedge_ ? next.hedge_->restore(from.rest())
                                          : from.rest().empty();
    if (!is_learned) {
        return false;
    }
    next.alarms_pushed_ = next.alarms();
    next.tasks_ = next.isogain_ ? next.isogain_->tasks() : tasks;
    next.is_restored_ = true;
    next.trust_.doubt(doubted);
    *this = std::move(next);
    return true;
}

}  // namespace frugal::policy
