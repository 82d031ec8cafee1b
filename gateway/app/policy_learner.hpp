// SPDX-License-Identifier: Apache-2.0
// The learner in the daemon: gathers what the core tells of answered escalations and durable
// decisions, lets the learner work on the pool for slow work once a second, stores what it learned
// and sets the policies it wants, signed, like any other. Owned by Api; loop thread but for the
// pool's part. Sees no input, and decides no task.
#pragma once

#include <memory>

#include "app/api_parts.hpp"

namespace frugal::app {

struct Measured;

class PolicyLearner {
public:
    explicit PolicyLearner(ApiParts& parts);
    ~PolicyLearner();
    PolicyLearner(const PolicyLearner&) = delete;
    PolicyLearner& operator=(const PolicyLearner&) = delete;

    /// Begins to listen, going on from what is stored.
    void start();

    /// No more rounds. What was told since the last full window is lost, which is less than one.
    void stop();

    /// What labelled samples say of pairs of models: their cells begin anew from it, and are
    /// stored. kConflict, with all as before, if a person's policy came since it was begun.
    void register_pairs(const std::string& actor, Measured measured,
                        std::function<void(const base::Result<core::AdminReply>&)> then);

    /// GET /api/v1/policies/learned: all cells, or those of one task.
    void list(std::optional<std::uint32_t> task, net::Responder respond);

private:
    class Impl;
    std::shared_ptr<Impl> impl_;  ///< answers of the core may outlive the loop
};

}  // namespace frugal::app
