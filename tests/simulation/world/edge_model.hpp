// SPDX-License-Identifier: Apache-2.0
// Answers escalations in the simulated world with a real model on the devices' own runtime. Owned
// by the world; single-threaded; keeps nothing of an input.
#pragma once

#include "base/result.hpp"
#include "core/event.hpp"
#include "frugal/runtime.h"

namespace frugal::simulation {

class EdgeModel {
public:
    explicit EdgeModel(base::Bytes tflite);
    EdgeModel(const EdgeModel&) = delete;
    EdgeModel& operator=(const EdgeModel&) = delete;

    base::Result<core::EdgeAnswer> classify(base::ByteView input);

private:
    base::Bytes tflite_;
    base::Bytes arena_;
    fr_model_t model_{};
    fr_interpreter_t interpreter_{};
    std::uint32_t short_name_ = 0;
};

}  // namespace frugal::simulation
