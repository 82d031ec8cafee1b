// SPDX-License-Identifier: Apache-2.0
// Where a device's samples come from. One sensor serves all devices that measure the same thing;
// chance is the caller's, so each device sees its own sequence. Immutable after creation, any
// thread. A sample never leaves memory through here.
#pragma once

#include <cstddef>

#include "device-sim/support/bytes.hpp"
#include "device-sim/support/random.hpp"

namespace frugal::swarm {

struct Sample {
    Bytes input;    ///< the model's input tensor, int8
    int label = 0;  ///< the true class: for accuracy figures only, the device never sees it
};

class Sensor {
public:
    virtual ~Sensor() = default;
    virtual std::size_t input_bytes() const = 0;
    virtual std::size_t class_count() const = 0;
    virtual void measure(Random& random, Sample& sample) const = 0;
};

}  // namespace frugal::swarm
