// SPDX-License-Identifier: Apache-2.0
#include "bench/codec_bound.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "model/codec/entropy.hpp"

namespace frugal::bench {

namespace {

constexpr std::size_t kLargeTensor = 4096;

struct Ideal {
    std::string_view name;
    std::size_t raw;  ///< weights the figure is about; another count is another model
    double bytes;
};

constexpr Ideal kIdeals[] = {
    {"kws_ref_int8", 22016, 20996},      {"ic_int8", 77360, 69164},
    {"vww_int8", 208112, 34800},         {"ad_int8", 264192, 154948},
    {"sww_int8", 46040, 43607},          {"person_detect_int8", 207968, 193847},
    {"micro_speech_int8", 16640, 13748}, {"mww2_okay_nabu_20241001", 27568, 22305},
    {"mnist_lstm_int8", 9440, 8134},     {"keyword_scrambled_8bit", 21056, 21073},
};

/// Weights that are not in a part of their own were copied with the bytes around them.
const model::PartStatistics* part_of(const model::Encoded& encoded, const model::Region& region) {
    const auto part = std::find_if(
        encoded.parts.begin(), encoded.parts.end(), [&](const model::PartStatistics& one) {
            return one.offset == region.offset && one.size_bytes == region.size_bytes;
        });
    return part == encoded.parts.end() ? nullptr : &*part;
}

}  // namespace

WeightBounds weight_bounds(std::string_view name, base::ByteView file,
                           const model::SegmentPlan& plan) {
    WeightBounds bounds;
    for (const model::Region& region : plan.regions) {
        if (region.kind == model::RegionKind::kWeights) {
            bounds.raw += region.size_bytes;
            bounds.entropy += model::entropy_bytes(file.subspan(region.offset, region.size_bytes));
        }
    }
    for (const Ideal& ideal : kIdeals) {
        if (ideal.name == name && ideal.raw == bounds.raw) {
            bounds.ideal = ideal.bytes;
        }
    }
    return bounds;
}

void add_packed(WeightBounds& bounds, base::ByteView file, const model::SegmentPlan& plan,
                const model::Encoded& encoded) {
    for (const model::Region& region : plan.regions) {
        const auto* part = part_of(encoded, region);
        if (region.kind != model::RegionKind::kWeights || part == nullptr) {
            continue;
        }
        bounds.packed[encoded.profile] += part->packed_bytes;
        const double entropy = model::entropy_bytes(file.subspan(region.offset, region.size_bytes));
        if (encoded.profile == 2 && region.size_bytes >= kLargeTensor && entropy > 0) {
            bounds.worst_of_entropy =
                std::max(bounds.worst_of_entropy, part->packed_bytes / entropy);
        }
    }
}

void print_bounds(const std::vector<std::pair<std::string, WeightBounds>>& rows) {
    fmt::print("{:<25} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}\n", "weights of", "raw",
               "entropy", "ideal", "ours 1", "ours 2", "1/ideal", "2/ideal", "worst/H0");
    for (const auto& [name, bounds] : rows) {
        if (bounds.ideal == 0) {
            continue;
        }
        fmt::print("{:<25} {:>8} {:>8.0f} {:>8.0f} {:>8.0f} {:>8.0f} {:>8.4f} {:>8.4f} {:>8.4f}\n",
                   name, bounds.raw, bounds.entropy, bounds.ideal, bounds.packed[1],
                   bounds.packed[2], bounds.of_ideal(1), bounds.of_ideal(2),
                   bounds.worst_of_entropy);
    }
}

std::string bounds_json(const WeightBounds& bounds) {
    std::string text = fmt::format(
        "\"weights_bytes\": {}, \"weights_entropy_bytes\": {:.0f}, "
        "\"weights_packed_bytes\": [{:.0f}, {:.0f}, {:.0f}], \"worst_tensor_of_entropy\": {:.4f}",
        bounds.raw, bounds.entropy, bounds.packed[0], bounds.packed[1], bounds.packed[2],
        bounds.worst_of_entropy);
    if (bounds.ideal > 0) {
        text += fmt::format(
            ", \"weights_ideal_bytes\": {:.0f}, \"profile1_of_ideal\": {:.4f}, "
            "\"profile2_of_ideal\": {:.4f}",
            bounds.ideal, bounds.of_ideal(1), bounds.of_ideal(2));
    }
    return text;
}

}  // namespace frugal::bench
