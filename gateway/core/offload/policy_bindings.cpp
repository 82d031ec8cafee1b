// SPDX-License-Identifier: Apache-2.0
#include "core/offload/policy_bindings.hpp"

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

bool PolicyBindings::is_under_way(const Pair& pair) const {
    const auto found = entries_.find(pair);
    return found != entries_.end() && found->second.is_under_way;
}

void PolicyBindings::want(const Step& step, BindPolicy wanted) {
    Pair pair{wanted.form, wanted.model};
    if (is_for(wanted.form->content(), wanted.task.task, wanted.model) || entries_.contains(pair)) {
        return;
    }
    make_room();
    entries_.emplace(pair, Entry{.task = wanted.task.task});
    wanted.work = works_.next();
    under_way_.emplace(wanted.work, std::move(pair));
    step.immediately(std::move(wanted));
}

std::optional<PolicyBindings::Pair> PolicyBindings::on_bound(const Step& step, PolicyBound&& done) {
    const auto found = under_way_.find(done.work);
    if (found == under_way_.end()) {
        return std::nullopt;
    }
    auto pair = std::move(found->second);
    under_way_.erase(found);
    auto& entry = entries_[pair];
    entry.is_under_way = false;
    if (done.form) {
        entry.blob = std::move(*done.form);
    } else {
        const auto& form = pair.first->content();
        journal_.log(step, LogEvent::kPolicyNotBound,
                     {{"version", std::to_string(fr_policy_id(form.data(), form.size()))},
                      {"error", done.form.error().describe()}});
    }
    return pair;
}

std::vector<PolicyBindings::Pair> PolicyBindings::forget_failed(std::uint32_t task) {
    std::vector<Pair> forgotten;
    std::erase_if(entries_, [&](const auto& one) {
        const Entry& entry = one.second;
        const bool has_failed = entry.task == task && !entry.is_under_way && entry.blob == nullptr;
        if (has_failed) {
            forgotten.push_back(one.first);
        }
        return has_failed;
    });
    return forgotten;
}

// All at once: who still needs one asks again.
void PolicyBindings::make_room() {
    if (entries_.size() >= kKeptMax) {
        std::erase_if(entries_, [](const auto& entry) { return !entry.second.is_under_way; });
    }
}

}  // namespace frugal::core
