// SPDX-License-Identifier: Apache-2.0
// Any bytes as a stream: the decoder neither crashes nor passes its cap, and what comes out does
// not depend on how input and output are cut. The first byte chooses the pieces and whether a
// sound header is put in front, so that the coded part is reached; the size in the next two also
// says whether that is the header of a delta.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>

#include "frugal/codec.h"
#include "frugal/sha256.h"

namespace {

constexpr uint32_t kCap = 2048;
constexpr uint32_t kStreamMax = 5000;
constexpr uint16_t kDeltaBit = 0x8000;
constexpr size_t kBaseSize = 256;

/// Words that grow, so that a copy or a reference finds sound values; and their digest.
struct Base {
    std::array<uint8_t, kBaseSize> bytes{};
    std::array<uint8_t, 32> digest{};

    Base() {
        for (uint32_t i = 0; i < kBaseSize; ++i) {
            bytes[i] = static_cast<uint8_t>(i % 4 == 3 ? 0x3C : i);
        }
        fr_sha256(bytes.data(), bytes.size(), digest.data());
    }
};

const Base& base() {
    static const Base made;
    return made;
}

/// What is written stays readable, and nothing beyond it. Nothing here is allocated.
struct Decoding {
    fr_decoder_t decoder;
    fr_codec_memory_t memory;
    std::array<uint8_t, kCap> output;
    uint32_t size = 0;
    fr_status_t status = FR_OK;

    void run(std::span<const uint8_t> stream, size_t input_piece, size_t output_piece);

private:
    void drain(size_t piece);
    static fr_status_t read_output(void* context, uint32_t offset, uint8_t* out, uint32_t size);
    static fr_status_t read_base(void* context, uint32_t offset, uint8_t* out, uint32_t size);
};

fr_status_t Decoding::read_output(void* context, uint32_t offset, uint8_t* out, uint32_t size) {
    const auto& decoding = *static_cast<const Decoding*>(context);
    if (size > decoding.size || offset > decoding.size - size) {
        return FR_ERROR_STORAGE;
    }
    std::memcpy(out, decoding.output.data() + offset, size);
    return FR_OK;
}

fr_status_t Decoding::read_base(void*, uint32_t offset, uint8_t* out, uint32_t size) {
    if (size > kBaseSize || offset > kBaseSize - size) {
        return FR_ERROR_STORAGE;
    }
    std::memcpy(out, base().bytes.data() + offset, size);
    return FR_OK;
}

void Decoding::drain(size_t piece) {
    size_t produced = 0;
    do {
        // A page of its own: the decoder must not look at what lies behind the piece.
        std::array<uint8_t, 1024> page;
        status = fr_decoder_poll(&decoder, page.data(), piece, &produced);
        if (produced > kCap - size) {
            std::abort();
        }
        std::memcpy(output.data() + size, page.data(), produced);
        size += static_cast<uint32_t>(produced);
    } while (status == FR_OK && produced == piece);
}

void Decoding::run(std::span<const uint8_t> stream, size_t input_piece, size_t output_piece) {
    std::memset(&memory, 0, sizeof memory);
    size = 0;
    fr_decoder_config_t config{};
    config.decoded_size_max = kCap;
    config.read_output = read_output;
    config.context = this;
    config.memory = &memory;
    config.memory_bytes = sizeof memory;
    config.read_base = read_base;
    config.base_size = kBaseSize;
    config.base_digest = base().digest.data();
    config.profiles = &fr_profiles_all;
    status = fr_decoder_init(&decoder, &config);
    for (size_t at = 0; at < stream.size() && status == FR_OK;) {
        size_t taken = 0;
        const size_t count = std::min(input_piece, stream.size() - at);
        status = fr_decoder_sink(&decoder, stream.data() + at, count, &taken);
        at += taken;
        if (status == FR_OK) {
            drain(output_piece);
        }
    }
    if (status == FR_OK) {
        status = fr_decoder_finish(&decoder);
    }
}

/// A sound header in front of any coded part.
std::span<const uint8_t> with_header(std::span<const uint8_t> coded, uint16_t decoded_size) {
    static std::array<uint8_t, FR_CODEC_HEADER_SIZE_MAX + kStreamMax> stream;
    const bool is_delta = (decoded_size & kDeltaBit) != 0;
    const size_t front = is_delta ? FR_CODEC_HEADER_SIZE_MAX : FR_CODEC_HEADER_SIZE;
    const uint32_t flags = is_delta ? FR_CODEC_FLAG_BASE : 0U;
    const auto form =
        static_cast<uint32_t>(FR_CODEC_VERSION << 4 | flags | coded.size() % FR_CODEC_PROFILES);
    stream[0] = 'F';
    stream[1] = 'R';
    stream[2] = static_cast<uint8_t>(form);
    size_t at = 3;
    for (const uint32_t value :
         {decoded_size % kCap + 1U, static_cast<uint32_t>(front + coded.size())}) {
        for (int i = 0; i < 3; ++i) {
            stream[at++] = static_cast<uint8_t>(value >> (8 * i));
        }
    }
    if (is_delta) {
        std::memcpy(stream.data() + at, base().digest.data(), FR_CODEC_BASE_DIGEST_SIZE);
    }
    std::memcpy(stream.data() + front, coded.data(), coded.size());
    return {stream.data(), front + coded.size()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 3 || size > kStreamMax) {
        return 0;
    }
    const uint8_t choice = data[0];
    const auto decoded_size = static_cast<uint16_t>(data[1] | data[2] << 8);
    const std::span<const uint8_t> rest(data + 3, size - 3);
    const auto stream = (choice & 1U) != 0 ? with_header(rest, decoded_size) : rest;
    static Decoding whole;
    static Decoding cut;
    whole.run(stream, 256, 1024);
    cut.run(stream, 1U + (choice >> 1) % 16U, 1U + (choice >> 5) * 9U);
    // A refusal may come before or after bytes that were decoded already; the bytes agree.
    const uint32_t common = std::min(whole.size, cut.size);
    const bool is_same = (whole.status == FR_OK) == (cut.status == FR_OK) &&
                         std::memcmp(whole.output.data(), cut.output.data(), common) == 0 &&
                         (whole.status != FR_OK || whole.size == cut.size);
    if (!is_same) {
        std::abort();
    }
    return 0;
}
