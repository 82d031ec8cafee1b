// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstring>

#include "base/assert.hpp"
#include "frugal/codec.h"
#include "frugal/limits.h"
#include "frugal/sha256.h"
#include "model/codec/byte_parser.hpp"
#include "model/codec/codec.hpp"
#include "model/codec/segment_chooser.hpp"
#include "model/codec/token_writer.hpp"

namespace frugal::model {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr int kPasses = 6;  // the first one prices tokens for the next
constexpr int kPassesOfLarge = 2;
constexpr std::size_t kLargeBytes = 1U << 20;        // more passes would take minutes
constexpr float kEverywhereShares[] = {0.7F, 0.3F};  // which is best depends on the file

struct Attempt {
    base::Bytes coded;
    std::vector<PartStatistics> parts;
    fr_token_model_t tokens{};
    ByteCoder literals;
};

void write_segment(TokenWriter& writer, const Segment& segment) {
    const auto size = static_cast<std::uint32_t>(segment.region.size_bytes);
    switch (segment.kind) {
        case PartKind::kRaw:
            return writer.raw(size);
        case PartKind::kWeights:
            return writer.weights(shape_of(segment.region, segment.old_distance), segment.coding);
        case PartKind::kIntegers:
            return writer.integers(size / 4);
        case PartKind::kFloats:
            return writer.floats(size / 4);
        case PartKind::kProducts:
            return writer.products(size / 4, segment.reference, segment.factor);
        case PartKind::kScaled:
            return writer.scaled(size / 4, segment.reference, segment.factor);
        case PartKind::kBytes:
            break;
    }
    FRUGAL_ASSERT(false);
}

/// Price of each byte as a literal, by address, from one pass that codes nothing else.
std::vector<float> price_literals(CodedSpace space, const std::vector<Segment>& segments) {
    std::vector<float> prices(space.bytes.size(), 0);
    ByteCoder coder;
    auto segment = segments.begin();
    for (std::size_t at = space.base_size; at < space.bytes.size(); ++at) {
        const std::size_t offset = at - space.base_size;
        if (segment != segments.end() && offset == segment->region.offset) {
            at += segment->region.size_bytes - 1;
            ++segment;
            continue;
        }
        RangeEncoder counter;
        coder.code(counter, offset & 3U, space.bytes[at]);
        prices[at] = static_cast<float>(counter.cost_bits());
    }
    return prices;
}

class Pass {
public:
    Pass(CodedSpace space, std::uint8_t profile, const std::vector<float>& literal_prices,
         const TokenPrices& prices)
        : space_(space), writer_(space, profile), parser_(space, literal_prices, prices) {}

    Attempt run(const std::vector<Segment>& segments) {
        moved_left_ = FR_CODEC_SEGMENTS_MAX - segments.size();
        for (const Segment& segment : segments) {
            write_bytes(space_.base_size + segment.region.offset);
            const double before = writer_.cost_bits();
            write_segment(writer_, segment);
            note(segment.kind, segment.region.offset, segment.region.size_bytes, before);
        }
        write_bytes(space_.bytes.size());
        writer_.finish();
        return Attempt{writer_.bytes(), std::move(parts_), writer_.tokens(), writer_.byte_coder()};
    }

private:
    void write_bytes(std::size_t end) {
        const std::size_t begin = writer_.position();
        if (begin == end) {
            return;
        }
        const double before = writer_.cost_bits();
        for (const ByteToken& token :
             parser_.parse(begin, end, writer_.distances(), writer_.token_before())) {
            if (token.is_moved && moved_left_ > 0) {
                writer_.moved(token.distance, token.length / 4);
                --moved_left_;
            } else if (token.is_moved) {
                for (std::uint32_t i = 0; i < token.length; ++i) {
                    writer_.literal();
                }
            } else if (token.distance == 0) {
                writer_.literal();
            } else {
                writer_.copy(token.distance, token.length);
            }
        }
        note(PartKind::kBytes, begin - space_.base_size, end - begin, before);
    }

    void note(PartKind kind, std::size_t offset, std::size_t size, double bits_before) {
        parts_.push_back({kind, offset, size, (writer_.cost_bits() - bits_before) / 8.0});
    }

    CodedSpace space_;
    TokenWriter writer_;
    ByteParser parser_;
    std::size_t moved_left_ = 0;  ///< segments that the plan leaves to moved words
    std::vector<PartStatistics> parts_;
};

/// Between what bytes cost as literals everywhere and what the literals of an attempt cost in it.
std::vector<float> mix_prices(CodedSpace space, const std::vector<float>& everywhere,
                              const ByteCoder& literals, float share) {
    std::vector<float> prices = everywhere;
    std::array<float, 4 * 256> there{};
    for (std::uint32_t i = 0; i < there.size(); ++i) {
        there[i] = literals.price(i / 256, static_cast<std::uint8_t>(i % 256));
    }
    for (std::size_t at = space.base_size; at < space.bytes.size(); ++at) {
        const std::size_t alignment = (at - space.base_size) & 3U;
        prices[at] = share * prices[at] + (1 - share) * there[alignment * 256 + space.bytes[at]];
    }
    return prices;
}

class Passes {
public:
    Passes(CodedSpace space, const std::vector<Segment>& segments, std::uint8_t profile)
        : space_(space),
          segments_(segments),
          profile_(profile),
          everywhere_(price_literals(space, segments)) {}

    Attempt best() const {
        fr_token_model_t tokens;
        fr_token_model_init(&tokens);
        const Attempt first = run(everywhere_, tokens);
        Attempt best = first;
        for (const float share : kEverywhereShares) {
            refine(first, share, best);
            if (is_large()) {
                break;
            }
        }
        return best;
    }

private:
    bool is_large() const { return space_.bytes.size() > kLargeBytes; }

    Attempt run(const std::vector<float>& literal_prices, const fr_token_model_t& tokens) const {
        return Pass(space_, profile_, literal_prices, TokenPrices(tokens)).run(segments_);
    }

    /// Passes after the first until their prices stay, or the last one that is allowed.
    void refine(const Attempt& first, float share, Attempt& best) const {
        fr_token_model_t tokens = first.tokens;
        ByteCoder literals = first.literals;
        bool is_settled = false;
        for (int i = 1; i < (is_large() ? kPassesOfLarge : kPasses) && !is_settled; ++i) {
            Attempt attempt = run(mix_prices(space_, everywhere_, literals, share), tokens);
            is_settled = std::memcmp(&tokens, &attempt.tokens, sizeof tokens) == 0;
            tokens = attempt.tokens;
            literals = attempt.literals;
            if (attempt.coded.size() < best.coded.size()) {
                best = std::move(attempt);
            }
        }
    }

    CodedSpace space_;
    const std::vector<Segment>& segments_;
    std::uint8_t profile_;
    std::vector<float> everywhere_;  ///< prices of literals, from a pass of literals alone
};

void append_number(base::Bytes& bytes, std::uint64_t value, int size) {
    for (int i = 0; i < size; ++i) {
        bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }
}

Encoded with_header(base::ByteView file, const EncodeOptions& options, Attempt attempt) {
    Encoded encoded;
    encoded.profile = options.profile;
    encoded.is_delta = !options.base.empty();
    encoded.parts = std::move(attempt.parts);
    base::Bytes& stream = encoded.stream;
    const std::size_t front = encoded.is_delta ? FR_CODEC_HEADER_SIZE_MAX : FR_CODEC_HEADER_SIZE;
    const std::uint32_t flags = encoded.is_delta ? FR_CODEC_FLAG_BASE : 0;
    stream = {'F', 'R', static_cast<std::uint8_t>(FR_CODEC_VERSION << 4 | flags | options.profile)};
    append_number(stream, file.size(), 3);
    append_number(stream, front + attempt.coded.size(), 3);
    if (encoded.is_delta) {
        base::Digest digest;
        fr_sha256(options.base.data(), options.base.size(), digest.data());
        stream.insert(stream.end(), digest.begin(), digest.begin() + FR_CODEC_BASE_DIGEST_SIZE);
    }
    FRUGAL_ASSERT(stream.size() == front);
    stream.insert(stream.end(), attempt.coded.begin(), attempt.coded.end());
    return encoded;
}

Encoded encode_raw(base::ByteView file, std::uint8_t profile) {
    TokenWriter writer({file, 0}, profile);
    writer.raw(static_cast<std::uint32_t>(file.size()));
    writer.finish();
    const double packed = writer.cost_bits() / 8.0;
    return with_header(file, {profile, {}, {}},
                       Attempt{writer.bytes(),
                               {{PartKind::kRaw, 0, file.size(), packed}},
                               writer.tokens(),
                               writer.byte_coder()});
}

bool is_expanding_too_much(base::ByteView file, const Encoded& encoded) {
    return file.size() / FR_CODEC_EXPANSION_MAX > encoded.stream.size();
}

Result<void> check_sizes(base::ByteView file, const EncodeOptions& options) {
    if (options.profile >= FR_CODEC_PROFILES) {
        return fail(ErrorKind::kInvalidInput,
                    "encode: profile " + std::to_string(options.profile) + " does not exist",
                    "profiles are 0 to " + std::to_string(FR_CODEC_PROFILES - 1));
    }
    if (file.empty() || file.size() > FR_ARTIFACT_SIZE_MAX ||
        options.base.size() > FR_ARTIFACT_SIZE_MAX) {
        return fail(
            ErrorKind::kLimit, "encode: a file of " + std::to_string(file.size()) + " bytes",
            "1 to " + std::to_string(FR_ARTIFACT_SIZE_MAX) + " bytes can travel",
            file.empty() ? "Copy the file again from where it was made." : "Use a smaller model.");
    }
    return {};
}

/// One encoding: a delta if the options name a base.
Result<Encoded> encode_once(base::ByteView file, const SegmentPlan& plan,
                            const EncodeOptions& options) {
    base::Bytes space(options.base.begin(), options.base.end());
    space.insert(space.end(), file.begin(), file.end());
    const CodedSpace coded{space, options.base.size(), options.base_lag_max};
    const auto segments = choose_segments(coded, plan, options.base_plan, options.profile);
    if (!segments) {
        return tl::unexpected(segments.error());
    }
    return with_header(file, options, Passes(coded, *segments, options.profile).best());
}

/// What would expand beyond the decoder's limit: as much of it raw as the limit asks for.
Encoded encode_slowly(base::ByteView file, std::uint8_t profile) {
    Segment front;
    front.kind = PartKind::kRaw;
    front.region.size_bytes = file.size() / FR_CODEC_EXPANSION_MAX + 1;
    const std::vector<Segment> fronts = {front};
    return with_header(file, {profile, {}, {}}, Passes({file, 0}, fronts, profile).best());
}

/// And finds out how far back a delta reads.
Result<void> check_by_decoding(base::ByteView file, const EncodeOptions& options,
                               Encoded& encoded) {
    const auto decoded = decode_measured(encoded.stream, file.size(),
                                         encoded.is_delta ? options.base : base::ByteView{});
    if (decoded && std::ranges::equal(decoded->file, file)) {
        encoded.base_lag_bytes = decoded->base_lag_bytes;
        return {};
    }
    return fail(ErrorKind::kInternal, "encode: the decoder does not give the file back",
                decoded ? "other bytes" : decoded.error().describe(), "Report the model file.");
}

}  // namespace

Result<Encoded> encode_with_statistics(base::ByteView file, const SegmentPlan& plan,
                                       const EncodeOptions& options) {
    if (auto checked = check_sizes(file, options); !checked) {
        return tl::unexpected(checked.error());
    }
    auto encoded = encode_once(file, plan, {options.profile, {}, {}});
    if (!encoded) {
        return encoded;
    }
    if (is_expanding_too_much(file, *encoded)) {
        *encoded = encode_slowly(file, options.profile);
    }
    Encoded raw = encode_raw(file, options.profile);
    if (raw.stream.size() < encoded->stream.size()) {
        *encoded = std::move(raw);
    }
    if (!options.base.empty()) {
        auto delta = encode_once(file, plan, options);
        if (!delta) {
            return delta;
        }
        if (delta->stream.size() < encoded->stream.size()) {
            *encoded = std::move(*delta);
        }
    }
    if (encoded->stream.size() > FR_ARTIFACT_SIZE_MAX) {
        return fail(ErrorKind::kLimit,
                    "encode: " + std::to_string(file.size()) + " bytes do not compress",
                    "a stream has at most " + std::to_string(FR_ARTIFACT_SIZE_MAX) + " bytes",
                    "Use a smaller model.");
    }
    if (auto checked = check_by_decoding(file, options, *encoded); !checked) {
        return tl::unexpected(checked.error());
    }
    return encoded;
}

Result<base::Bytes> encode(base::ByteView file, const SegmentPlan& plan,
                           const EncodeOptions& options) {
    auto encoded = encode_with_statistics(file, plan, options);
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
        case PartKind::kScaled:
            return "scaled integers";
    }
    return "unknown";
}

}  // namespace frugal::model
