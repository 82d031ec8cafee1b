// SPDX-License-Identifier: Apache-2.0
#include "app/policy_renewal.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "app/policy_builder.hpp"
#include "base/any_class.hpp"
#include "base/release_name.hpp"
#include "core/offload/policy_rules.hpp"
#include "frugal/policy.h"
#include "policy/author/earlier_form.hpp"
#include "policy/learn/compiled_table.hpp"
#include "policy/learn/learn_cell.hpp"

namespace frugal::app {

namespace {

using base::Result;
using Model = std::optional<base::Digest>;

/// Damaged bytes stay as they are: devices refuse them, as they did.
template <typename PartOrRecord>
bool is_earlier(const PartOrRecord& one) {
    return policy::widened(one.blob->content()).has_value();
}

class Renewal {
public:
    Renewal(core::Snapshot& snapshot, const std::vector<core::LearningRecord>& cells,
            const crypto::ReleaseKey& key)
        : snapshot_(snapshot), cells_(cells), key_(key) {}

    Result<core::WriteBatch> run() {
        core::WriteBatch batch;
        for (auto& version : snapshot_.policy_versions) {  // what one repeats comes before it
            if (std::ranges::none_of(version.parts,
                                     [](const auto& part) { return is_earlier(part); })) {
                continue;
            }
            for (auto& part : version.parts) {
                if (auto done = renew(version, part); !done) {
                    return tl::unexpected(done.error());
                }
            }
            version.digest = core::digest_of(version);
            batch.records.emplace_back(core::PolicyVersionDropped{version.task, version.version});
            batch.records.emplace_back(version);
        }
        for (auto& policy : snapshot_.policies) {
            if (is_earlier(policy)) {
                if (auto done = renew(policy); !done) {
                    return tl::unexpected(done.error());
                }
                batch.records.emplace_back(policy);
            }
        }
        return batch;
    }

private:
    using Form = std::pair<base::ClassName, base::Bytes>;  ///< of a class, as it was

    Result<void> renew(const core::PolicyVersionRecord& version, core::PolicyPart& part) {
        if (!is_earlier(part)) {
            return {};
        }
        const Form before{part.device_class, part.blob->content()};
        auto rules = before;
        rules.second = policy::with_policy_id(std::move(rules.second), 0);
        const auto repeated = models_.find(rules);
        const bool is_repeated = version.origin == core::PolicyOrigin::kReverted ||
                                 version.origin == core::PolicyOrigin::kWithdrawn;
        const auto model =
            is_repeated && repeated != models_.end() ? repeated->second : model_of(version, part);
        models_.insert_or_assign(std::move(rules), model);
        return sign(before, version.task, model).map([&](core::SignedPointer blob) {
            part.blob = std::move(blob);
        });
    }

    // What is in force is a part of a version, under its class or "any".
    Result<void> renew(core::PolicyRecord& policy) {
        for (const auto& name : {policy.device_class, base::any_class()}) {
            const auto known = renewed_.find({name, policy.blob->content()});
            if (known != renewed_.end()) {
                policy.blob = known->second;
                return {};
            }
        }
        return sign({policy.device_class, policy.blob->content()}, policy.task, std::nullopt)
            .map([&](core::SignedPointer blob) { policy.blob = std::move(blob); });
    }

    Result<core::SignedPointer> sign(const Form& before, std::uint32_t task, const Model& model) {
        auto wide = *policy::widened(before.second);
        if (model) {
            wide = policy::bound_to(std::move(wide), task, *model);
        }
        auto parts = sign_parts({{before.first, std::move(wide)}}, key_);
        if (!parts) {
            return tl::unexpected(parts.error());
        }
        renewed_.insert_or_assign(before, parts->front().blob);
        return parts->front().blob;
    }

    Model model_of(const core::PolicyVersionRecord& version, const core::PolicyPart& part) const {
        const auto source = core::source_of(version, part.device_class);
        const auto model = model_of_class(source.release, part.device_class);
        const auto learned = version.origin == core::PolicyOrigin::kLearned
                                 ? model_learned(version, part.device_class)
                                 : std::nullopt;
        if (!model || learned) {
            return learned;
        }
        const auto task = std::ranges::find(snapshot_.tasks, version.task, &core::TaskRecord::task);
        if (task == snapshot_.tasks.end()) {
            return model;
        }
        const auto compiled = policy::compile_policy(
            source.text, "policy", {task->name, task->task, *model, task->labels, version.version});
        const bool is_free =
            compiled && fr_policy_model(compiled->data(), compiled->size(), task->task) == 0;
        return is_free ? std::nullopt : model;
    }

    /// Of the release's variant that a form of the class was compiled for.
    Model model_of_class(const std::string& name, const base::ClassName& device_class) const {
        for (const auto& release : snapshot_.releases) {
            if (base::ReleaseName{release.model, release.release}.text() != name) {
                continue;
            }
            for (const auto& wanted : {device_class, base::any_class()}) {
                for (const auto& variant : release.variants) {
                    const auto& manifest = variant.manifest->content();
                    if (manifest.device_class == wanted) {
                        return manifest.model_digest;
                    }
                }
            }
        }
        return std::nullopt;
    }

    /// Of the cells that were saved under the version: that with the model most devices run.
    Model model_learned(const core::PolicyVersionRecord& version,
                        const base::ClassName& device_class) const {
        Model learned;
        std::ptrdiff_t most = -1;
        for (const auto& cell : cells_) {
            const bool is_of_it =
                cell.task == version.task && cell.device_class == device_class &&
                cell.audience == version.audience &&
                policy::LearnCell::moved(cell.state, version.version, version.version);
            if (const auto devices = is_of_it ? devices_with(cell) : -1; devices > most) {
                most = devices;
                learned = cell.model;
            }
        }
        return learned;
    }

    std::ptrdiff_t devices_with(const core::LearningRecord& cell) const {
        return std::ranges::count_if(snapshot_.devices, [&](const core::DeviceRecord& device) {
            const bool is_of_class =
                cell.device_class == base::any_class() ||
                (device.capability && device.capability->device_class == cell.device_class);
            return is_of_class && cell.audience.includes(device.id, device.label) &&
                   std::ranges::any_of(device.reported, [&](const core::TaskState& state) {
                       return state.task == cell.task && state.model_digest == cell.model;
                   });
        });
    }

    core::Snapshot& snapshot_;
    const std::vector<core::LearningRecord>& cells_;
    const crypto::ReleaseKey& key_;
    std::map<Form, Model> models_;  ///< by the rules, whatever their number
    std::map<Form, core::SignedPointer> renewed_;
};

}  // namespace

bool has_earlier_forms(const core::Snapshot& snapshot) {
    return std::ranges::any_of(snapshot.policies,
                               [](const auto& policy) { return is_earlier(policy); }) ||
           std::ranges::any_of(snapshot.policy_versions, [](const auto& version) {
               return std::ranges::any_of(version.parts,
                                          [](const auto& part) { return is_earlier(part); });
           });
}

Result<core::WriteBatch> renew_policies(core::Snapshot& snapshot,
                                        const std::vector<core::LearningRecord>& cells,
                                        const crypto::ReleaseKey& key) {
    return Renewal(snapshot, cells, key).run();
}

}  // namespace frugal::app
