// SPDX-License-Identifier: Apache-2.0
// The storage writer: a thread that owns the database while it runs, commits one batch at a time
// and tells the outcome. Made and used by the loop thread; the handler is called on the writer's
// own thread and should only post. Never retries: a failed commit ends the thread's work.
#pragma once

#include <functional>
#include <memory>

#include "core/tick.hpp"
#include "storage/database.hpp"

namespace frugal::app {

class CommitThread {
public:
    using Handler = std::function<void(std::uint64_t id, base::Result<void> outcome)>;

    CommitThread(storage::Database database, Handler handler);

    /// Waits for a commit under way, then closes the database.
    ~CommitThread();
    CommitThread(const CommitThread&) = delete;
    CommitThread& operator=(const CommitThread&) = delete;

    /// At most one may be under way (asserted).
    void submit(core::CommitRequest request);

    /// Gives up the reserve file, so that a full disk has room when the database is opened again.
    /// Waits for a commit under way.
    void release_ballast();

    /// Moves the log into the database file, so that the file alone is whole at an orderly end.
    /// Waits for a commit under way.
    void checkpoint();

private:
    struct State;
    void run_and_wait(const std::function<void()>& work);
    std::unique_ptr<State> state_;
};

}  // namespace frugal::app
