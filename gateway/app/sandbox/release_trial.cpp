// SPDX-License-Identifier: Apache-2.0
#include "app/sandbox/release_trial.hpp"

namespace frugal::app {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

struct Part {
    TrialKind kind;
    std::string name;
    base::Digest digest{};
};

std::vector<Part> parts_of(const release::VerifiedBundle& bundle) {
    std::vector<Part> parts;
    for (const auto& manifest : bundle.manifests()) {
        const auto& content = manifest->content();
        parts.push_back({TrialKind::kDeviceModel,
                         "variant for device class " + content.device_class.text(),
                         content.model_digest});
    }
    for (const auto& base : bundle.statement().bases) {
        parts.push_back({TrialKind::kDeltaBase, "base for device class " + base.device_class.text(),
                         base.model_digest});
    }
    return parts;
}

}  // namespace

Result<void> try_release(const ModelTrial& trial, const release::ReleaseSource& source) {
    for (const auto& variant : source.variants) {
        const auto name = "variant for device class " + variant.device_class.text();
        if (auto tried = trial.run(TrialKind::kDeviceModel, variant.tflite, name); !tried) {
            return tried;
        }
    }
    return {};
}

Result<void> try_bundle(const ModelTrial& trial, const release::VerifiedBundle& bundle) {
    for (const auto& part : parts_of(bundle)) {
        const auto* file = bundle.file(part.digest);
        if (file == nullptr) {
            return fail(ErrorKind::kInvalidInput, part.name, "the bundle has no model for it");
        }
        if (auto tried = trial.run(part.kind, *file, part.name); !tried) {
            return tried;
        }
    }
    return {};
}

}  // namespace frugal::app
