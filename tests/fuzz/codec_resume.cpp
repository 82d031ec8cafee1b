// SPDX-License-Identifier: Apache-2.0
// Any bytes as a stored decoder: it is refused, or decodes on inside its own memory, asks for
// nothing outside of output and base, and comes to an end. The input chooses the profile, where the
// decoder of a real delta was stored, and which of its bytes are changed.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "support/model_files.hpp"
#include "unit/model_codec/changed_decoder.hpp"
#include "unit/model_codec/stored_delta.hpp"

namespace {

using frugal::base::Bytes;
using frugal::test::Place;
using frugal::test::project_model;
using frugal::test::StoredDelta;

constexpr std::size_t kStates = 64;

struct State {
    Bytes stored;
    std::size_t at;  ///< of the stream's next byte
};

/// One delta, decoded once, with its decoder stored now and then.
class Decoding {
public:
    explicit Decoding(std::uint8_t profile)
        : delta_(profile, project_model("fashion-tiny-1.tflite"),
                 project_model("fashion-tiny-2.tflite")) {
        Place place;
        config_ = delta_.config_at(place);
        require(!delta_.stream.empty());
        require(fr_decoder_init(place.decoder(), &config_) == FR_OK);
        while (delta_.left() > 0) {
            const auto size = std::min(delta_.file.size() / kStates + 1, delta_.left());
            require(delta_.decode(*place.decoder(), size));
            fr_decoder_suspend(place.decoder());
            states_.push_back({place.bytes, delta_.at});
            require(fr_decoder_resume(place.decoder(), &config_) == FR_OK);
        }
    }

    const State& state(std::size_t which) const { return states_[which % states_.size()]; }
    const Bytes& stream() const { return delta_.stream; }
    const fr_decoder_config_t& config() const { return config_; }

private:
    static void require(bool is_so) {
        if (!is_so) {
            std::abort();
        }
    }

    StoredDelta delta_;
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
