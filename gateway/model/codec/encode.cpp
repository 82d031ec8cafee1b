// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include "base/assert.hpp"
#include "frugal/codec.h"
#include "frugal/limits.h"
#include "model/codec/byte_parser.hpp"
#include "model/codec/codec.hpp"
#include "model/codec/product_finder.hpp"
#include "model/codec/token_writer.hpp"

namespace frugal::model {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr int kPasses = 3;  // the first one prices tokens for the next

struct Segment {
    Region region;
    PartKind kind = PartKind::kWeights;
    Product product;
};

struct Attempt {
    base::Bytes coded;
    std::uint32_t segments = 0;
    std::vector<PartStatistics> parts;
    fr_token_model_t tokens{};
};

Result<void> check_region(base::ByteView file, const Region& region, std::size_t previous_end) {
    const bool is_inside = region.size_bytes > 0 && region.offset >= previous_end &&
                           region.offset <= file.size() &&
                           region.size_bytes <= file.size() - region.offset;
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

PartKind part_kind(RegionKind kind) {
    switch (kind) {
        case RegionKind::kWeights:
            return PartKind::kWeights;
        case RegionKind::kIntegers:
            return PartKind::kIntegers;
        case RegionKind::kFloats:
            break;
    }
    return PartKind::kFloats;
}

/// The cheapest form of one region; nothing when it must be coded as bytes.
std::optional<Segment> choose_segment(base::ByteView file, const Region& region,
                                      std::span<const Region> earlier) {
    if (region.kind == RegionKind::kWeights &&
        (region.rows > FR_WEIGHT_ROWS_MAX || region.columns > FR_WEIGHT_COLUMNS_MAX)) {
        return std::nullopt;
    }
    if (region.kind == RegionKind::kFloats) {
        if (const auto product = find_product(file, region, earlier)) {
            return Segment{region, PartKind::kProducts, *product};
        }
    }
    const double raw_bits = 8.0 * static_cast<double>(region.size_bytes);
    const bool pays = region_cost_bits(file, region) < raw_bits;
    return Segment{region, pays ? part_kind(region.kind) : PartKind::kRaw, {}};
}

Result<std::vector<Segment>> choose_segments(base::ByteView file, const SegmentPlan& plan) {
    std::vector<Segment> segments;
    std::size_t end = 0;
    for (std::size_t i = 0; i < plan.regions.size(); ++i) {
        const Region& region = plan.regions[i];
        if (auto checked = check_region(file, region, end); !checked) {
            return tl::unexpected(checked.error());
        }
        end = region.offset + region.size_bytes;
        if (segments.size() == FR_CODEC_SEGMENTS_MAX) {
            continue;  // the rest is coded as bytes
        }
        if (const auto segment = choose_segment(file, region, std::span(plan.regions).first(i))) {
            segments.push_back(*segment);
        }
    }
    return segments;
}

void write_segment(TokenWriter& writer, const Segment& segment) {
    const auto size = static_cast<std::uint32_t>(segment.region.size_bytes);
    switch (segment.kind) {
        case PartKind::kRaw:
            return writer.raw(size);
        case PartKind::kWeights:
            return writer.weights(segment.region);
        case PartKind::kIntegers:
            return writer.integers(size / 4);
        case PartKind::kFloats:
            return writer.floats(size / 4);
        case PartKind::kProducts:
            return writer.products(size / 4, segment.product.reference, segment.product.factor);
        case PartKind::kBytes:
            break;
    }
    FRUGAL_ASSERT(false);
}

/// Price of each byte as a literal, from one pass that codes nothing else.
std::vector<float> price_literals(base::ByteView file, const std::vector<Segment>& segments) {
    std::vector<float> prices(file.size(), 0);
    fr_byte_model_t model;
    fr_byte_model_init(&model);
    auto segment = segments.begin();
    for (std::size_t at = 0; at < file.size(); ++at) {
        if (segment != segments.end() && at == segment->region.offset) {
            at += segment->region.size_bytes - 1;
            ++segment;
            continue;
        }
        const auto before = [&](std::size_t distance) -> std::uint8_t {
            return at >= distance ? file[at - distance] : 0;
        };
        const fr_byte_surroundings_t around = {before(1), before(4), before(1),
                                               static_cast<std::uint8_t>(at & 3U)};
        fr_byte_model_begin(&model, &around);
        RangeEncoder counter;
        for (int i = 7; i >= 0; --i) {
            const std::uint32_t bit = (file[at] >> i) & 1U;
            counter.predicted(bit, fr_byte_model_predict(&model));
            fr_byte_model_update(&model, bit);
        }
        prices[at] = static_cast<float>(counter.cost_bits());
    }
    return prices;
}

class Pass {
public:
    Pass(base::ByteView file, const std::vector<float>& literal_prices, const TokenPrices& prices)
        : writer_(file), parser_(file, literal_prices, prices) {}

    Attempt run(std::size_t file_size, const std::vector<Segment>& segments) {
        for (const Segment& segment : segments) {
            write_bytes(segment.region.offset);
            const double before = writer_.cost_bits();
            write_segment(writer_, segment);
            note(segment.kind, segment.region.offset, segment.region.size_bytes, before);
        }
        write_bytes(file_size);
        writer_.finish();
        return Attempt{writer_.bytes(), writer_.segments(), std::move(parts_), writer_.tokens()};
    }

private:
    void write_bytes(std::size_t end) {
        const std::size_t begin = writer_.position();
        if (begin == end) {
            return;
        }
        const double before = writer_.cost_bits();
        for (const ByteToken& token : parser_.parse(begin, end)) {
            if (token.distance == 0) {
                writer_.literal();
            } else {
                writer_.copy(token.distance, token.length);
            }
        }
        note(PartKind::kBytes, begin, end - begin, before);
    }

    void note(PartKind kind, std::size_t offset, std::size_t size, double bits_before) {
        parts_.push_back({kind, offset, size, (writer_.cost_bits() - bits_before) / 8.0});
    }

    TokenWriter writer_;
    ByteParser parser_;
    std::vector<PartStatistics> parts_;
};

Attempt best_of_passes(base::ByteView file, const std::vector<Segment>& segments) {
    const std::vector<float> literal_prices = price_literals(file, segments);
    fr_token_model_t tokens;
    fr_token_model_init(&tokens);
    Attempt best;
    for (int i = 0; i < kPasses; ++i) {
        Attempt attempt =
            Pass(file, literal_prices, TokenPrices(tokens)).run(file.size(), segments);
        tokens = attempt.tokens;
        if (best.coded.empty() || attempt.coded.size() < best.coded.size()) {
            best = std::move(attempt);
        }
    }
    return best;
}

void append_number(base::Bytes& bytes, std::uint64_t value, int size) {
    for (int i = 0; i < size; ++i) {
        bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }
}

Encoded with_header(base::ByteView file, Attempt attempt) {
    Encoded encoded;
    encoded.parts = std::move(attempt.parts);
    base::Bytes& stream = encoded.stream;
    stream = {'F', 'R', 'C', FR_CODEC_VERSION, FR_CODEC_PROFILE, 0};
    append_number(stream, attempt.segments, 2);
    append_number(stream, FR_CODEC_RAM_BYTES, 2);
    append_number(stream, file.size(), 4);
    append_number(stream, FR_CODEC_HEADER_SIZE + attempt.coded.size(), 4);
    FRUGAL_ASSERT(stream.size() == FR_CODEC_HEADER_SIZE);
    stream.insert(stream.end(), attempt.coded.begin(), attempt.coded.end());
    return encoded;
}

Encoded encode_raw(base::ByteView file) {
    TokenWriter writer(file);
    writer.raw(static_cast<std::uint32_t>(file.size()));
    writer.finish();
    const double packed = writer.cost_bits() / 8.0;
    return with_header(
        file,
        Attempt{writer.bytes(), 1, {{PartKind::kRaw, 0, file.size(), packed}}, writer.tokens()});
}

bool is_expanding_too_much(base::ByteView file, const Encoded& encoded) {
    return file.size() / FR_CODEC_EXPANSION_MAX > encoded.stream.size();
}

}  // namespace

Result<Encoded> encode_with_statistics(base::ByteView file, const SegmentPlan& plan) {
    if (file.empty() || file.size() > FR_ARTIFACT_SIZE_MAX) {
        return fail(ErrorKind::kLimit,
                    "encode: a file of " + std::to_string(file.size()) + " bytes",
                    "1 to " + std::to_string(FR_ARTIFACT_SIZE_MAX) + " bytes can travel");
    }
    auto segments = choose_segments(file, plan);
    if (!segments) {
        return tl::unexpected(segments.error());
    }
    Encoded encoded = with_header(file, best_of_passes(file, *segments));
    Encoded raw = encode_raw(file);
    if (raw.stream.size() < encoded.stream.size() || is_expanding_too_much(file, encoded)) {
        encoded = std::move(raw);
    }
    const auto decoded = decode(encoded.stream, file.size());
    if (!decoded || !std::equal(decoded->begin(), decoded->end(), file.begin(), file.end())) {
        return fail(ErrorKind::kInternal, "encode: the decoder does not give the file back",
                    decoded ? "other bytes" : decoded.error().describe(),
                    "report the model file; it is not sent");
    }
    return encoded;
}

Result<base::Bytes> encode(base::ByteView file, const SegmentPlan& plan) {
    auto encoded = encode_with_statistics(file, plan);
    if (!encoded) {
        return tl::unexpected(encoded.error());
    }
    return std::move(encoded->stream);
}

std::string_view to_string(PartKind kind) {
    switch (kind) {
        case PartKind::kBytes:
            return "bytes";
        case PartKind::kRaw:
            return "raw";
        case PartKind::kWeights:
            return "weights";
        case PartKind::kIntegers:
            return "integers";
        case PartKind::kFloats:
            return "floats";
        case PartKind::kProducts:
            return "products";
    }
    return "unknown";
}

}  // namespace frugal::model
