// SPDX-License-Identifier: Apache-2.0
// Any bytes as a file, any plan that fits it: encode() verifies by decoding, so every failure but
// a refused plan is a bug. The front of the input says where tensors are.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "frugal/codec.h"
#include "model/codec/codec.hpp"

using frugal::model::Region;
using frugal::model::RegionKind;
using frugal::model::SegmentPlan;

namespace {

Region read_region(const uint8_t* front, size_t offset, size_t room) {
    Region region;
    region.offset = offset;
    region.kind = static_cast<RegionKind>(front[0] % 3);
    if (region.kind != RegionKind::kWeights) {
        region.size_bytes = std::min<size_t>(4U * (front[1] + 1U), room / 4 * 4);
        return region;
    }
    region.columns = std::min<uint32_t>(front[1] + 1U, static_cast<uint32_t>(room));
    region.rows =
        std::min<uint32_t>(front[2] % 16U + 1U, static_cast<uint32_t>(room / region.columns));
    region.size_bytes = static_cast<size_t>(region.rows) * region.columns;
    region.near_distance = front[3] % region.columns;
    region.far_distance = (front[3] >> 4) % region.columns;
    return region;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    constexpr size_t kFront = 16;     // four regions of four bytes
    constexpr size_t kSizeMax = 768;  // every file is encoded many times over
    if (size <= kFront || size > kSizeMax) {
        return 0;
    }
    const frugal::base::ByteView file(data + kFront, size - kFront);
    SegmentPlan plan;
    size_t offset = 0;
    for (size_t i = 0; i < kFront; i += 4) {
        offset += data[i] / 8U;
        if (offset + 4 > file.size()) {
            break;
        }
        const Region region = read_region(data + i, offset, file.size() - offset);
        if (region.size_bytes == 0) {
            break;
        }
        plan.regions.push_back(region);
        offset += region.size_bytes;
    }
    // The last region's first byte also chooses the profile, and a base out of the file's front.
    frugal::model::EncodeOptions options;
    options.profile = static_cast<uint8_t>(data[12] % FR_CODEC_PROFILES);
    if ((data[12] & 4U) != 0 && file.size() > 1) {
        options.base = file.first(file.size() / 2);
        for (const Region& region : plan.regions) {
            if (region.offset + region.size_bytes <= options.base.size()) {
                options.base_plan.regions.push_back(region);
            }
        }
    }
    const auto stream = frugal::model::encode(file, plan, options);
    if (!stream || stream->size() > file.size() + 64) {
        std::abort();
    }
    return 0;
}
