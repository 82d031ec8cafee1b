// SPDX-License-Identifier: Apache-2.0
// Where the escalation desk meets the third tier: inputs that go on, and how every task instance is
// settled, whoever answered it.
#include "core/offload/escalation_desk.hpp"

namespace frugal::core {

namespace {

/// Its labels tell; a task without labels has as many classes as its edge model just answered with.
std::uint32_t class_count(const TaskRecord& task, const CloudDesk::Question& question) {
    const auto answered = question.edge ? question.edge->chances.size() : 0;
    return static_cast<std::uint32_t>(task.labels.empty() ? answered : task.labels.size());
}

}  // namespace

bool EscalationDesk::goes_on(const Step& step, CloudDesk::Question&& question, bool may_go_on,
                             Features& features) {
    const auto* task = catalogue_.task(question.task);
    question.way_back = returns_.allowance(question.instance.device, step.now.instant);
    if (task == nullptr || features.size() == 0 || !cloud_.would_ask(step, question)) {
        return false;
    }
    auto released = PublicFeatures::from(*task, may_go_on, features);
    if (!released) {
        return false;
    }
    question.privacy = task->privacy;
    question.classes = class_count(*task, question);
    const auto instance = question.instance;
    cloud_.ask(step, std::move(question), std::move(*released));
    active_.insert(instance);
    return true;
}

void EscalationDesk::on_cloud(const Step& step, const CloudDone& done) {
    if (!done.answer) {
        journal_.log(step, LogEvent::kCloudFailed, {{"error", done.answer.error().describe()}});
    }
    if (const auto settled = cloud_.on_answer(step, done)) {
        settle(step, *settled);
    }
}

void EscalationDesk::settle(const Step& step, const CloudDesk::Settled& settled) {
    const auto& question = settled.question;
    active_.erase(question.instance);
    if (!settled.answer) {
        refuse(step, question.instance, question.task);
        return;
    }
    if (step.now.instant > question.deadline) {
        ++statistics_.expired;
        return;
    }
    statistics_.answered += settled.tier == Tier::kEdge ? 1 : 0;
    statistics_.disagreements += settled.answer->class_id != question.local_class ? 1 : 0;
    const Verdict verdict{.stream = question.instance.stream,
                          .sequence = question.instance.sequence,
                          .status = VerdictStatus::kAnswered,
                          .class_id = settled.answer->class_id,
                          .confidence = settled.answer->confidence,
                          .tier = settled.tier,
                          .edge_model = settled.answer->edge_model};
    remember(question.instance, verdict);
    sent_.note(question.instance, question.deadline - step.now.instant, step.now.instant);
    send(step, question.instance, question.task, verdict);
}

}  // namespace frugal::core
