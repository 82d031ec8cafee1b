// SPDX-License-Identifier: Apache-2.0
#include "base/hex.hpp"
#include "wire/bundle.hpp"
#include "wire/json_sizes.hpp"
#include "wire/json_values.hpp"
#include "wire/json_views.hpp"

namespace frugal::wire {

namespace {

namespace json = boost::json;

json::object artifact_object(const core::ArtifactRecord& artifact) {
    json::object object;
    object["digest"] = json_of(artifact.digest);
    object["size_bytes"] = artifact.size_bytes;
    object["block_bytes"] = artifact.block_bytes;
    object["decoder_profile"] = artifact.decoder_profile;
    object["decoder_ram_bytes"] = artifact.decoder_ram_bytes;
    object["base_digest"] = json_or_null(
        artifact.base_digest, [](const base::Digest& digest) { return json_of(digest); });
    object["base_lag_bytes"] = artifact.base_lag_bytes;
    return object;
}

json::object variant_object(const core::VariantRecord& variant, const Provenance* provenance) {
    json::object object;
    if (variant.manifest) {
        const core::ManifestContent& manifest = variant.manifest->content();
        object["device_class"] = manifest.device_class.text();
        object["model_digest"] = json_of(manifest.model_digest);
        object["model_bytes"] = manifest.model_bytes;
        object["arena_bytes"] = manifest.arena_bytes;
        object["input_bytes"] = manifest.input_bytes;
        object["output_classes"] = manifest.output_classes;
        object["accuracy_permyriad"] = manifest.accuracy_permyriad;
        object["data_digest"] = manifest.data_digest.empty()
                                    ? json::value(nullptr)
                                    : json::value(base::to_hex(manifest.data_digest));
        object["state_bytes"] = manifest.state_bytes;
        object["multiply_accumulates"] = manifest.multiply_accumulates;
        object["key_id"] = variant.manifest->blob().key_id();
    }
    object["artifacts"] = json_list(variant.artifacts, artifact_object);
    object["sizes"] = sizes_of(variant, provenance);
    object["provenance"] = json_of(provenance);
    return object;
}

json::array variant_list(const core::ReleaseRecord& release) {
    // Stored as verified; one a later version cannot read any more tells nothing.
    const auto statement =
        release.statement
            ? read_statement(release.statement->content())
            : base::Result<ReleaseStatement>(base::fail(base::ErrorKind::kNotFound, ""));
    json::array array;
    for (std::size_t i = 0; i < release.variants.size(); ++i) {
        const bool is_told = statement && i < statement->variants.size();
        array.push_back(variant_object(release.variants[i],
                                       is_told ? &statement->variants[i].provenance : nullptr));
    }
    return array;
}

}  // namespace

json::object release_object(const std::shared_ptr<const core::ReleaseRecord>& release) {
    json::object object;
    object["model"] = release->model.text();
    object["release"] = release->release;
    object["counter"] = release->counter;
    object["task"] = release->task;
    object["source_bytes"] = release->source_bytes;
    object["is_rollback_permit"] = release->restores.has_value();
    object["note"] = release->note;
    object["imported_at"] = json_of(release->imported_at);
    object["is_signed_elsewhere"] = release->statement != nullptr;
    object["variants"] = variant_list(*release);
    return object;
}

namespace {

json::object task_object(const core::TaskRecord& task) {
    json::object object;
    object["task"] = task.task;
    object["name"] = task.name;
    object["labels"] = json_list(task.labels, [](const std::string& label) { return label; });
    object["privacy"] = to_string(task.privacy);
    object["priority"] = to_string(task.priority);
    object["group_share_permille"] = task.group_share_permille;
    return object;
}

json::object edge_model_object(const core::EdgeModelRecord& model) {
    json::object object;
    object["task"] = model.task;
    object["name"] = model.name;
    object["digest"] = json_of(model.digest);
    object["input_bytes"] = model.input_bytes;
    return object;
}

json::object policy_object(const core::PolicyRecord& policy) {
    json::object object;
    object["device_class"] = policy.device_class.text();
    object["task"] = policy.task;
    object["policy"] = policy.policy;
    object["group_share_permille"] = policy.group_share_permille;
    object["compiled_bytes"] = policy.blob ? policy.blob->content().size() : 0;
    add_audience(object, policy.audience);
    object["is_withdrawn"] = policy.is_withdrawn;
    return object;
}

}  // namespace

std::string to_json(const core::TaskList& tasks) {
    json::object object;
    object["tasks"] = json_list(tasks.tasks, task_object);
    object["edge_models"] = json_list(tasks.edge_models, edge_model_object);
    object["policies"] = json_list(tasks.policies, policy_object);
    return json_text(std::move(object));
}

std::string to_json(const core::ModelList& models) {
    json::object object;
    object["releases"] = json_list(models.releases, release_object);
    return json_text(std::move(object));
}

}  // namespace frugal::wire
