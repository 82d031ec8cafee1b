// SPDX-License-Identifier: Apache-2.0
// A delta between two real models, decoded piece by piece by decoders that are put into storage and
// taken out again. Owned by one test; it stays where it is, the decoders point into it. Test code
// only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "frugal/sha256.h"
#include "model/codec/codec.hpp"
#include "model/codec/tflite_plan.hpp"
#include "unit/device_codec/codec_harness.hpp"

namespace frugal::test {

/// A decoder and its memory in one piece, at a place of its own.
struct Place {
    fr_decoder_t* decoder() { return reinterpret_cast<fr_decoder_t*>(bytes.data()); }
    void* memory() { return bytes.data() + sizeof(fr_decoder_t); }
    base::Bytes bytes = base::Bytes(sizeof(fr_decoder_t) + sizeof(fr_codec_memory_t));
};

struct StoredDelta {
    StoredDelta(std::uint8_t profile, base::Bytes old, base::Bytes next) : file(std::move(next)) {
        slot.base = std::move(old);
        fr_sha256(slot.base.data(), slot.base.size(), digest);
        auto encoded =
            model::encode_with_statistics(file, model::plan_of_tflite(file),
                                          {profile, slot.base, model::plan_of_tflite(slot.base)});
        if (encoded && encoded->is_delta) {
            stream = std::move(encoded->stream);
        }
    }
    StoredDelta(const StoredDelta&) = delete;
    StoredDelta& operator=(const StoredDelta&) = delete;

    fr_decoder_config_t config_at(Place& place) {
        return {static_cast<std::uint32_t>(file.size()),
                Slot::read,
                &slot,
                place.memory(),
                sizeof(fr_codec_memory_t),
                read_base,
                static_cast<std::uint32_t>(slot.base.size()),
                digest,
                &fr_profiles_all};
    }

    /// Decodes `size` bytes more. False where the decoder fails or the stream ends early.
    bool decode(fr_decoder_t& decoder, std::size_t size) {
        std::vector<std::uint8_t> piece(size);
        while (size > 0) {
            std::size_t produced = 0;
            std::size_t taken = 0;
            if (fr_decoder_poll(&decoder, piece.data(), size, &produced) != FR_OK) {
                return false;
            }
            slot.bytes.insert(slot.bytes.end(), piece.begin(),
                              piece.begin() + static_cast<std::ptrdiff_t>(produced));
            size -= produced;
            if (size > 0) {
                const auto rest = std::min<std::size_t>(64, stream.size() - at);
                if (fr_decoder_sink(&decoder, stream.data() + at, rest, &taken) != FR_OK ||
                    taken + produced == 0) {
                    return false;
                }
                at += taken;
            }
        }
        return true;
    }

    std::size_t left() const { return file.size() - slot.bytes.size(); }

    Slot slot;  ///< the base, and what is decoded
    base::Bytes file;
    base::Bytes stream;  ///< empty if there is no delta between the two
    std::size_t at = 0;  ///< of the stream's next byte
    std::uint8_t digest[32] = {};
};

}  // namespace frugal::test
