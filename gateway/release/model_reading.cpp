// SPDX-License-Identifier: Apache-2.0
#include "release/model_reading.hpp"

#include "model/codec/tflite_plan.hpp"
#include "model/tflite/strip.hpp"
#include "model/tflite/summary.hpp"

namespace frugal::release {

ModelParts read_parts(base::ByteView file) {
    ModelParts parts{model::plan_of_tflite(file), 0};
    if (const auto stripped = model::strip_model(file)) {
        parts.stripped_bytes = static_cast<std::uint32_t>(stripped->size());
    }
    return parts;
}

base::Result<ModelParts> read_base(base::ByteView file) {
    if (const auto summary = model::read_model(file); !summary) {
        return tl::unexpected(summary.error());
    }
    return read_parts(file);
}

}  // namespace frugal::release
