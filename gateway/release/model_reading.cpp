// SPDX-License-Identifier: Apache-2.0
#include "release/model_reading.hpp"

#include "model/bonsai/bonsai.hpp"
#include "model/codec/model_plan.hpp"
#include "model/tflite/strip.hpp"
#include "model/tflite/summary.hpp"

namespace frugal::release {

ModelParts read_parts(base::ByteView file) {
    ModelParts parts{model::plan_of_model(file), 0};
    if (model::is_bonsai(file)) {
        return parts;  // nothing in a tree is dead weight
    }
    if (const auto stripped = model::strip_model(file)) {
        parts.stripped_bytes = static_cast<std::uint32_t>(stripped->size());
    }
    return parts;
}

base::Result<ModelParts> read_base(base::ByteView file) {
    if (model::is_bonsai(file)) {
        const auto tree = model::open_bonsai(file);
        return tree ? base::Result<ModelParts>(read_parts(file)) : tl::unexpected(tree.error());
    }
    const auto summary = model::read_model(file);
    return summary ? base::Result<ModelParts>(read_parts(file)) : tl::unexpected(summary.error());
}

}  // namespace frugal::release
