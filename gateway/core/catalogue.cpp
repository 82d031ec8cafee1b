// SPDX-License-Identifier: Apache-2.0
#include "core/catalogue.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "base/any_class.hpp"
#include "base/assert.hpp"
#include "core/artifact_checks.hpp"
#include "frugal/limits.h"

namespace frugal::core {

namespace {

constexpr std::size_t kTaskNameBytes = 64;
constexpr std::size_t kNoteBytes = 1024;
constexpr std::uint32_t kTaskLast = 255;
constexpr std::size_t kVariantsMax = 32;  ///< of one release

using Audiences = std::vector<base::Audience>;

/// What a device belongs to beside its class, the more specific one last.
Audiences audiences_of(const DeviceRecord& device,
                       base::Audience::Kind most = base::Audience::Kind::kDevice) {
    Audiences audiences;
    if (!device.label.empty()) {
        audiences.push_back(base::Audience::label(device.label));
    }
    audiences.push_back(base::Audience::device(device.id));
    std::erase_if(audiences, [most](const auto& audience) { return audience.kind > most; });
    return audiences;
}

tl::unexpected<base::Error> refuse(const ImportRelease& command, std::string cause,
                                   std::string remedy) {
    return base::fail(base::ErrorKind::kInvalidInput,
                      "release " + std::to_string(command.release) + " of model " +
                          command.model.text() + " not imported",
                      std::move(cause), std::move(remedy));
}

// Of several variants for a class the most accurate that fits is chosen, so they must differ, and
// say how accurate they are.
base::Result<void> check_variants(const ImportRelease& command) {
    std::set<std::pair<base::ClassName, base::Digest>> models;
    std::map<base::ClassName, std::vector<const ManifestContent*>> classes;
    for (const auto& variant : command.variants) {
        const auto& content = variant.manifest->content();
        if (!models.emplace(content.device_class, content.model_digest).second) {
            return refuse(
                command,
                "two variants for class " + content.device_class.text() + " are the same model",
                "Keep one");
        }
        classes[content.device_class].push_back(&content);
    }
    for (const auto& [name, contents] : classes) {
        if (contents.size() > 1 && std::ranges::any_of(contents, [](const auto* content) {
                return content->accuracy_permyriad == 0;
            })) {
            return refuse(command,
                          "of the " + std::to_string(contents.size()) + " variants for class " +
                              name.text() + " one does not state its accuracy",
                          "State the accuracy of each, or keep one");
        }
    }
    return {};
}

}  // namespace

Catalogue::Catalogue(Snapshot& snapshot, Journal& journal, const RolloutConfig& config)
    : journal_(journal), config_(config) {
    for (auto& task : snapshot.tasks) {
        const auto key = task.task;
        tasks_.emplace(key, std::move(task));
    }
    for (auto& release : snapshot.releases) {
        FRUGAL_ASSERT(index_of(release.number) == releases_.size());
        releases_.push_back(std::make_shared<const ReleaseRecord>(std::move(release)));
    }
    for (auto& model : snapshot.edge_models) {
        const auto key = model.task;
        edge_models_.emplace(key, std::move(model));
    }
    for (auto& policy : snapshot.policies) {
        auto key = PolicyKey(policy.task, policy.device_class, policy.audience);
        has_overrides_ |= !policy.audience.is_class();
        policies_.emplace(std::move(key), std::move(policy));
    }
}

base::Result<Done> Catalogue::define_task(const Step& step, const std::string& actor,
                                          DefineTask&& command) {
    auto& task = command.task;
    const auto is_bad_name = [](const std::string& name) {
        return name.empty() || name.size() > kTaskNameBytes;
    };
    if (task.task > kTaskLast || is_bad_name(task.name) || task.labels.size() > FR_CLASSES_MAX ||
        std::ranges::any_of(task.labels, is_bad_name) || task.priority >= Priority::kAudit ||
        task.group_share_permille > 1000) {
        return base::fail(base::ErrorKind::kInvalidInput, "task not defined",
                          "number above 255, name or label not 1..64 bytes, too many labels, "
                          "no such priority, or a share above 1",
                          "Correct the task's definition");
    }
    if (std::set<std::string_view>(task.labels.begin(), task.labels.end()).size() !=
        task.labels.size()) {
        return base::fail(base::ErrorKind::kInvalidInput, "task not defined",
                          "two classes have the same label", "Give every class a label of its own");
    }
    journal_.audit(step, actor, "task.define", std::to_string(task.task), task.name);
    step.write(task);
    tasks_.insert_or_assign(task.task, std::move(task));
    return Done{};
}

base::Result<void> Catalogue::check_import(const ImportRelease& command, bool is_permit) const {
    // A way back is open whatever the limit.
    if (!is_permit && releases_.size() >= config_.release_limit) {
        return base::fail(
            base::ErrorKind::kLimit, "release not imported",
            "the site has its " + std::to_string(config_.release_limit) + " releases");
    }
    const auto numbers = plan(command.model, command.task);
    if (command.release < numbers.release || command.counter < numbers.counter) {
        return base::fail(base::ErrorKind::kConflict,
                          "release " + std::to_string(command.release) + " of model " +
                              command.model.text() + " not imported",
                          "the next free numbers are release " + std::to_string(numbers.release) +
                              " and counter " + std::to_string(numbers.counter),
                          "Ask for a plan again, sign with its numbers, and import again");
    }
    if (command.variants.empty() || command.note.size() > kNoteBytes) {
        return refuse(command, "no variant, or a note above 1024 bytes",
                      "Name at least one variant");
    }
    if (command.variants.size() > kVariantsMax) {
        return refuse(command, "more than " + std::to_string(kVariantsMax) + " variants",
                      "Make fewer");
    }
    for (const auto& variant : command.variants) {
        if (variant.manifest == nullptr || variant.artifacts.empty()) {
            return refuse(command, "a variant without manifest or artifact", "Complete it");
        }
        const auto& content = variant.manifest->content();
        if (content.model != command.model || content.release != command.release ||
            content.counter != command.counter || content.task != command.task) {
            return refuse(command, "a manifest states another model, release, counter or task",
                          "Sign manifests for this release");
        }
        if (!std::ranges::all_of(variant.artifacts, is_valid_artifact)) {
            return refuse(command, "an artifact's size or block size is out of range",
                          "See frugal/limits.h");
        }
    }
    return check_variants(command);
}

base::Result<ReleaseImported> Catalogue::import(const Step& step, const std::string& actor,
                                                ImportRelease&& command,
                                                std::optional<ReleaseNumber> restores) {
    if (const auto checked = check_import(command, restores.has_value()); !checked) {
        return tl::unexpected<base::Error>(checked.error());
    }
    for (const auto& variant : command.variants) {
        for (const auto& artifact : variant.artifacts) {
            if (!restores && !has_blob(command.blobs, artifact.digest)) {
                return refuse(command, "the bytes of an artifact are missing", "Send all blobs");
            }
        }
    }
    const auto number = static_cast<ReleaseNumber>(releases_.size());
    ReleaseRecord record{.number = number,
                         .model = command.model,
                         .release = command.release,
                         .counter = command.counter,
                         .task = command.task,
                         .source_bytes = command.source_bytes,
                         .restores = restores,
                         .note = std::move(command.note),
                         .imported_at = step.now.wall,
                         .variants = std::move(command.variants),
                         .statement = std::move(command.statement)};
    for (auto& blob : command.blobs) {
        if (blob.bytes != nullptr) {
            step.write(std::move(blob));
        }
    }
    step.write(record);
    journal_.audit(step, actor, "release.import", command.model.text(),
                   "release " + std::to_string(command.release));
    releases_.push_back(std::make_shared<const ReleaseRecord>(std::move(record)));
    return ReleaseImported{number, command.release};
}

base::Result<Done> Catalogue::set_edge_model(const Step& step, const std::string& actor,
                                             SetEdgeModel&& command) {
    if (command.model.task > kTaskLast || command.model.name.size() > kTaskNameBytes) {
        return base::fail(base::ErrorKind::kInvalidInput, "edge model not set",
                          "task number above 255 or a name above 64 bytes");
    }
    const auto* present = edge_model(command.model.task);
    const auto serving = present != nullptr ? std::optional(present->digest) : std::nullopt;
    if (command.instead_of && command.instead_of->digest != serving) {
        return base::fail(base::ErrorKind::kConflict, "edge model not set",
                          "another one than it was measured against serves by now",
                          "Send it again with its samples");
    }
    if (command.blob.bytes != nullptr) {
        command.blob.kind = BlobKind::kEdgeModel;
        step.write(std::move(command.blob));
    }
    journal_.audit(step, actor, "edge-model.set", std::to_string(command.model.task),
                   command.model.name);
    step.write(command.model);
    edge_models_.insert_or_assign(command.model.task, std::move(command.model));
    return Done{};
}

void Catalogue::put_policy(const Step& step, PolicyRecord policy) {
    FRUGAL_ASSERT(policy.blob != nullptr);
    step.write(policy);
    has_overrides_ |= !policy.audience.is_class();
    auto key = PolicyKey(policy.task, policy.device_class, policy.audience);
    policies_.insert_or_assign(std::move(key), std::move(policy));
}

void Catalogue::drop_policy(const Step& step, const PolicyRecord& policy) {
    const PolicyKey key(policy.task, policy.device_class, policy.audience);
    step.write(PolicyRecordDropped{policy.task, policy.device_class, policy.audience});
    policies_.erase(key);
}

const ReleaseRecord& Catalogue::release(ReleaseNumber number) const {
    FRUGAL_ASSERT(index_of(number) < releases_.size());
    return *releases_[index_of(number)];
}

ReleasePointer Catalogue::find_release(const base::ModelName& model, std::uint32_t release) const {
    const auto found = std::ranges::find_if(releases_, [&](const ReleasePointer& candidate) {
        return candidate->model == model && candidate->release == release;
    });
    return found == releases_.end() ? nullptr : *found;
}

ReleasePlan Catalogue::plan(const base::ModelName& model, std::uint32_t task) const {
    ReleasePlan plan{.release = 1, .counter = 1};
    for (const auto& release : releases_) {
        if (release->model == model) {
            plan.release = std::max(plan.release, release->release + 1);
        }
        if (release->task == task) {
            plan.counter = std::max(plan.counter, release->counter + 1);
        }
    }
    return plan;
}

const TaskRecord* Catalogue::task(std::uint32_t task) const {
    const auto found = tasks_.find(task);
    return found == tasks_.end() ? nullptr : &found->second;
}

const EdgeModelRecord* Catalogue::edge_model(std::uint32_t task) const {
    const auto found = edge_models_.find(task);
    return found == edge_models_.end() ? nullptr : &found->second;
}

const PolicyRecord* Catalogue::policy(std::uint32_t task, const base::ClassName& device_class,
                                      const base::Audience& audience) const {
    auto found = policies_.find(PolicyKey(task, device_class, audience));
    if (found == policies_.end()) {
        found = policies_.find(PolicyKey(task, base::any_class(), audience));
    }
    return found == policies_.end() ? nullptr : &found->second;
}

// What ended one counts until something newer lies below it.
const PolicyRecord* Catalogue::chosen(std::uint32_t task, const base::ClassName& device_class,
                                      const std::vector<base::Audience>& audiences) const {
    const auto* chosen = policy(task, device_class);
    for (const auto& audience : audiences) {
        const auto* own = policy(task, device_class, audience);
        if (own != nullptr &&
            (!own->is_withdrawn || chosen == nullptr || own->policy > chosen->policy)) {
            chosen = own;
        }
    }
    return chosen;
}

const PolicyRecord* Catalogue::policy_of(std::uint32_t task, const DeviceRecord& device,
                                         base::Audience::Kind most) const {
    return device.capability ? chosen(task, device.capability->device_class,
                                      has_overrides_ ? audiences_of(device, most) : Audiences{})
                             : nullptr;
}

const PolicyRecord* Catalogue::policy_below(std::uint32_t task, const base::ClassName& device_class,
                                            const base::Audience& audience,
                                            const std::string& label) const {
    const bool has_label = audience.kind == base::Audience::Kind::kDevice && !label.empty();
    return chosen(task, device_class,
                  has_label ? Audiences{base::Audience::label(label)} : Audiences{});
}

const PolicyRecord* Catalogue::override_of(std::uint32_t task, const DeviceRecord& device) const {
    const PolicyRecord* chosen = nullptr;
    const bool may_have = has_overrides_ && device.capability;
    for (const auto& audience : may_have ? audiences_of(device) : Audiences{}) {
        const auto* own = policy(task, device.capability->device_class, audience);
        chosen = own != nullptr && !own->is_withdrawn ? own : chosen;
    }
    return chosen;
}

std::vector<const PolicyRecord*> Catalogue::overrides(std::uint32_t task) const {
    std::vector<const PolicyRecord*> overrides;
    for (const auto& [key, policy] : policies_) {
        if (policy.task == task && !policy.audience.is_class()) {
            overrides.push_back(&policy);
        }
    }
    return overrides;
}

bool Catalogue::has_group_share(std::uint32_t task) const {
    const auto* record = this->task(task);
    return (record != nullptr && record->group_share_permille != 0) ||
           std::ranges::any_of(policies_, [task](const auto& entry) {
               return entry.second.task == task && entry.second.group_share_permille != 0;
           });
}

TaskList Catalogue::list() const {
    TaskList list;
    for (const auto& [key, task] : tasks_) {
        list.tasks.push_back(task);
    }
    for (const auto& [key, model] : edge_models_) {
        list.edge_models.push_back(model);
    }
    for (const auto& [key, policy] : policies_) {
        list.policies.push_back(policy);
    }
    return list;
}

}  // namespace frugal::core
