// SPDX-License-Identifier: Apache-2.0
// Requests that carry labelled samples, read strictly. Pure functions, any thread. The samples go
// to the models and are not kept.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "core/admin.hpp"
#include "wire/http_message.hpp"

namespace frugal::wire {

/// PUT /api/v1/tasks/{task}/canary?release=MODEL@N: multipart/form-data with the parts `inputs`
/// (.npy, idx or raw input bytes) and `labels` (a class number a line, or idx).
struct CanaryRequest {
    std::uint32_t task = 0;
    base::ModelName model;  ///< of the release whose variants are measured
    std::uint32_t release = 0;
    base::Bytes inputs;
    base::Bytes labels;
};
base::Result<CanaryRequest> read_canary(const HttpRequest& request);

/// PUT /api/v1/tasks/{task}/edge-model?name=: the body is the model; or, with release= too, the
/// multipart form above with a third part `model`.
struct EdgeModelRequest {
    std::uint32_t task = 0;
    std::string name;
    base::Bytes model;
    std::optional<CanaryRequest> canary;  ///< absent: it serves unmeasured
};
base::Result<EdgeModelRequest> read_set_edge_model(HttpRequest& request);

}  // namespace frugal::wire
