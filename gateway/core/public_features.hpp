// SPDX-License-Identifier: Apache-2.0
// An input that may leave the site: nothing else converts to what the third tier is asked with.
// Made in one place only, from an input whose device said that policy and privacy let it go on and
// whose task is public here too. Move-only and wiped like Features.
#pragma once

#include <optional>

#include "core/features.hpp"
#include "core/record.hpp"

namespace frugal::core {

class PublicFeatures {
public:
    /// Absent, and the input untouched, unless the task is public and the device let the input go.
    static std::optional<PublicFeatures> from(const TaskRecord& task, bool may_go_on,
                                              Features& features) {
        if (task.privacy != TaskPrivacy::kPublic || !may_go_on) {
            return std::nullopt;
        }
        return PublicFeatures(std::move(features));
    }

    base::ByteView view() const { return features_.view(); }
    std::size_t size() const { return features_.size(); }
    void wipe() { features_.wipe(); }

private:
    explicit PublicFeatures(Features&& features) : features_(std::move(features)) {}

    Features features_;
};

}  // namespace frugal::core
