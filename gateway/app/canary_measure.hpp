// SPDX-License-Identifier: Apache-2.0
// Private to Api: labelled samples of a request, run through a release's device models and an edge
// model, then registered. Loop thread; the models run one request after the other on a thread of
// their own.
#pragma once

#include "app/api_parts.hpp"
#include "app/canary_run.hpp"
#include "wire/canary_request.hpp"

namespace frugal::app {

/// An edge model that is to serve if it passes.
struct EdgeCandidate {
    base::Digest digest{};
    base::Bytes file;
};

struct Measured {
    std::uint32_t task = 0;
    base::Digest edge_model{};
    std::vector<CanaryPair> pairs{};
    core::EdgePredecessor predecessor{};  ///< what served when the request came
    std::uint32_t owner_changes = 0;      ///< core::TaskList's of then
};

/// Measures the pairs of the release with the candidate, or without one with the edge model that
/// serves, and goes on with `then`; any error is the response.
void measure(ApiParts& parts, const std::string& actor, wire::CanaryRequest request,
             std::optional<EdgeCandidate> candidate, net::Responder respond,
             std::function<void(Measured)> then);

/// Registers the pairs with the learner, which stores their cells, and answers with the pairs.
void register_measured(ApiParts& parts, const std::string& actor, const Measured& measured,
                       const net::Responder& respond);

}  // namespace frugal::app
