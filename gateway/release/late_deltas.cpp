// SPDX-License-Identifier: Apache-2.0
#include "release/late_deltas.hpp"

#include <algorithm>
#include <iterator>

#include "base/hex.hpp"
#include "base/release_name.hpp"
#include "release/encodings.hpp"

namespace frugal::release {

namespace {

base::Result<Encodings> encode(const core::VariantRecord& variant, const base::Digest& base,
                               const LoadModel& load) {
    const auto& content = variant.manifest->content();
    const auto tflite = load(content.model_digest);
    if (!tflite) {
        return tl::unexpected(tflite.error());
    }
    auto bytes = load(base);
    if (!bytes) {
        return tl::unexpected(bytes.error());
    }
    return encode_deltas(variant, *tflite, {content.device_class, base, std::move(*bytes)});
}

// The plan is ordered by variant.
void add(core::AddEncodings& to, const core::EncodingPlan& plan, std::uint32_t place,
         Encodings&& encodings) {
    if (to.variants.empty() || to.variants.back().variant != place) {
        to.variants.push_back(
            {place, plan.release->variants[place].manifest->content().model_digest});
    }
    std::ranges::move(encodings.artifacts, std::back_inserter(to.variants.back().artifacts));
    std::ranges::move(encodings.blobs, std::back_inserter(to.blobs));
}

}  // namespace

LateDeltas make_late_deltas(const core::EncodingPlan& plan, const LoadModel& load,
                            const std::function<bool()>& has_time) {
    const auto& release = *plan.release;
    LateDeltas made{{.model = release.model, .release = release.release}};
    for (std::size_t i = 0; i < plan.missing.size(); ++i) {
        if (!has_time()) {
            made.left = plan.missing.size() - i;
            break;
        }
        const auto& missing = plan.missing[i];
        auto encodings = encode(release.variants[missing.variant], missing.base, load);
        if (!encodings) {
            made.errors.push_back(encodings.error().with_context(
                "no delta of " + base::ReleaseName{release.model, release.release}.text() +
                " against model " + base::to_hex(missing.base)));
        } else if (encodings->artifacts.empty()) {
            made.useless.push_back(missing);
        } else {
            add(made.added, plan, missing.variant, std::move(*encodings));
        }
    }
    return made;
}

}  // namespace frugal::release
