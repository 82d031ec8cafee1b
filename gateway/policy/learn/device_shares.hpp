// SPDX-License-Identifier: Apache-2.0
// Who added what to the evidence of a learner, kept as finely as the evidence itself: what is taken
// back from a device leaves what would be there without it, however factors moved in between.
// Owned by the evidence, one thread. Never more than kPartsMax parts; what is added beyond stays in
// the evidence for good. A part takes 12 bytes, 24 while a device's grow, and a device about 100
// more: 0.2 MB if few devices fill it, 1 MB if each part is of another one. An evidence has one,
// during an alarm its learner has two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace frugal::policy {

class DeviceShares {
public:
    /// Of one device, in one bin and column of the evidence.
    struct Part {
        std::uint16_t bin = 0;
        std::uint16_t column = 0;
        float count = 0;
        float gain = 0;
    };

    static constexpr std::size_t kPartsMax = 8'192;
    static constexpr float kLeast =
        1.0F / 64;  ///< sample; less is nobody's: it is all but forgotten

    void add(std::uint32_t device, const Part& part);
    void fade(double keep);

    /// Everything of the device, which has no part any more.
    std::vector<Part> take(std::uint32_t device);

    /// Every part goes to `column`, its count multiplied by `factor_of(its column)`.
    template <typename FactorOf>
    void merge(std::uint16_t column, const FactorOf& factor_of) {
        for (auto& [device, parts] : std::exchange(devices_, {})) {
            parts_ -= parts.size();
            for (const Part& part : parts) {
                const auto factor = static_cast<float>(factor_of(part.column));
                add(device, {part.bin, column, part.count * factor, part.gain});
            }
        }
    }

    std::size_t parts() const { return parts_; }

private:
    std::map<std::uint32_t, std::vector<Part>> devices_;
    std::size_t parts_ = 0;
};

}  // namespace frugal::policy
