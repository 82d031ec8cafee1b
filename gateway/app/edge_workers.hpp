// SPDX-License-Identifier: Apache-2.0
// The threads that run edge models. Each worker owns its engines; the core never has more
// inferences under way than there are workers. Made and used by the loop thread; answers are posted
// to it. Inputs are moved in and wiped with the job; nothing of them is kept, logged or written.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "app/blob_cache.hpp"
#include "core/effect.hpp"
#include "core/event.hpp"

namespace boost::asio {
class io_context;
}

namespace frugal::app {

class EdgeWorkers {
public:
    using Handler = std::function<void(core::InferenceDone)>;

    /// `handler` is called on the loop.
    EdgeWorkers(boost::asio::io_context& loop, std::size_t worker_count, Handler handler);

    /// Waits for inferences under way.
    ~EdgeWorkers();
    EdgeWorkers(const EdgeWorkers&) = delete;
    EdgeWorkers& operator=(const EdgeWorkers&) = delete;

    void run(core::Infer job, SharedBytes model);

private:
    struct Worker;
    Worker& least_busy();

    boost::asio::io_context& loop_;
    Handler handler_;
    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace frugal::app
