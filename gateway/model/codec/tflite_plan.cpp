// SPDX-License-Identifier: Apache-2.0
#include "model/codec/tflite_plan.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <set>

#include "model/tflite/schema.hpp"

namespace frugal::model {

namespace {

constexpr std::size_t kWeightsMin = 32;  // smaller tensors are not worth a segment, bytes
constexpr std::size_t kValuesMin = 4;    // likewise, values of 4 bytes
constexpr std::size_t kScalesMin = 3;

/// Regions by offset; the first to claim bytes keeps them.
class Claims {
public:
    void add(const Region& region) {
        const auto next = regions_.lower_bound(region.offset);
        const bool is_free_ahead =
            next == regions_.end() || region.offset + region.size_bytes <= next->first;
        const bool is_free_behind =
            next == regions_.begin() ||
            std::prev(next)->first + std::prev(next)->second.size_bytes <= region.offset;
        if (is_free_ahead && is_free_behind) {
            regions_.emplace(region.offset, region);
        }
    }

    SegmentPlan plan() const {
        SegmentPlan plan;
        for (const auto& [offset, region] : regions_) {
            plan.regions.push_back(region);
        }
        return plan;
    }

private:
    std::map<std::size_t, Region> regions_;
};

/// Rows share a scale and columns a meaning: that is what the weight model predicts from.
Region weights_region(const ByteRange& range, const std::vector<std::int32_t>& shape,
                      WeightLayout layout) {
    Region region{RegionKind::kWeights, range.offset, range.size};
    const std::size_t rank = shape.size();
    const auto dimension = [&](std::size_t axis) {
        return static_cast<std::uint32_t>(shape[axis]);
    };
    if (layout == WeightLayout::kHeightWidthOut && rank == 4) {
        region.rows = dimension(0) * dimension(1) * dimension(2);
        region.columns = dimension(3);
    } else {
        region.rows = rank > 0 ? dimension(0) : 1;
        region.columns = static_cast<std::uint32_t>(range.size / std::max(region.rows, 1U));
    }
    region.near_distance = 1;
    if (layout == WeightLayout::kOutHeightWidthIn && rank == 4 && dimension(3) < region.columns) {
        region.near_distance = dimension(3);
        const std::uint32_t line = dimension(3) * dimension(2);
        region.far_distance = line < region.columns && line > dimension(3) ? line : 0;
    }
    if (region.near_distance >= region.columns) {
        region.near_distance = 0;
    }
    return region;
}

void add_constants(const ModelSummary& summary, Claims& claims) {
    std::map<std::uint64_t, WeightLayout> layouts;
    for (const WeightSummary& weight : summary.weights) {
        layouts.emplace(weight.range.offset, weight.layout);
    }
    for (const TensorSummary& tensor : summary.tensors) {
        if (!tensor.constant || tensor.constant->size == 0) {
            continue;
        }
        const ByteRange& range = *tensor.constant;
        const auto layout = layouts.find(range.offset);
        const bool is_aligned = range.size % 4 == 0 && range.size >= 4 * kValuesMin;
        if (tensor.type == kInt8 && range.size >= kWeightsMin) {
            const Region region =
                weights_region(range, tensor.shape,
                               layout == layouts.end() ? WeightLayout::kOther : layout->second);
            if (static_cast<std::uint64_t>(region.rows) * region.columns == range.size) {
                claims.add(region);
            }
        } else if (tensor.type == kInt32 && is_aligned && !tensor.quantization.scales.empty()) {
            claims.add({RegionKind::kIntegers, range.offset, range.size});
        } else if (tensor.type == kFloat32 && is_aligned) {
            claims.add({RegionKind::kFloats, range.offset, range.size});
        }
    }
}

base::Bytes vector_bytes(const std::vector<float>& values) {
    const auto count = static_cast<std::uint32_t>(values.size());
    base::Bytes bytes(4 + 4 * values.size());
    std::memcpy(bytes.data(), &count, 4);
    std::memcpy(bytes.data() + 4, values.data(), 4 * values.size());
    return bytes;
}

/// Every place where the file holds this vector of floats, its count in front.
void add_scales(base::ByteView file, const std::vector<float>& scales, Claims& claims) {
    const base::Bytes wanted = vector_bytes(scales);
    const std::boyer_moore_horspool_searcher searcher(wanted.begin(), wanted.end());
    auto at = file.begin();
    while ((at = std::search(at, file.end(), searcher)) != file.end()) {
        const auto offset = static_cast<std::size_t>(at - file.begin());
        claims.add({RegionKind::kFloats, offset + 4, wanted.size() - 4});
        ++at;
    }
}

bool are_bounds(base::ByteView file, std::size_t offset, const std::vector<float>& scales) {
    for (std::size_t i = 0; i < scales.size(); ++i) {
        float value = 0;
        std::memcpy(&value, file.data() + offset + 4 * i, 4);
        if (!std::isfinite(value) || value == 0 || std::abs(value) > 127.001F * scales[i]) {
            return false;
        }
    }
    return true;
}

/// Vectors of minima and maxima: as long as the scales and within 127 times each of them.
void add_bounds(base::ByteView file, const std::vector<float>& scales, Claims& claims) {
    const std::size_t size = 4 * scales.size();
    for (std::size_t offset = 4; offset + size <= file.size(); offset += 4) {
        std::uint32_t count = 0;
        std::memcpy(&count, file.data() + offset - 4, 4);
        if (count == scales.size() && are_bounds(file, offset, scales)) {
            claims.add({RegionKind::kFloats, offset, size});
        }
    }
}

float float_at(base::ByteView file, std::size_t offset) {
    float value = 0;
    std::memcpy(&value, file.data() + offset, 4);
    return value;
}

/// The upper bound of an activation that is never below zero: 255 times its scale, which lies
/// before it, each behind its count of 1.
void add_activation_bounds(base::ByteView file, Claims& claims) {
    const auto is_one = [&](std::size_t offset) {
        std::uint32_t count = 0;
        std::memcpy(&count, file.data() + offset, 4);
        return count == 1;
    };
    for (std::size_t offset = 12; offset + 4 <= file.size(); offset += 4) {
        if (is_one(offset - 4) && is_one(offset - 12)) {
            const float whole = 255.0F * float_at(file, offset - 8);
            if (std::isnormal(whole) &&
                std::abs(whole - float_at(file, offset)) < 1e-6F * std::abs(whole)) {
                claims.add({RegionKind::kFloats, offset, 4});
            }
        }
    }
}

}  // namespace

SegmentPlan plan_of_tflite(base::ByteView file, const ModelSummary& summary) {
    Claims claims;
    add_constants(summary, claims);
    std::set<std::vector<float>> scales;
    for (const TensorSummary& tensor : summary.tensors) {
        if (tensor.quantization.scales.size() >= kScalesMin) {
            scales.insert(tensor.quantization.scales);
        }
    }
    for (const auto& vector : scales) {
        add_scales(file, vector, claims);
    }
    for (const auto& vector : scales) {
        add_bounds(file, vector, claims);
    }
    add_activation_bounds(file, claims);
    return claims.plan();
}

SegmentPlan plan_of_tflite(base::ByteView file) {
    const auto summary = read_model(file);
    return summary ? plan_of_tflite(file, *summary) : SegmentPlan{};
}

}  // namespace frugal::model
