// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "app/api_parts.hpp"
#include "crypto/sha256.hpp"
#include "release/bundle_import.hpp"

namespace frugal::app {

using base::ErrorKind;
using base::fail;
using base::Result;
using release::VerifiedBundle;
using wire::HttpRequest;

namespace {

using BundlePointer = std::shared_ptr<const VerifiedBundle>;

struct BundleImport {
    std::string actor;
    BundlePointer bundle;
};

const core::TaskRecord* find_task(const core::TaskList& list, std::uint32_t task) {
    const auto found = std::ranges::find(list.tasks, task, &core::TaskRecord::task);
    return found == list.tasks.end() ? nullptr : &*found;
}

// What the fleet runs and this gateway never had, the author may have sent along.
std::vector<release::DeltaSource> all_bases(ApiParts& parts, const VerifiedBundle& bundle,
                                            const std::vector<core::DeltaBase>& wanted) {
    auto bases = parts.load_bases(wanted);
    for (const auto& base : wanted) {
        const auto* file = bundle.file(base.model_digest);
        if (file != nullptr && std::ranges::find(bases, base.model_digest,
                                                 &release::DeltaSource::digest) == bases.end()) {
            bases.push_back({base.device_class, base.model_digest, *file});
        }
    }
    return bases;
}

// An author's bytes too are read here only after a confined child survived them.
Result<core::ImportRelease> try_and_import(ApiParts& parts, const VerifiedBundle& bundle,
                                           const std::vector<core::DeltaBase>& bases) {
    for (const auto& manifest : bundle.manifests()) {
        const auto& content = manifest->content();
        const auto* tflite = bundle.file(content.model_digest);
        const std::string name = "variant for device class " + content.device_class.text();
        if (tflite == nullptr) {
            return fail(ErrorKind::kInvalidInput, name, "the bundle has no model for it");
        }
        if (auto tried = parts.trial.run(TrialKind::kDeviceModel, *tflite, name); !tried) {
            return tl::unexpected(tried.error());
        }
    }
    return release::import_bundle(bundle, all_bases(parts, bundle, bases));
}

void encode_and_import(ApiParts& parts, const BundleImport& wanted, const core::ReleasePlan& plan,
                       net::Responder respond) {
    parts.run_slow([&parts, bundle = wanted.bundle,
                    bases = plan.bases] { return try_and_import(parts, *bundle, bases); },
                   [&parts, wanted, respond](Result<core::ImportRelease> import) {
                       if (!import) {
                           respond(wire::problem(import.error()));
                           return;
                       }
                       parts.ask<core::ReleaseImported>(
                           wanted.actor, std::move(*import), respond,
                           [wanted, respond](core::ReleaseImported imported) {
                               // A model's name needs no escaping: [a-z0-9-].
                               respond(wire::json_response(
                                   201, fmt::format(R"({{"model":"{}","release":{}}})",
                                                    wanted.bundle->statement().model.text(),
                                                    imported.release)));
                           });
                   });
}

void plan_import(ApiParts& parts, const BundleImport& wanted, const core::TaskList& tasks,
                 net::Responder respond) {
    const auto& statement = wanted.bundle->statement();
    std::optional<core::TaskRecord> task;
    if (const auto* found = find_task(tasks, statement.task)) {
        task = *found;
    }
    parts.ask<core::ReleasePlan>(wanted.actor, core::PlanRelease{statement.model, statement.task},
                                 respond, [&parts, wanted, task, respond](core::ReleasePlan plan) {
                                     const auto checked = release::check_site(
                                         *wanted.bundle, task ? &*task : nullptr, plan);
                                     if (!checked) {
                                         respond(wire::problem(checked.error()));
                                         return;
                                     }
                                     encode_and_import(parts, wanted, plan, respond);
                                 });
}

void import_bundle(ApiParts& parts, HttpRequest request, net::Responder respond) {
    auto bytes = std::make_shared<base::Bytes>(std::move(request.body));
    parts.run_slow(
        [&parts, bytes]() -> Result<BundlePointer> {
            auto bundle = open_bundle(parts, *bytes);
            if (!bundle) {
                return tl::unexpected(bundle.error());
            }
            return std::make_shared<const VerifiedBundle>(std::move(*bundle));
        },
        [&parts, actor = request.actor.name, respond](Result<BundlePointer> bundle) {
            if (!bundle) {
                respond(wire::problem(bundle.error()));
                return;
            }
            const BundleImport wanted{actor, *bundle};
            parts.ask<core::TaskList>(actor, core::ListTasks{}, respond,
                                      [&parts, wanted, respond](core::TaskList tasks) {
                                          plan_import(parts, wanted, tasks, respond);
                                      });
        });
}

}  // namespace

std::vector<release::DeltaSource> ApiParts::load_bases(const std::vector<core::DeltaBase>& wanted) {
    // What this gateway never had, or cannot read, is no base: a full encoding does.
    std::vector<release::DeltaSource> bases;
    for (const auto& base : wanted) {
        auto tflite = reader.blob(base.model_digest);
        if (tflite && crypto::sha256(*tflite) == base.model_digest) {
            bases.push_back({base.device_class, base.model_digest, std::move(*tflite)});
        }
    }
    return bases;
}

Result<VerifiedBundle> open_bundle(const ApiParts& parts, base::ByteView bytes) {
    if (!parts.release_public_key) {
        return fail(ErrorKind::kConflict, "this gateway trusts no release key",
                    parts.files.release_public_key().string() + " does not exist",
                    "Put the author's release.pub there and restart frugald.");
    }
    return VerifiedBundle::open(bytes, *parts.release_public_key);
}

void add_bundle_handlers(net::HttpHandlers& handlers, ApiParts& parts) {
    handlers["import_bundle"] = [&parts](HttpRequest request, net::Responder respond) {
        import_bundle(parts, std::move(request), std::move(respond));
    };
}

}  // namespace frugal::app
