// SPDX-License-Identifier: Apache-2.0
// A gain table as a device gets it: compiled, checked, and answered by the device's own evaluator.
// Plain value, any thread. What is simulated with it is what runs.
#pragma once

#include <array>
#include <cstdint>

#include "policy/learn/compiled_table.hpp"

namespace frugal::policy {

class DevicePolicy {
public:
    explicit DevicePolicy(std::uint8_t task);

    /// Compiles what the devices are pushed next.
    void push(const LearnablePart& part);

    /// An unhindered device (link up, battery full, public task) asks its policy.
    /// `price_q8` 0..32767; `random` is fresh.
    fr_policy_answer_t decide(std::uint8_t confidence_q8, std::uint32_t local_class, int price_q8,
                              std::uint32_t random);

    std::size_t size_bytes() const { return size_; }

private:
    fr_policy_context_t context_{};
    std::array<std::uint8_t, FR_POLICY_SIZE_MAX> bytes_{};
    std::size_t size_ = 0;
    std::uint32_t id_ = 0;
};

}  // namespace frugal::policy
