// SPDX-License-Identifier: Apache-2.0
#include "model/codec/model_plan.hpp"

#include "model/bonsai/bonsai.hpp"
#include "model/codec/tflite_plan.hpp"

namespace frugal::model {

namespace {

// The sparse rows stay bytes: gap and weight are the halves that the byte model codes apart.
SegmentPlan plan_of_tree(base::ByteView file) {
    const auto tree = open_bonsai(file);
    if (!tree) {
        return {};
    }
    SegmentPlan plan;
    const std::uint32_t columns = tree->feature_count + 1U;
    const auto add = [&](std::uint32_t begin, std::uint32_t end) {
        if (begin != end) {
            plan.regions.push_back({.kind = RegionKind::kWeights,
                                    .offset = begin,
                                    .size_bytes = end - begin,
                                    .rows = (end - begin) / columns,
                                    .columns = columns});
        }
    };
    add(tree->branches, tree->gates);
    add(tree->gates, tree->scores);
    add(tree->scores, tree->size);
    return plan;
}

}  // namespace

SegmentPlan plan_of_model(base::ByteView file) {
    return is_bonsai(file) ? plan_of_tree(file) : plan_of_tflite(file);
}

}  // namespace frugal::model
