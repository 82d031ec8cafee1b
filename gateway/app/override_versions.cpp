// SPDX-License-Identifier: Apache-2.0
#include "app/override_versions.hpp"

#include <algorithm>

#include "app/policy_choice.hpp"
#include "policy/author/policy_pin.hpp"

namespace frugal::app {

using base::ErrorKind;
using base::Result;
using wire::OverridePolicyQuery;

namespace {

core::PolicySource source_to_pin(const Known& known, const core::PolicyVersionRecord& version) {
    if (known.device && known.device->capability) {
        return core::source_of(version, known.device->capability->device_class);
    }
    const auto& obeyed = known.history.obeyed;
    const auto own = std::ranges::find(obeyed, version.version, &core::PolicyObeyed::version);
    return own != obeyed.end() ? core::source_of(version, own->device_class)
                               : core::PolicySource{version.release, version.text};
}

}  // namespace

Result<core::SetPolicy> pinned_version(const Known& known, const OverridePolicyQuery& wanted,
                                       const crypto::ReleaseKey& key) {
    const auto found = version_to_pin(known.history, wanted.audience, known.device);
    if (!found) {
        return tl::unexpected(found.error());
    }
    const auto* version = *found;
    const auto* task = find_task(known.tasks, wanted.task);
    const auto source = version != nullptr ? source_to_pin(known, *version) : core::PolicySource{};
    const auto release = base::ReleaseName::parse(source.release);
    if (task == nullptr || !release) {
        return base::fail(ErrorKind::kConflict, "nothing to pin",
                          "it obeys no policy of the task whose text is known",
                          "Set a policy of the task first: frugalctl policy set.");
    }
    if (const auto proved = prove(source.text, *task, input_bytes(known.tasks, task->task));
        !proved) {
        return base::fail(proved.error(),
                          "the text of version " + std::to_string(version->version));
    }
    const auto text = policy::with_pin(source.text, task->name, wanted.pin);
    if (!text) {
        return tl::unexpected(text.error());
    }
    return authored_version(known, {wanted.task, *release}, *text, key)
        .map([&](core::SetPolicy command) {
            command.version.audience = wanted.audience;
            command.version.comment = wanted.comment;
            command.needs_every_class = true;
            return command;
        });
}

Result<core::SetPolicy> cleared_version(const Known& known, const OverridePolicyQuery& wanted,
                                        const crypto::ReleaseKey& key) {
    core::SetPolicy command;
    auto& version = command.version;
    std::vector<std::uint32_t> below;
    for (const auto& own : known.history.overrides) {
        if (own.audience == wanted.audience && !own.is_withdrawn && own.below_blob != nullptr) {
            version.parts.push_back({own.device_class, own.below_blob});
            version.source = std::max(version.source, own.below);
            below.push_back(own.below);
        }
    }
    if (version.parts.empty()) {
        return base::fail(ErrorKind::kNotFound, "there is no such override to clear", {},
                          "frugalctl policy history lists them.");
    }
    if (const auto* source = find_version(known.history, version.source)) {
        version.text = source->text;
        version.release = source->release;
    }
    for (std::size_t i = 0; i < below.size(); ++i) {
        name_source(version, version.parts[i], find_version(known.history, below[i]));
    }
    auto signed_parts = sign_parts(parts_again(version, known.tasks.next_policy), key);
    if (!signed_parts) {
        return tl::unexpected(signed_parts.error());
    }
    version.task = wanted.task;
    version.version = known.tasks.next_policy;
    version.origin = core::PolicyOrigin::kWithdrawn;
    version.comment = wanted.comment;
    version.audience = wanted.audience;
    version.parts = std::move(*signed_parts);
    return command;
}

}  // namespace frugal::app
