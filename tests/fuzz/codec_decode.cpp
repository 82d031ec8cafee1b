// SPDX-License-Identifier: Apache-2.0
// Any bytes as a stream: the decoder neither crashes nor passes its cap, and what comes out does
// not depend on how input and output are cut. The first byte chooses the pieces and whether a
// sound header is put in front, so that the coded part is reached; the size in the next two also
// says whether that is the header of a delta.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "unit/device_codec/codec_harness.hpp"

namespace {

constexpr uint32_t kCap = 2048;
constexpr uint16_t kDeltaBit = 0x8000;

/// Words that grow, so that a copy or a reference finds sound values.
const std::vector<uint8_t>& base() {
    static const std::vector<uint8_t> bytes = [] {
        std::vector<uint8_t> made;
        for (uint32_t i = 0; i < 256; ++i) {
            made.push_back(static_cast<uint8_t>(i % 4 == 3 ? 0x3C : i));
        }
        return made;
    }();
    return bytes;
}

std::vector<uint8_t> with_header(const uint8_t* data, size_t size, uint16_t decoded_size) {
    std::vector<uint8_t> stream = {'F', 'R', 'C', FR_CODEC_VERSION,
                                   static_cast<uint8_t>(size % FR_CODEC_PROFILES)};
    const bool is_delta = (decoded_size & kDeltaBit) != 0;
    stream[4] |= is_delta ? FR_CODEC_FLAG_BASE : 0U;
    const auto stream_size =
        static_cast<uint32_t>((is_delta ? FR_CODEC_HEADER_SIZE_MAX : FR_CODEC_HEADER_SIZE) + size);
    const uint32_t decoded = decoded_size % kCap + 1U;
    for (const uint32_t value : {decoded, stream_size, 0U}) {
        for (int i = 0; i < 4; ++i) {
            stream.push_back(static_cast<uint8_t>(value >> (8 * i)));
        }
    }
    if (is_delta) {
        uint8_t digest[32];
        fr_sha256(base().data(), base().size(), digest);
        stream.insert(stream.end(), digest, digest + FR_CODEC_BASE_DIGEST_SIZE);
    }
    stream.insert(stream.end(), data, data + size);
    return stream;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 3) {
        return 0;
    }
    const uint8_t choice = data[0];
    const auto decoded_size = static_cast<uint16_t>(data[1] | data[2] << 8);
    const auto stream = (choice & 1U) != 0 ? with_header(data + 3, size - 3, decoded_size)
                                           : std::vector<uint8_t>(data + 3, data + size);
    const auto whole = frugal::test::decode_in_pieces(stream, {256, 1024}, kCap, false, base());
    const size_t input_piece = 1U + (choice >> 1) % 16U;
    const size_t output_piece = 1U + (choice >> 5) * 9U;
    const auto cut =
        frugal::test::decode_in_pieces(stream, {input_piece, output_piece}, kCap, false, base());
    // A refusal may come before or after bytes that were decoded already; the bytes agree.
    const auto common =
        static_cast<std::ptrdiff_t>(std::min(whole.output.size(), cut.output.size()));
    const bool is_same =
        (whole.status == FR_OK) == (cut.status == FR_OK) &&
        std::equal(whole.output.begin(), whole.output.begin() + common, cut.output.begin()) &&
        (whole.status != FR_OK || whole.output == cut.output);
    if (!is_same || whole.output.size() > kCap || cut.output.size() > kCap) {
        std::abort();
    }
    return 0;
}
