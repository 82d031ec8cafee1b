// SPDX-License-Identifier: Apache-2.0
#include "app/canary_run.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "inference/engine.hpp"
#include "model/bonsai/bonsai.hpp"
#include "model/compress/samples_file.hpp"
#include "policy/learn/isogain.hpp"

namespace frugal::app {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;
using inference::Classification;
using inference::Engine;

constexpr double kWholeQ8 = 256;

struct Samples {
    std::vector<base::Bytes> inputs;
    std::vector<std::uint32_t> labels;
};

Result<Samples> read_samples(const CanaryJob& job, const CanaryModel& local) {
    const auto format = model::input_format(local.file);
    auto inputs = format ? model::parse_inputs(job.inputs, *format, "inputs", kCanarySamplesMax)
                         : Result<std::vector<base::Bytes>>(tl::unexpected(format.error()));
    auto labels = model::parse_labels(job.labels, "labels", kCanarySamplesMax);
    if (!inputs || !labels) {
        return tl::unexpected(!inputs ? inputs.error() : labels.error());
    }
    if (inputs->size() != labels->size()) {
        return fail(ErrorKind::kInvalidInput, "the samples cannot be used",
                    fmt::format("{} inputs, but {} labels", inputs->size(), labels->size()),
                    "Send one label for each input.");
    }
    if (inputs->size() < kCanarySamplesMin) {
        return fail(ErrorKind::kInvalidInput, "the samples cannot be used",
                    fmt::format("there are {}", inputs->size()),
                    fmt::format("Send {} to {}; 200 to 500 are a good measure.", kCanarySamplesMin,
                                kCanarySamplesMax));
    }
    const auto strange =
        std::ranges::find_if(*labels, [&](std::uint32_t label) { return label >= job.classes; });
    if (strange != labels->end()) {
        return fail(ErrorKind::kInvalidInput, "the samples cannot be used",
                    fmt::format("label {} is no class of the task", *strange),
                    fmt::format("Number the classes 0 to {}.", job.classes - 1));
    }
    return Samples{std::move(*inputs), std::move(*labels)};
}

using Clock = std::chrono::steady_clock;

/// When a canary began, and when it has to end.
struct Time {
    Clock::time_point end;
    std::chrono::milliseconds limit;
    std::stop_token stop;
};

Result<std::vector<Classification>> answers_of(Engine& engine, const std::string& name,
                                               const std::vector<base::Bytes>& inputs,
                                               const Time& time) {
    std::vector<Classification> answers;
    for (const auto& input : inputs) {
        if (time.stop.stop_requested()) {
            return fail(ErrorKind::kUnavailable, "the samples were not measured",
                        "the gateway stops", "Send them again when it is back.");
        }
        if (Clock::now() > time.end) {
            return fail(
                ErrorKind::kLimit, "the samples were not measured",
                fmt::format("the models take more than {} s for all of them",
                            std::chrono::duration_cast<std::chrono::seconds>(time.limit).count()),
                "Send fewer samples; 200 are a measure.");
        }
        auto answer = engine.classify(input);
        if (!answer) {
            return fail(answer.error(), name);
        }
        answers.push_back(std::move(*answer));
    }
    return answers;
}

Result<std::vector<Classification>> answers_of(base::Bytes file, const std::string& name,
                                               const std::vector<base::Bytes>& inputs,
                                               const Time& time) {
    auto engine = Engine::load(std::move(file));
    return engine ? answers_of(*engine, name, inputs, time) : fail(engine.error(), name);
}

// As the learner hears of an escalation: chances in q8, of the edge's class and of the device's.
std::vector<policy::CanarySample> join(const std::vector<Classification>& local,
                                       const std::vector<Classification>& edge,
                                       const std::vector<std::uint32_t>& labels) {
    std::vector<policy::CanarySample> canary(labels.size());
    for (std::size_t i = 0; i < canary.size(); ++i) {
        auto& answers = canary[i].answers;
        canary[i].true_class = labels[i];
        answers.local_class = local[i].class_index;
        answers.edge_class = edge[i].class_index;
        answers.confidence_q8 = local[i].confidence_q8;
        const auto& chances = edge[i].probability_q8;
        const double of_local =
            answers.local_class < chances.size() ? chances[answers.local_class] / kWholeQ8 : 0;
        answers.opinion = policy::EdgeOpinion{edge[i].confidence_q8 / kWholeQ8, of_local};
    }
    return canary;
}

/// What the edge models say to a set of inputs: device models that read the samples alike share it.
struct EdgeAnswers {
    std::vector<base::Bytes> inputs{};
    std::vector<Classification> edge{};
    std::vector<Classification> before{};  ///< empty: there is none, or it takes another input
};

// What the edge model that serves now says; nothing if it takes another input.
Result<std::vector<Classification>> ask_before(const CanaryJob& job,
                                               const std::vector<base::Bytes>& inputs,
                                               const Time& time) {
    if (job.before.empty()) {
        return std::vector<Classification>();
    }
    const std::string name = "edge model that serves now";
    auto engine = Engine::load(job.before);
    if (!engine) {
        return fail(engine.error(), name);
    }
    return engine->input_size() == inputs.front().size() ? answers_of(*engine, name, inputs, time)
                                                         : std::vector<Classification>();
}

Result<void> ask_edge(const CanaryJob& job, const std::vector<base::Bytes>& inputs,
                      const Time& time, EdgeAnswers& known) {
    if (known.inputs == inputs) {
        return {};
    }
    auto edge = answers_of(job.edge, "edge model", inputs, time);
    if (!edge) {
        return tl::unexpected(edge.error());
    }
    auto before = ask_before(job, inputs, time);
    if (!before) {
        return tl::unexpected(before.error());
    }
    known = {inputs, std::move(*edge), std::move(*before)};
    return {};
}

Result<CanaryPair> run_pair(const CanaryJob& job, const CanaryModel& local, const Time& time,
                            EdgeAnswers& edge) {
    const auto samples = read_samples(job, local);
    if (!samples) {
        return fail(samples.error(), "device class " + local.device_class.text());
    }
    const std::string name = "model of device class " + local.device_class.text();
    const auto mine = answers_of(local.file, name, samples->inputs, time);
    if (!mine) {
        return tl::unexpected(mine.error());
    }
    if (const auto asked = ask_edge(job, samples->inputs, time, edge); !asked) {
        return tl::unexpected(asked.error());
    }
    const auto canary = join(*mine, edge.edge, samples->labels);
    const auto before = edge.before.empty() ? std::vector<policy::CanarySample>()
                                            : join(*mine, edge.before, samples->labels);
    const auto registration = policy::register_pair(canary, job.classes);
    return CanaryPair{
        local.device_class,
        local.digest,
        job.edge_digest,
        registration,
        policy::IsoGain({}, policy::without_classes(registration, canary), job.classes).table(),
        policy::judge_edge(canary, before)};
}

}  // namespace

Result<std::vector<CanaryPair>> run_canary(const CanaryJob& job) {
    std::vector<CanaryPair> pairs;
    const Time time{Clock::now() + job.time_limit, job.time_limit, job.stop};
    EdgeAnswers edge;
    for (const auto& local : job.locals) {
        if (model::is_bonsai(local.file)) {
            continue;  // a tree has no engine here
        }
        auto pair = run_pair(job, local, time, edge);
        if (!pair) {
            return tl::unexpected(pair.error());
        }
        pairs.push_back(std::move(*pair));
    }
    if (pairs.empty()) {
        return fail(ErrorKind::kUnsupported, "the samples cannot be used",
                    "the release holds only Bonsai trees, which are not measured",
                    "Measure them where they were trained: models-without-a-gateway.md.");
    }
    return pairs;
}

Result<void> judge(const std::vector<CanaryPair>& pairs) {
    const auto is = [](policy::EdgeVerdict verdict) {
        return [verdict](const CanaryPair& pair) { return pair.figures.verdict == verdict; };
    };
    const std::string remedy =
        "Keep the edge model that serves, or send a better one; without samples it is not "
        "measured.";
    const auto fell = std::ranges::find_if(pairs, is(policy::EdgeVerdict::kFell));
    if (fell != pairs.end()) {
        const auto& figures = fell->figures;
        return fail(
            ErrorKind::kConflict, "the edge model is not taken",
            fmt::format("right in {:.1f} % of {} samples, the one before in {:.1f} %: {:.1f} "
                        "standard errors, more than chance explains",
                        100 * figures.edge_right, figures.samples,
                        100 * figures.before_right.value_or(0), figures.fall_sigmas),
            remedy);
    }
    if (!pairs.empty() && std::ranges::all_of(pairs, is(policy::EdgeVerdict::kNoGain))) {
        const auto& figures = pairs.front().figures;
        return fail(ErrorKind::kConflict, "the edge model is not taken",
                    fmt::format("right in {:.1f} % of {} samples, devices of class {} alone in "
                                "{:.1f} %: asking it gains nothing",
                                100 * figures.edge_right, figures.samples,
                                pairs.front().device_class.text(), 100 * figures.local_right),
                    remedy);
    }
    return {};
}

}  // namespace frugal::app
