// SPDX-License-Identifier: Apache-2.0
#include "release/bundle_import.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "release/encodings.hpp"
#include "release/model_facts.hpp"

namespace frugal::release {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

core::ImportRelease empty_import(const VerifiedBundle& bundle) {
    const auto& statement = bundle.statement();
    return {.model = statement.model,
            .release = statement.release,
            .counter = statement.counter,
            .task = statement.task,
            .note = statement.note,
            .statement = bundle.signed_statement()};
}

Result<void> check_variant(const VerifiedBundle& bundle, const core::ManifestContent& content) {
    const auto* tflite = bundle.file(content.model_digest);
    const std::string where = "variant for device class " + content.device_class.text();
    if (tflite == nullptr) {
        return fail(ErrorKind::kInvalidInput, where, "the bundle has no model for it");
    }
    auto checked = check_facts(content, *tflite);
    return checked ? checked : fail(checked.error(), where);
}

bool is_same_but_numbers(core::ManifestContent permit, const core::ManifestContent& earlier) {
    permit.release = earlier.release;
    permit.counter = earlier.counter;
    return permit == earlier;
}

/// The variant of the earlier release that a permit's manifest stands for, or null.
const core::VariantRecord* find_earlier(const core::ReleaseRecord& release,
                                        const core::ManifestContent& permit) {
    const auto found = std::ranges::find_if(release.variants, [&](const auto& variant) {
        return is_same_but_numbers(permit, variant.manifest->content());
    });
    return found == release.variants.end() ? nullptr : &*found;
}

Result<void> check_permit(const VerifiedBundle& bundle, const core::RollbackPlan& plan) {
    const auto& statement = bundle.statement();
    if (!bundle.is_permit()) {
        return fail(ErrorKind::kInvalidInput, "this bundle is no permit to go back",
                    fmt::format("it is release {}@{}", statement.model.text(), statement.release),
                    "Make a permit of it with frugalctl model permit.");
    }
    const auto& earlier = *plan.restores;
    if (statement.model != earlier.model || statement.restores != earlier.release ||
        statement.release < plan.release || statement.counter < plan.counter) {
        return fail(
            ErrorKind::kConflict, "the permit is for another rollback",
            fmt::format("it goes back to {}@{} with release {} and counter {}; wanted is {}@{} "
                        "with release {} and counter {}, or higher",
                        statement.model.text(), statement.restores, statement.release,
                        statement.counter, earlier.model.text(), earlier.release, plan.release,
                        plan.counter),
            "Make it again with these numbers.");
    }
    return {};
}

}  // namespace

Result<void> check_site(const VerifiedBundle& bundle, const core::TaskRecord* task,
                        const core::ReleasePlan& plan) {
    const auto& statement = bundle.statement();
    const std::string what =
        fmt::format("{}@{} not imported", statement.model.text(), statement.release);
    if (bundle.is_permit()) {
        return fail(ErrorKind::kInvalidInput, what, "this is a permit to go back, not a release",
                    "Use it with frugalctl rollout rollback ROLLOUT --permit FILE.");
    }
    if (task == nullptr) {
        return fail(
            ErrorKind::kNotFound, what, fmt::format("this site has no task {}", statement.task),
            fmt::format("Define it: frugalctl task define {} NAME --labels ...", statement.task));
    }
    if (!statement.task_name.empty() && statement.task_name != task->name) {
        return fail(ErrorKind::kConflict, what,
                    fmt::format("it was built for task \"{}\"; task {} is \"{}\" here",
                                statement.task_name, statement.task, task->name),
                    "Build it with this site's task number.");
    }
    if (!statement.labels.empty() && statement.labels != task->labels) {
        return fail(ErrorKind::kConflict, what,
                    fmt::format("it was built for the classes {}; here they are {}",
                                fmt::join(statement.labels, ","), fmt::join(task->labels, ",")),
                    "Define the task's classes as the model has them, or train for these.");
    }
    for (const auto& manifest : bundle.manifests()) {
        const auto checked = check_classes(manifest->content(), task->labels);
        if (!checked) {
            return fail(checked.error(), what + ", variant for device class " +
                                             manifest->content().device_class.text());
        }
    }
    if (statement.release < plan.release || statement.counter < plan.counter) {
        return fail(ErrorKind::kConflict, what,
                    fmt::format("it is release {} with counter {}; this site needs release {} and "
                                "counter {} or higher",
                                statement.release, statement.counter, plan.release, plan.counter),
                    fmt::format("Build it again with --release {} --counter {}.",
                                std::max(plan.release, statement.release),
                                std::max(plan.counter, statement.counter)));
    }
    return {};
}

std::optional<core::ReleaseImported> imported_before(const VerifiedBundle& bundle,
                                                     const core::ModelList& site) {
    const auto& signed_bytes = bundle.signed_statement()->content();
    for (const auto& release : site.releases) {
        if (release->statement && release->statement->content() == signed_bytes) {
            return core::ReleaseImported{release->number, release->release};
        }
    }
    return std::nullopt;
}

Result<void> check_models(const VerifiedBundle& bundle) {
    for (const auto& manifest : bundle.manifests()) {
        if (auto checked = check_variant(bundle, manifest->content()); !checked) {
            return checked;
        }
    }
    return {};
}

Result<core::ImportRelease> import_bundle(const VerifiedBundle& bundle,
                                          const std::vector<DeltaSource>& bases) {
    if (auto checked = check_models(bundle); !checked) {
        return tl::unexpected(checked.error());
    }
    core::ImportRelease import = empty_import(bundle);
    for (const auto& manifest : bundle.manifests()) {
        const auto& content = manifest->content();
        const VariantSource variant{content.device_class, *bundle.file(content.model_digest)};
        if (auto added = add_variant(import, manifest, variant, bases); !added) {
            return fail(added.error(), "variant for device class " + content.device_class.text());
        }
    }
    return import;
}

Result<core::ImportRelease> import_permit(const VerifiedBundle& bundle,
                                          const core::RollbackPlan& plan) {
    if (auto checked = check_permit(bundle, plan); !checked) {
        return tl::unexpected(checked.error());
    }
    core::ImportRelease import = empty_import(bundle);
    import.source_bytes = plan.restores->source_bytes;
    for (const auto& manifest : bundle.manifests()) {
        const auto* earlier = find_earlier(*plan.restores, manifest->content());
        if (earlier == nullptr) {
            return fail(ErrorKind::kConflict, "the permit is for another release",
                        fmt::format("{}@{} here has no such model for device class {}",
                                    plan.restores->model.text(), plan.restores->release,
                                    manifest->content().device_class.text()),
                        "Make it of the bundle that was imported here.");
        }
        import.variants.push_back({manifest, earlier->artifacts, earlier->stripped_bytes});
    }
    if (import.variants.size() != plan.restores->variants.size()) {
        return fail(ErrorKind::kConflict, "the permit leaves device classes out",
                    fmt::format("it has {} of {} variants", import.variants.size(),
                                plan.restores->variants.size()),
                    "Make it of the bundle that was imported here.");
    }
    return import;
}

}  // namespace frugal::release
