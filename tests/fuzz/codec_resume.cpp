// SPDX-License-Identifier: Apache-2.0
// Any bytes as a stored decoder: it is refused, or decodes on inside its own memory, asks for
// nothing outside of output and base, and comes to an end. The input chooses the profile, where the
// decoder of a real delta was stored, and which of its bytes are changed.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "frugal/sha256.h"
#include "model/codec/codec.hpp"
#include "model/codec/tflite_plan.hpp"
#include "support/model_files.hpp"
#include "unit/device_codec/codec_harness.hpp"
#include "unit/model_codec/changed_decoder.hpp"

namespace {

using frugal::base::Bytes;
using frugal::test::project_model;
using frugal::test::Slot;

constexpr std::size_t kStates = 64;

struct State {
    Bytes stored;
    std::size_t at;  ///< of the stream's next byte
};

/// One delta, decoded once, with its decoder stored now and then.
class Decoding {
public:
    explicit Decoding(std::uint8_t profile) {
        slot_.base = project_model("fashion-tiny-1.tflite");
        const auto file = project_model("fashion-tiny-2.tflite");
        const auto encoded = frugal::model::encode_with_statistics(
            file, frugal::model::plan_of_tflite(file),
            {profile, slot_.base, frugal::model::plan_of_tflite(slot_.base)});
        if (!encoded || !encoded->is_delta) {
            std::abort();
        }
        stream_ = encoded->stream;
        fr_sha256(slot_.base.data(), slot_.base.size(), digest_);
        config_ = {static_cast<std::uint32_t>(file.size()),
                   Slot::read,
                   &slot_,
                   nullptr,
                   sizeof(fr_codec_memory_t),
                   frugal::test::read_base,
                   static_cast<std::uint32_t>(slot_.base.size()),
                   digest_,
                   &fr_profiles_all};
        Bytes place(sizeof(fr_decoder_t) + sizeof(fr_codec_memory_t));
        auto& decoder = *reinterpret_cast<fr_decoder_t*>(place.data());
        config_.memory = place.data() + sizeof(fr_decoder_t);
        if (fr_decoder_init(&decoder, &config_) != FR_OK) {
            std::abort();
        }
        while (slot_.bytes.size() < file.size()) {
            decode(decoder, std::min(file.size() / kStates + 1, file.size() - slot_.bytes.size()));
            fr_decoder_suspend(&decoder);
            states_.push_back({place, at_});
            if (fr_decoder_resume(&decoder, &config_) != FR_OK) {
                std::abort();
            }
        }
    }

    const State& state(std::size_t which) const { return states_[which % states_.size()]; }
    const Bytes& stream() const { return stream_; }
    const fr_decoder_config_t& config() const { return config_; }

private:
    void decode(fr_decoder_t& decoder, std::size_t size) {
        std::vector<std::uint8_t> piece(size);
        while (size > 0) {
            std::size_t produced = 0;
            std::size_t taken = 0;
            if (fr_decoder_poll(&decoder, piece.data(), size, &produced) != FR_OK) {
                std::abort();
            }
            slot_.bytes.insert(slot_.bytes.end(), piece.begin(),
                               piece.begin() + static_cast<std::ptrdiff_t>(produced));
            size -= produced;
            if (size > 0 &&
                fr_decoder_sink(&decoder, stream_.data() + at_,
                                std::min<std::size_t>(64, stream_.size() - at_), &taken) != FR_OK) {
                std::abort();
            }
            at_ += taken;
        }
    }

    Slot slot_;
    Bytes stream_;
    std::size_t at_ = 0;
    std::uint8_t digest_[32] = {};
    fr_decoder_config_t config_{};
    std::vector<State> states_;
};

const Decoding& decoding(std::uint8_t profile) {
    static const Decoding all[FR_CODEC_PROFILES] = {Decoding(0), Decoding(1), Decoding(2)};
    return all[profile % FR_CODEC_PROFILES];
}

}  // namespace

/// Before the first input, whose time limit is not meant for encoding.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
    for (std::uint8_t profile = 0; profile < FR_CODEC_PROFILES; ++profile) {
        (void)decoding(profile);
    }
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 2) {
        return 0;
    }
    const auto& from = decoding(data[0]);
    const auto& state = from.state(data[1]);
    auto changed = state.stored;
    for (std::size_t i = 2; i + 3 <= size; i += 3) {
        changed[(data[i] | data[i + 1] << 8) % changed.size()] = data[i + 2];
    }
    frugal::test::ChangedDecoder decoder(changed, from.config());
    if (decoder.resume() && !decoder.run(from.stream(), state.at)) {
        std::abort();
    }
    return 0;
}
