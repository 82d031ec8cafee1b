// SPDX-License-Identifier: Apache-2.0
// What can be said against a compression before any stage runs: stages take minutes, and NaN in a
// weight or an input would make a model of zeros. Inside this folder only; pure, any thread.
#pragma once

#include <cstddef>
#include <optional>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "model/compress/pipeline.hpp"

namespace frugal::model {

/// Place of the first of little-endian float32 numbers that is NaN or infinite.
std::optional<std::size_t> first_not_finite(base::ByteView floats);

/// Fails with kInvalidInput: labels that are not as many as the inputs or no classes of the model,
/// a gate that needs labels without any, a stage that needs a base without one, constants of the
/// model that are no numbers. Otherwise as read_model().
base::Result<void> check_job(const CompressInput& input, const Recipe& recipe);

}  // namespace frugal::model
