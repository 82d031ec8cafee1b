// SPDX-License-Identifier: Apache-2.0
// Runs the device's decoder over a stream in pieces of a chosen size. Test code only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "frugal/codec.h"
#include "frugal/sha256.h"

namespace frugal::test {

struct Decoding {
    fr_status_t status = FR_OK;
    fr_codec_fault_t fault = FR_CODEC_FAULT_NONE;
    std::vector<uint8_t> output;
};

struct Pieces {
    size_t input = 4096;
    size_t output = 4096;
};

/// Serves what was produced and nothing else, as a slot does; can be told to fail.
struct Slot {
    std::vector<uint8_t> bytes;
    bool is_broken = false;
    std::vector<uint8_t> base{};

    static fr_status_t read(void* context, uint32_t offset, uint8_t* out, uint32_t size) {
        const auto& slot = *static_cast<const Slot*>(context);
        if (slot.is_broken || size > slot.bytes.size() || offset > slot.bytes.size() - size) {
            return FR_ERROR_STORAGE;
        }
        std::memcpy(out, slot.bytes.data() + offset, size);
        return FR_OK;
    }
};

inline fr_status_t read_base(void* context, uint32_t offset, uint8_t* out, uint32_t size) {
    const auto& base = static_cast<const Slot*>(context)->base;
    if (size > base.size() || offset > base.size() - size) {
        return FR_ERROR_STORAGE;
    }
    std::memcpy(out, base.data() + offset, size);
    return FR_OK;
}

/// Polls until the decoder has nothing to give; false on a failure.
inline bool drain(fr_decoder_t& decoder, Slot& slot, std::vector<uint8_t>& page, Decoding& result) {
    size_t produced = 0;
    do {
        result.status = fr_decoder_poll(&decoder, page.data(), page.size(), &produced);
        slot.bytes.insert(slot.bytes.end(), page.begin(),
                          page.begin() + static_cast<std::ptrdiff_t>(produced));
    } while (result.status == FR_OK && produced == page.size());
    return result.status == FR_OK;
}

inline Decoding decode_in_pieces(const std::vector<uint8_t>& stream, Pieces pieces = {},
                                 uint32_t cap = 1U << 22, bool is_slot_broken = false,
                                 const std::vector<uint8_t>& base = {}) {
    auto decoder = std::make_unique<fr_decoder_t>();
    std::vector<uint8_t> page(pieces.output);
    Slot slot;
    slot.is_broken = is_slot_broken;
    slot.base = base;
    const auto memory = std::make_unique<fr_codec_memory_t>();
    uint8_t digest[32];
    fr_sha256(base.data(), base.size(), digest);
    fr_decoder_config_t config = {
        cap,     Slot::read, &slot,   memory.get(),    sizeof(fr_codec_memory_t),
        nullptr, 0,          nullptr, &fr_profiles_all};
    if (!base.empty()) {
        config.read_base = read_base;
        config.base_size = static_cast<uint32_t>(base.size());
        config.base_digest = digest;
    }
    Decoding result;
    result.status = fr_decoder_init(decoder.get(), &config);
    for (size_t at = 0; at < stream.size() && result.status == FR_OK;) {
        size_t taken = 0;
        const size_t size = std::min(pieces.input, stream.size() - at);
        result.status = fr_decoder_sink(decoder.get(), stream.data() + at, size, &taken);
        at += taken;
        if (result.status == FR_OK) {
            drain(*decoder, slot, page, result);
        }
    }
    if (result.status == FR_OK) {
        result.status = fr_decoder_finish(decoder.get());
    }
    result.fault = fr_decoder_fault(decoder.get());
    result.output = std::move(slot.bytes);
    return result;
}

}  // namespace frugal::test
