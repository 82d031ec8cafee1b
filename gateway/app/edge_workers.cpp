// SPDX-License-Identifier: Apache-2.0
#include "app/edge_workers.hpp"

#include <algorithm>
#include <chrono>
#include <map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "inference/engine.hpp"

namespace frugal::app {

using base::Result;

namespace {

constexpr std::size_t kEnginesMax = 8;  ///< edge models one worker keeps loaded

/// The leading four bytes of a digest, big endian: how a verdict names its model.
std::uint32_t short_name(const base::Digest& digest) {
    return static_cast<std::uint32_t>(digest[0]) << 24 |
           static_cast<std::uint32_t>(digest[1]) << 16 |
           static_cast<std::uint32_t>(digest[2]) << 8 | digest[3];
}

/// The inputs that the core wants back, in the places of their answers.
std::vector<core::Features> take_doubted(core::Infer& job,
                                         const std::vector<Result<core::EdgeAnswer>>& answers) {
    std::vector<core::Features> doubted(job.doubt_below.size());
    for (std::size_t i = 0; i < doubted.size(); ++i) {
        if (!answers[i] || answers[i]->confidence < job.doubt_below[i]) {
            doubted[i] = std::move(job.inputs[i]);
        }
    }
    return doubted;
}

}  // namespace

struct EdgeWorkers::Worker {
    std::map<base::Digest, inference::Engine> engines;  ///< the thread's own
    /// Jobs not answered yet; the loop's own. Shared, because answers may come after the worker.
    std::shared_ptr<std::size_t> waiting = std::make_shared<std::size_t>(0);
    boost::asio::thread_pool thread{1};

    Result<inference::Engine*> engine_of(const core::Infer& job, const base::Bytes& model) {
        auto found = engines.find(job.edge_model);
        if (found == engines.end()) {
            auto engine = inference::Engine::load(model);
            if (!engine) {
                return tl::unexpected(engine.error());
            }
            if (engines.size() >= kEnginesMax) {
                engines.clear();
            }
            found = engines.emplace(job.edge_model, std::move(*engine)).first;
        }
        return &found->second;
    }

    std::vector<Result<core::EdgeAnswer>> answer(const core::Infer& job, const base::Bytes& model) {
        std::vector<Result<core::EdgeAnswer>> answers;
        answers.reserve(job.inputs.size());
        const auto engine = engine_of(job, model);
        if (!engine) {
            answers.assign(job.inputs.size(), tl::unexpected(engine.error()));
            return answers;
        }
        std::vector<base::ByteView> views;
        views.reserve(job.inputs.size());
        for (const auto& input : job.inputs) {
            views.push_back(input.view());
        }
        for (const auto& classified : (*engine)->classify_batch(views)) {
            if (classified) {
                answers.emplace_back(
                    core::EdgeAnswer{classified->class_index, classified->confidence_q8,
                                     short_name(job.edge_model), classified->probability_q8});
            } else {
                answers.emplace_back(tl::unexpected(classified.error()));
            }
        }
        return answers;
    }
};

EdgeWorkers::EdgeWorkers(boost::asio::io_context& loop, std::size_t worker_count, Handler handler)
    : loop_(loop), handler_(std::move(handler)) {
    for (std::size_t i = 0; i < worker_count; ++i) {
        workers_.push_back(std::make_unique<Worker>());
    }
}

EdgeWorkers::~EdgeWorkers() {
    for (auto& worker : workers_) {
        worker->thread.join();
    }
}

EdgeWorkers::Worker& EdgeWorkers::least_busy() {
    return **std::min_element(workers_.begin(), workers_.end(), [](const auto& a, const auto& b) {
        return *a->waiting < *b->waiting;
    });
}

void EdgeWorkers::run(core::Infer job, SharedBytes model) {
    Worker& worker = least_busy();
    ++*worker.waiting;
    // A job is movable only (its features must not be copied), so it travels by shared pointer.
    auto shared = std::make_shared<core::Infer>(std::move(job));
    boost::asio::post(worker.thread, [&loop = loop_, handler = handler_, &worker,
                                      waiting = worker.waiting, shared, model = std::move(model)] {
        const auto begin = std::chrono::steady_clock::now();
        auto answers = worker.answer(*shared, *model);
        const auto took =
            std::chrono::duration_cast<base::Duration>(std::chrono::steady_clock::now() - begin);
        auto doubted = take_doubted(*shared, answers);
        shared->inputs.clear();  // wiped on their way out
        core::InferenceDone done{shared->work, std::move(answers), took, std::move(doubted)};
        boost::asio::post(loop, [handler, waiting, done = std::move(done)]() mutable {
            --*waiting;
            handler(std::move(done));
        });
    });
}

}  // namespace frugal::app
