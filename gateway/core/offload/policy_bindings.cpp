// SPDX-License-Identifier: Apache-2.0
#include "core/offload/policy_bindings.hpp"

#include <algorithm>

#include "frugal/policy.h"

namespace frugal::core {

namespace {

// A form of an earlier version of the gateway is compiled anew too; what is no policy at all is not
// ours to judge.
bool is_for(const base::Bytes& form, std::uint32_t task, const base::Digest& model) {
    const bool is_outdated =
        form.size() > 2 && form[0] == 'F' && form[1] == 'P' && form[2] != FR_POLICY_VERSION;
    return !is_outdated &&
           fr_policy_suits(form.data(), form.size(), task, fr_policy_model_tag(model.data()));
}

}  // namespace

SignedPointer PolicyBindings::find(const Pair& pair, std::uint32_t task) const {
    if (is_for(pair.first->content(), task, pair.second)) {
        return pair.first;
    }
    const auto found = entries_.find(pair);
    return found != entries_.end() ? found->second.blob : nullptr;
}

bool PolicyBindings::is_out_of_reach(const Pair& pair) const {
    const auto found = entries_.find(pair);
    return found != entries_.end() && found->second.blob == nullptr;
}

bool PolicyBindings::is_awaited(const Pair& pair) const {
    const auto found = entries_.find(pair);
    return found != entries_.end() && found->second.is_awaited;
}

void PolicyBindings::want(const Step& step, BindPolicy wanted) {
    Pair pair{wanted.form, wanted.model};
    if (is_for(wanted.form->content(), wanted.task.task, wanted.model) || entries_.contains(pair)) {
        return;
    }
    make_room();
    entries_.emplace(pair, Entry{.task = wanted.task.task});
    wanted.work = works_.next();
    under_way_.emplace(wanted.work, Work{std::move(pair), step.now.instant});
    step.immediately(std::move(wanted));
}

std::optional<PolicyBindings::Pair> PolicyBindings::on_bound(const Step& step, PolicyBound&& done) {
    const auto found = under_way_.find(done.work);
    if (found == under_way_.end()) {
        return std::nullopt;
    }
    auto pair = std::move(found->second.pair);
    under_way_.erase(found);
    auto& entry = entries_.at(pair);
    entry.is_awaited = false;
    if (done.form) {
        entry.blob = std::move(*done.form);
    } else {
        log_failure(step, pair, done.form.error().describe());
    }
    return pair;
}

std::vector<PolicyBindings::Pair> PolicyBindings::on_time(const Step& step) {
    std::vector<Pair> given_up;
    for (const auto& [work, one] : under_way_) {
        auto& entry = entries_.at(one.pair);
        if (entry.is_awaited && step.now.instant >= one.asked + kAnswerWait) {
            entry.is_awaited = false;
            const auto waited = std::chrono::duration_cast<std::chrono::seconds>(kAnswerWait);
            log_failure(step, one.pair,
                        "no answer in " + std::to_string(waited.count()) +
                            " s: its devices are told of everything else, and of it if it comes");
            given_up.push_back(one.pair);
        }
    }
    return given_up;
}

// Works are asked for in the order of their numbers.
std::optional<base::Instant> PolicyBindings::next_deadline() const {
    const auto first = std::ranges::find_if(
        under_way_, [this](const auto& work) { return entries_.at(work.second.pair).is_awaited; });
    return first == under_way_.end() ? std::nullopt
                                     : std::optional(first->second.asked + kAnswerWait);
}

void PolicyBindings::log_failure(const Step& step, const Pair& pair, const std::string& error) {
    const auto& form = pair.first->content();
    journal_.log(
        step, LogEvent::kPolicyNotBound,
        {{"version", std::to_string(fr_policy_id(form.data(), form.size()))}, {"error", error}});
}

std::vector<PolicyBindings::Pair> PolicyBindings::forget_failed(std::uint32_t task) {
    std::vector<Pair> forgotten;
    forget([&](const Pair& pair, const Entry& entry) {
        const bool has_failed = entry.task == task && !entry.is_awaited && entry.blob == nullptr;
        if (has_failed) {
            forgotten.push_back(pair);
        }
        return has_failed;
    });
    return forgotten;
}

// All at once: who still needs one asks again.
void PolicyBindings::make_room() {
    if (entries_.size() >= kKeptMax) {
        forget([](const Pair&, const Entry& entry) { return !entry.is_awaited; });
    }
}

// With the works that nobody waits for any more.
template <typename Which>
void PolicyBindings::forget(const Which& which) {
    std::erase_if(entries_, [&](const auto& one) { return which(one.first, one.second); });
    std::erase_if(under_way_,
                  [this](const auto& work) { return !entries_.contains(work.second.pair); });
}

}  // namespace frugal::core
