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

std::string text_of(const Known& known, std::uint32_t number) {
    const auto* version = find_version(known.history, number);
    return version != nullptr ? version->text : std::string();
}

Present present_of_classes(const Known& known, std::uint32_t task) {
    Present present;
    for (const auto& policy : known.tasks.policies) {
        if (policy.task == task && policy.audience.is_class()) {
            present.parts.push_back({policy.device_class, policy.blob->content()});
            present.share_permille = policy.group_share_permille;
            present.classes[text_of(known, policy.policy)].push_back(policy.device_class.text());
        }
    }
    return present;
}

Present present_of(const Known& known, const wire::PolicyTargetQuery& wanted) {
    const auto* version = version_obeyed(known.history, wanted.audience, known.device);
    if (wanted.audience.is_class() || version == nullptr) {
        return present_of_classes(known, wanted.task);
    }
    Present present{parts_of(*version), 0, {{version->text, {}}}};
    if (known.device && known.device->capability) {
        const auto* part = core::part_for(*version, known.device->capability->device_class);
        present.parts.clear();
        if (part != nullptr) {
            present.parts.push_back(
                {known.device->capability->device_class, part->blob->content()});
        }
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
        compare_bounds({whose, before, text}, *find_task(known.tasks, wanted.task), differs);
    }
    return differs;
}

}  // namespace frugal::app
