// SPDX-License-Identifier: Apache-2.0
#include "app/commit_thread.hpp"

#include <atomic>
#include <future>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "base/assert.hpp"
#include "base/fault_point.hpp"

namespace frugal::app {

struct CommitThread::State {
    State(storage::Database opened, Handler told)
        : database(std::move(opened)), handler(std::move(told)) {}

    storage::Database database;
    Handler handler;
    std::atomic<bool> is_busy{false};
    boost::asio::thread_pool thread{1};
};

CommitThread::CommitThread(storage::Database database, Handler handler)
    : state_(std::make_unique<State>(std::move(database), std::move(handler))) {}

CommitThread::~CommitThread() {
    state_->thread.join();
}

void CommitThread::submit(core::CommitRequest request) {
    FRUGAL_ASSERT(!state_->is_busy.exchange(true));
    boost::asio::post(state_->thread, [state = state_.get(), request = std::move(request)] {
        base::fault_point("commit.before");
        auto outcome = state->database.commit(*request.batch);
        base::fault_point("commit.after");
        state->is_busy = false;
        state->handler(request.id, std::move(outcome));
    });
}

void CommitThread::release_ballast() {
    run_and_wait([this] { state_->database.release_ballast(); });
}

void CommitThread::checkpoint() {
    // A reader in the midst of a query keeps the log; the next start settles it.
    run_and_wait([this] { (void)state_->database.checkpoint(); });
}

void CommitThread::run_and_wait(const std::function<void()>& work) {
    std::promise<void> done;
    boost::asio::post(state_->thread, [&] {
        work();
        done.set_value();
    });
    done.get_future().wait();
}

}  // namespace frugal::app
