// SPDX-License-Identifier: Apache-2.0
// A decoder restored from bytes that may have been anything, and what it asks for as it goes on.
// Test code only.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>

#include "base/bytes.hpp"
#include "frugal/codec.h"

namespace frugal::test {

/// Serves any bytes, and counts what was asked for outside of output or base.
struct Watched {
    std::size_t output_size;
    std::size_t base_size;
    std::uint32_t trespasses = 0;

    static fr_status_t read_output(void* context, std::uint32_t offset, std::uint8_t* out,
                                   std::uint32_t size) {
        auto& self = *static_cast<Watched*>(context);
        return self.read(self.output_size, offset, out, size);
    }
    static fr_status_t read_base(void* context, std::uint32_t offset, std::uint8_t* out,
                                 std::uint32_t size) {
        auto& self = *static_cast<Watched*>(context);
        return self.read(self.base_size, offset, out, size);
    }
    fr_status_t read(std::size_t limit, std::uint32_t offset, std::uint8_t* out,
                     std::uint32_t size) {
        trespasses += offset > limit || size > limit - offset ? 1U : 0U;
        for (std::uint32_t i = 0; i < size; ++i) {
            out[i] = static_cast<std::uint8_t>(offset * 37U + i * 11U);
        }
        return FR_OK;
    }
};

/// A decoder whose stored bytes were changed, each part at a place of its own, so that a sanitizer
/// sees where one ends.
class ChangedDecoder {
public:
    ChangedDecoder(const base::Bytes& stored, const fr_decoder_config_t& like)
        : watched_{like.decoded_size_max, like.base_size}, config_(like) {
        std::memcpy(decoder_.get(), stored.data(), sizeof(fr_decoder_t));
        const auto* profile = fr_profile_find(&fr_profiles_all, decoder_->header.profile);
        const std::size_t size =
            profile != nullptr ? fr_profile_memory_bytes(profile) : sizeof(fr_codec_memory_t);
        memory_ = std::make_unique<std::uint32_t[]>(size / sizeof(std::uint32_t));
        std::memcpy(memory_.get(), stored.data() + sizeof(fr_decoder_t), size);
        config_.memory = memory_.get();
        config_.memory_bytes = static_cast<std::uint32_t>(size);
        config_.context = &watched_;
        config_.read_output = Watched::read_output;
        config_.read_base = Watched::read_base;
    }

    bool resume() { return fr_decoder_resume(decoder_.get(), &config_) == FR_OK; }

    /// True if it comes to an end with all it asked for inside its bounds.
    bool run(const base::Bytes& stream, std::size_t at) {
        std::uint64_t total = 0;
        for (std::size_t round = 0; round < 4 * stream.size() + watched_.output_size; ++round) {
            std::array<std::uint8_t, 64> piece{};
            std::size_t produced = 0;
            std::size_t taken = 0;
            auto status = fr_decoder_poll(decoder_.get(), piece.data(), piece.size(), &produced);
            total += produced;
            if (status == FR_OK && produced < piece.size()) {
                status = fr_decoder_sink(decoder_.get(), stream.data() + at,
                                         std::min<std::size_t>(64, stream.size() - at), &taken);
                at += taken;
            }
            if (status != FR_OK || produced + taken == 0) {
                return watched_.trespasses == 0 && total <= watched_.output_size;
            }
        }
        return false;
    }

private:
    std::unique_ptr<fr_decoder_t> decoder_ = std::make_unique<fr_decoder_t>();
    std::unique_ptr<std::uint32_t[]> memory_;  ///< of its profile, not a byte more
    Watched watched_;
    fr_decoder_config_t config_;
};

}  // namespace frugal::test
