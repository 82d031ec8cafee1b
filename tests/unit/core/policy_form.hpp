// SPDX-License-Identifier: Apache-2.0
// Compiled policies of task 1 that name a device model, for tests.
#pragma once

#include "frugal/limits.h"
#include "frugal/policy.h"
#include "unit/core/site_world.hpp"

namespace frugal::core {

inline base::Bytes form_for(std::uint32_t id, const base::Digest& model) {
    fr_policy_task_spec_t task{};
    task.task = 1;
    task.tier = FR_TIER_EDGE;
    task.group_count = 1;
    task.model = static_cast<std::uint16_t>(fr_policy_model_tag(model.data()));
    const fr_policy_spec_t spec{id, 0, nullptr, 0, &task, 1};
    base::Bytes bytes(FR_POLICY_SIZE_MAX);
    std::size_t size = 0;
    EXPECT_EQ(fr_policy_build(&spec, bytes.data(), bytes.size(), &size), FR_OK);
    bytes.resize(size);
    return bytes;
}

inline SignedPointer signed_form(std::uint32_t id, const base::Digest& model) {
    return signed_policy(base::as_text(form_for(id, model)));
}

/// 0 for any.
inline std::uint32_t model_in(const SignedPointer& form) {
    return fr_policy_model(form->content().data(), form->content().size(), 1);
}

}  // namespace frugal::core
