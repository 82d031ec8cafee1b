// SPDX-License-Identifier: Apache-2.0
#include "app/late_encodings.hpp"

#include <algorithm>
#include <iterator>

#include "base/release_name.hpp"
#include "release/encodings.hpp"

namespace frugal::app {

namespace {

constexpr std::size_t kPairsMax = 4096;  ///< remembered; then it starts anew

struct Made {
    core::AddEncodings added;
    std::vector<ApiParts::DeltaPair> useless{};  ///< no delta of these is worth its bytes
};

ApiParts::DeltaPair pair_of(const core::EncodingPlan& plan, const core::MissingDelta& missing) {
    const auto& variant = plan.release->variants[missing.variant];
    return {variant.manifest->content().model_digest, missing.base};
}

void add(Made& made, std::uint32_t place, release::Encodings&& encodings) {
    auto& variants = made.added.variants;
    if (variants.empty() || variants.back().variant != place) {
        variants.push_back({.variant = place});
    }
    auto& artifacts = variants.back().artifacts;
    artifacts.insert(artifacts.end(), encodings.artifacts.begin(), encodings.artifacts.end());
    std::ranges::move(encodings.blobs, std::back_inserter(made.added.blobs));
}

// On the pool. Both models were stored by an import, so a confined child has survived them.
Made encode(ApiParts& parts, const core::EncodingPlan& plan) {
    Made made{{.model = plan.release->model, .release = plan.release->release}};
    for (const auto& missing : plan.missing) {
        const auto& variant = plan.release->variants[missing.variant];
        const auto& content = variant.manifest->content();
        const auto model = parts.load_bases({{content.device_class, content.model_digest}});
        const auto base = parts.load_bases({{content.device_class, missing.base}});
        if (model.empty() || base.empty()) {
            continue;
        }
        auto encodings = release::encode_deltas(variant, model.front().tflite, base);
        if (!encodings) {
            parts.log.error("release.encode-failed", encodings.error());
        }
        if (!encodings || encodings->artifacts.empty()) {
            made.useless.push_back(pair_of(plan, missing));
            continue;
        }
        add(made, missing.variant, std::move(*encodings));
    }
    return made;
}

void commit(ApiParts& parts, const std::string& actor, Made made, std::function<void()> then) {
    if (parts.useless_deltas.size() + made.useless.size() > kPairsMax) {
        parts.useless_deltas.clear();
    }
    parts.useless_deltas.insert(made.useless.begin(), made.useless.end());
    if (made.added.variants.empty()) {
        then();
        return;
    }
    const auto name = base::ReleaseName{made.added.model, made.added.release}.text();
    parts.gateway.ask(
        actor, std::move(made.added),
        [&parts, name, then = std::move(then)](const base::Result<core::AdminReply>& reply) {
            if (reply) {
                parts.log.write(LogLevel::kInfo, "release.encoded", {{"release", name}});
            } else {
                parts.log.error("release.encode-failed", reply.error());
            }
            then();
        });
}

}  // namespace

void complete_encodings(ApiParts& parts, const std::string& actor, core::PlanEncodings query,
                        std::function<void()> then) {
    parts.gateway.ask(
        actor, std::move(query),
        [&parts, actor, then = std::move(then)](base::Result<core::AdminReply> reply) mutable {
            // An unknown release is the caller's error, told by what comes next.
            auto plan =
                reply ? std::get<core::EncodingPlan>(std::move(*reply)) : core::EncodingPlan{};
            std::erase_if(plan.missing, [&](const core::MissingDelta& missing) {
                return parts.useless_deltas.contains(pair_of(plan, missing));
            });
            if (plan.missing.empty()) {
                then();
                return;
            }
            parts.run_slow([&parts, plan = std::move(plan)] { return encode(parts, plan); },
                           [&parts, actor, then = std::move(then)](Made made) mutable {
                               commit(parts, actor, std::move(made), std::move(then));
                           });
        });
}

}  // namespace frugal::app
