// SPDX-License-Identifier: Apache-2.0
#include "app/file_difference.hpp"

#include <map>

#include <fmt/format.h>

#include "app/policy_choice.hpp"
#include "core/offload/policy_comparison.hpp"

namespace frugal::app {

namespace {

/// What devices obey now of what a file would change.
struct Present {
    std::vector<CompiledPart> parts{};
    std::uint32_t share_permille = 0;
    std::map<std::string, std::vector<std::string>> classes{};  ///< by the text they obey
};

std::string text_of(const Known& known, const core::PolicyRecord& policy) {
    const auto* version = find_version(known.history, policy.policy);
    return version != nullptr ? core::source_of(*version, policy.device_class).text : std::string();
}

Present present_of_classes(const Known& known, std::uint32_t task) {
    Present present;
    for (const auto& policy : known.tasks.policies) {
        if (policy.task == task && policy.audience.is_class()) {
            present.parts.push_back({policy.device_class, policy.blob->content()});
            present.share_permille = policy.group_share_permille;
            present.classes[text_of(known, policy)].push_back(policy.device_class.text());
        }
    }
    return present;
}

Present present_of(const Known& known, const wire::PolicyTargetQuery& wanted) {
    const auto* version = version_obeyed(known.history, wanted.audience, known.device);
    if (wanted.audience.is_class() || version == nullptr) {
        return present_of_classes(known, wanted.task);
    }
    Present present;
    if (known.device && known.device->capability) {
        const auto& device_class = known.device->capability->device_class;
        present.classes[core::source_of(*version, device_class).text];
        if (const auto* part = core::part_for(*version, device_class)) {
            present.parts.push_back({device_class, part->blob->content()});
        }
        return present;
    }
    present.parts = parts_of(*version);
    for (const auto& part : version->parts) {
        present.classes[core::source_of(*version, part.device_class).text].push_back(
            part.device_class.text());
    }
    return present;
}

}  // namespace

base::Result<std::vector<wire::PolicyPartDifference>> file_difference(
    const Known& known, const wire::PolicyTargetQuery& wanted, const std::string& text) {
    return compile(known, wanted, text).and_then([&](const std::vector<CompiledPart>& compiled) {
        return file_difference(known, wanted, text, compiled);
    });
}

base::Result<std::vector<wire::PolicyPartDifference>> file_difference(
    const Known& known, const wire::PolicyTargetQuery& wanted, const std::string& text,
    const std::vector<CompiledPart>& compiled) {
    const auto share = group_share(known, wanted.task, text);
    if (!share) {
        return tl::unexpected(share.error());
    }
    const auto now = present_of(known, wanted);
    auto differs = compare_parts(now.parts, compiled, wanted.task, labels_of(known, wanted.task));
    if (wanted.audience.is_class()) {
        compare_shares(now.share_permille, *share, differs);
    }
    for (const auto& [before, classes] : now.classes) {
        const auto whose =
            now.classes.size() == 1 ? "any" : fmt::format("{}", fmt::join(classes, ", "));
        const auto& task = *find_task(known.tasks, wanted.task);
        compare_bounds({whose, before, text}, task, differs);
        compare_words({whose, before, text}, task, differs);
    }
    return differs;
}

}  // namespace frugal::app
