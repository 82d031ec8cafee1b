// SPDX-License-Identifier: Apache-2.0
#include "model/codec/segment_chooser.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "model/codec/huffman_code.hpp"
#include "model/codec/product_finder.hpp"
#include "model/codec/tap_finder.hpp"

namespace frugal::model {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr double kCopyBits = 16;     // a copy at a repeated distance
constexpr double kLiteralBits = 10;  // a byte that changed
constexpr double kSpecialWorth = 0.001;
constexpr double kRanksWorth = 0.005;

Result<void> check_region(std::size_t file_size, const Region& region, std::size_t previous_end) {
    const bool is_inside = region.size_bytes > 0 && region.offset >= previous_end &&
                           region.offset <= file_size &&
                           region.size_bytes <= file_size - region.offset;
    const bool is_whole =
        region.kind == RegionKind::kWeights
            ? static_cast<std::uint64_t>(region.rows) * region.columns == region.size_bytes &&
                  region.near_distance < region.columns && region.far_distance < region.columns
            : region.size_bytes % 4 == 0;
    if (is_inside && is_whole) {
        return {};
    }
    return fail(ErrorKind::kInvalidInput,
                "segment plan: region at offset " + std::to_string(region.offset) + " of " +
                    std::to_string(region.size_bytes) + " bytes does not fit",
                "it leaves the file, overlaps the region before it, or its shape is not its size",
                "sort the regions and check their sizes");
}

std::size_t values_in(base::ByteView bytes) {
    std::array<bool, 256> is_used{};
    for (const std::uint8_t byte : bytes) {
        is_used[byte] = true;
    }
    return static_cast<std::size_t>(std::count(is_used.begin(), is_used.end(), true));
}

class Chooser {
public:
    Chooser(CodedSpace space, const SegmentPlan& plan, const SegmentPlan& base_plan,
            std::uint8_t profile)
        : space_(space), plan_(plan), base_plan_(base_plan), profile_(profile) {}

    /// Nothing when the region is best left to the bytes.
    std::optional<Segment> choose(std::size_t index) const {
        const Region& region = plan_.regions[index];
        const auto segment = choose_kind(region, index);
        const auto old = old_of(region, index);
        const bool is_copied = segment && old && copy_bits(region, *old) < cost_bits(*segment);
        return is_copied ? std::nullopt : segment;
    }

private:
    std::optional<Segment> choose_kind(const Region& region, std::size_t index) const {
        switch (region.kind) {
            case RegionKind::kWeights:
                return weights(region, index);
            case RegionKind::kIntegers:
                return integers(region, index);
            case RegionKind::kFloats:
                break;
        }
        return floats(region, index);
    }

    /// About what copies from the old region would take, with literals where it changed.
    double copy_bits(const Region& region, const Region& old) const {
        double bits = kCopyBits;
        bool was_same = true;
        for (std::size_t i = 0; i < region.size_bytes; ++i) {
            const bool is_same =
                space_.bytes[old.offset + i] == space_.bytes[space_.base_size + region.offset + i];
            bits += is_same ? 0 : kLiteralBits;
            bits += !is_same && was_same ? kCopyBits : 0;
            was_same = is_same;
        }
        return bits;
    }

    double cost_bits(const Segment& segment) const;

    Segment or_raw(Segment segment) const {
        const double raw_bits = 8.0 * static_cast<double>(segment.region.size_bytes);
        if (cost_bits(segment) >= raw_bits) {
            segment.kind = PartKind::kRaw;
        }
        return segment;
    }

    /// The region of the base in the same place among those of its shape.
    std::optional<Region> old_of(const Region& region, std::size_t index) const {
        const auto is_alike = [&](const Region& one) {
            return one.kind == region.kind && one.size_bytes == region.size_bytes &&
                   one.rows == region.rows && one.columns == region.columns;
        };
        auto place =
            std::count_if(plan_.regions.begin(),
                          plan_.regions.begin() + static_cast<std::ptrdiff_t>(index), is_alike);
        for (const Region& old : base_plan_.regions) {
            if (is_alike(old) && place-- == 0) {
                const std::size_t address = space_.base_size + region.offset;
                return space_.reaches(address, address - old.offset) ? std::optional(old)
                                                                     : std::nullopt;
            }
        }
        return std::nullopt;
    }

    /// The cheapest of a segment and a changed one; a change must save the share `worth` of it.
    template <typename Change>
    void improve(Segment& best, double& best_bits, double worth, Change change) const {
        Segment other = best;
        change(other);
        if (const double bits = cost_bits(other); bits < best_bits * (1 - worth)) {
            best = other;
            best_bits = bits;
        }
    }

    /// The taps of the plan or others that the weights themselves suggest; values told first or
    /// not, by themselves or by their rank.
    Segment refined(Segment best) const {
        if (profile_ == 0) {
            return best;
        }
        const Region region = best.region;
        double best_bits = cost_bits(best);
        const base::ByteView weights =
            space_.bytes.subspan(space_.base_size + region.offset, region.size_bytes);
        for (const Taps& taps : find_taps(weights, region.columns)) {
            improve(best, best_bits, 0, [&](Segment& other) {
                other.region.near_distance = taps.near_distance;
                other.region.far_distance = taps.far_distance;
            });
        }
        if (values_in(weights) <= FR_PALETTE_MAX) {
            // Ranks cost the device time, so they must pay.
            improve(best, best_bits, kRanksWorth,
                    [](Segment& other) { other.coding.has_palette = true; });
        }
        // Telling a value first costs the device time, so it must pay; a delta is short.
        improve(best, best_bits, best.old_distance == 0 ? -kSpecialWorth : 0,
                [](Segment& other) { other.coding.has_special = false; });
        return best;
    }

    std::optional<Segment> weights(const Region& region, std::size_t index) const {
        if (region.rows > FR_WEIGHT_ROWS_MAX || region.columns > FR_WEIGHT_COLUMNS_MAX) {
            return std::nullopt;
        }
        Segment best = refined({PartKind::kWeights, region, 0, 0, 0, {}});
        if (const auto old = old_of(region, index)) {
            Segment delta{PartKind::kWeights, region, 0, 0, 0, {}};
            delta.old_distance = space_.base_size + region.offset - old->offset;
            delta = refined(delta);
            if (cost_bits(delta) < cost_bits(best)) {
                best = delta;
            }
        }
        return or_raw(best);
    }

    std::optional<Segment> integers(const Region& region, std::size_t index) const {
        Segment best{PartKind::kIntegers, region, 0, 0, 0, {}};
        if (const auto old = old_of(region, index)) {
            if (const auto factor =
                    find_integer_factor(space_.bytes, old->offset, space_.base_size + region.offset,
                                        region.size_bytes / 4)) {
                const Segment scaled{PartKind::kScaled, region, old->offset, *factor, 0, {}};
                if (cost_bits(scaled) < cost_bits(best)) {
                    best = scaled;
                }
            }
        }
        return or_raw(best);
    }

    /// A bound of what is never below zero is 255 times its scale, which lies before it; between
    /// them stands the count.
    std::optional<Segment> bound(const Region& region) const {
        const std::size_t address = space_.base_size + region.offset;
        std::uint32_t product = 0;
        if (region.offset < 8 ||
            !fr_float_multiply(space_.word_at(address - 8), FR_CODEC_FACTOR_WHOLE, &product) ||
            std::abs(static_cast<std::int32_t>(space_.word_at(address) - product)) >
                kProductDeltaMax) {
            return std::nullopt;
        }
        return Segment{PartKind::kProducts, region, address - 8, FR_CODEC_FACTOR_WHOLE, 0, {}};
    }

    std::optional<Segment> floats(const Region& region, std::size_t index) const {
        if (region.size_bytes == 4) {
            return bound(region);
        }
        const std::size_t address = space_.base_size + region.offset;
        const auto is_alike = [&](const Region& one) {
            return one.kind == RegionKind::kFloats && one.size_bytes == region.size_bytes;
        };
        std::vector<std::size_t> candidates;
        // The base has vectors, too, that come later in this file: scales of weights behind those
        // of biases.
        for (const Region& one : base_plan_.regions) {
            if (is_alike(one) && space_.reaches(address, address - one.offset)) {
                candidates.push_back(one.offset);
            }
        }
        for (std::size_t i = 0; i < index; ++i) {
            if (is_alike(plan_.regions[i])) {
                candidates.push_back(space_.base_size + plan_.regions[i].offset);
            }
        }
        if (const auto old = old_of(region, index)) {
            candidates.push_back(old->offset);
        }
        if (const auto product = find_product(space_, address, region.size_bytes, candidates)) {
            return Segment{PartKind::kProducts, region, product->reference, product->factor, 0, {}};
        }
        return or_raw(Segment{PartKind::kFloats, region, 0, 0, 0, {}});
    }

    CodedSpace space_;
    const SegmentPlan& plan_;
    const SegmentPlan& base_plan_;
    std::uint8_t profile_;
};

bool has_huffman_code(CodedSpace space, const Segment& segment) {
    std::array<std::uint32_t, 256> frequencies{};
    const std::size_t start = space.base_size + segment.region.offset;
    for (std::size_t at = start; at < start + segment.region.size_bytes; ++at) {
        const std::uint32_t old =
            segment.old_distance == 0 ? 0 : space.bytes[at - segment.old_distance];
        ++frequencies[(space.bytes[at] - old + 128U) & 255U];
    }
    return make_huffman_code(frequencies).has_value();
}

double Chooser::cost_bits(const Segment& segment) const {
    const Region& region = segment.region;
    if (segment.kind == PartKind::kWeights && profile_ == 0 && !has_huffman_code(space_, segment)) {
        return INFINITY;
    }
    // What lies before matters only to references; the rest of the file is not looked at.
    TokenWriter writer(space_, profile_, region.offset);
    const auto count = static_cast<std::uint32_t>(region.size_bytes / 4);
    switch (segment.kind) {
        case PartKind::kWeights:
            writer.weights(shape_of(region, segment.old_distance), segment.coding);
            break;
        case PartKind::kIntegers:
            writer.integers(count);
            break;
        case PartKind::kScaled:
            writer.scaled(count, segment.reference, segment.factor);
            break;
        case PartKind::kProducts:
            writer.products(count, segment.reference, segment.factor);
            break;
        case PartKind::kRaw:
            writer.raw(static_cast<std::uint32_t>(region.size_bytes));
            break;
        default:
            writer.floats(count);
            break;
    }
    return writer.cost_bits();
}

}  // namespace

Result<std::vector<Segment>> choose_segments(CodedSpace space, const SegmentPlan& plan,
                                             const SegmentPlan& base_plan, std::uint8_t profile) {
    const Chooser chooser(space, plan, base_plan, profile);
    std::vector<Segment> segments;
    std::size_t end = 0;
    for (std::size_t i = 0; i < plan.regions.size(); ++i) {
        const Region& region = plan.regions[i];
        if (auto checked = check_region(space.bytes.size() - space.base_size, region, end);
            !checked) {
            return tl::unexpected(checked.error());
        }
        end = region.offset + region.size_bytes;
        if (segments.size() == FR_CODEC_SEGMENTS_MAX) {
            continue;  // the rest is coded as bytes
        }
        if (const auto segment = chooser.choose(i)) {
            segments.push_back(*segment);
        }
    }
    return segments;
}

}  // namespace frugal::model
