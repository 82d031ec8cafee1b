// SPDX-License-Identifier: Apache-2.0
// How far the codec is from what the weights of a model would take at best. Two bounds: their
// zeroth-order entropy without any table, by tensor, and an ideal mixture of context models, whose
// figures were measured once with a floating-point estimator of 14 mixed predictions (adaptive and
// by energy, four densities around a predicted mean) and are known for public models only.
// Bench code only.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "frugal/codec.h"
#include "model/codec/codec.hpp"

namespace frugal::bench {

/// Of the int8 weight tensors of one model, container and everything else left out.
struct WeightBounds {
    std::size_t raw = 0;
    double entropy = 0;  ///< sum over the tensors, bytes
    double ideal = 0;    ///< bytes; 0: not known for this model
    std::array<double, FR_CODEC_PROFILES> packed{};
    /// Largest ratio of profile 2 to entropy among tensors of 4 KB and more; 0 without such a
    /// tensor.
    double worst_of_entropy = 0;

    double of_ideal(std::size_t profile) const { return packed[profile] / ideal; }
};

/// The bounds of a model; packed sizes are added by add_packed().
WeightBounds weight_bounds(std::string_view name, base::ByteView file,
                           const model::SegmentPlan& plan);
/// Adds what an encoding needs for the weights.
void add_packed(WeightBounds& bounds, base::ByteView file, const model::SegmentPlan& plan,
                const model::Encoded& encoded);
/// A table of distances, and the same as the members of a JSON object.
void print_bounds(const std::vector<std::pair<std::string, WeightBounds>>& rows);
std::string bounds_json(const WeightBounds& bounds);

}  // namespace frugal::bench
