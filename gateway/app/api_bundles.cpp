// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "app/api_parts.hpp"
#include "app/blob_cache.hpp"
#include "app/late_encodings.hpp"
#include "app/sandbox/release_trial.hpp"
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
    if (auto tried = try_bundle(parts.trial, bundle); !tried) {
        return tl::unexpected(tried.error());
    }
    return release::import_bundle(bundle, all_bases(parts, bundle, bases));
}

// A model's name needs no escaping: [a-z0-9-].
void tell(const BundleImport& wanted, int status, std::uint32_t release,
          const net::Responder& respond) {
    respond(
        wire::json_response(status, fmt::format(R"({{"model":"{}","release":{}}})",
                                                wanted.bundle->statement().model.text(), release)));
}

/// Goes on with `then`, unless this very bundle is here already: then its release is the answer,
/// once it has a delta against everything that devices run by now.
void unless_imported(ApiParts& parts, const BundleImport& wanted, net::Responder respond,
                     std::function<void()> then) {
    parts.ask<core::ModelList>(
        wanted.actor, core::ListModels{}, respond,
        [&parts, wanted, respond, then = std::move(then)](const core::ModelList& site) {
            const auto same = release::imported_before(*wanted.bundle, site);
            if (!same) {
                then();
                return;
            }
            const auto& model = wanted.bundle->statement().model;
            complete_encodings(
                parts, wanted.actor, {model, same->release},
                [wanted, respond, same] { tell(wanted, 200, same->release, respond); });
        });
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
                       // Again: the same bundle may have been on the pool before this one.
                       auto built = std::make_shared<core::ImportRelease>(std::move(*import));
                       unless_imported(parts, wanted, respond, [&parts, wanted, built, respond] {
                           parts.ask<core::ReleaseImported>(
                               wanted.actor, std::move(*built), respond,
                               [wanted, respond](core::ReleaseImported imported) {
                                   tell(wanted, 201, imported.release, respond);
                               });
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

void take_bundle(ApiParts& parts, const BundleImport& wanted, net::Responder respond) {
    unless_imported(parts, wanted, respond, [&parts, wanted, respond] {
        parts.ask<core::TaskList>(wanted.actor, core::ListTasks{}, respond,
                                  [&parts, wanted, respond](core::TaskList tasks) {
                                      plan_import(parts, wanted, tasks, respond);
                                  });
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
            take_bundle(parts, {actor, *bundle}, respond);
        });
}

}  // namespace

std::vector<release::DeltaSource> ApiParts::load_bases(const std::vector<core::DeltaBase>& wanted) {
    // What this gateway never had, or cannot read, is no base: a full encoding does.
    std::vector<release::DeltaSource> bases;
    for (const auto& base : wanted) {
        auto tflite = read_blob(reader, base.model_digest);
        if (tflite) {
            bases.push_back({base.device_class, base.model_digest, std::move(*tflite)});
        } else if (tflite.error().kind != ErrorKind::kNotFound) {
            log.error("release.base-unreadable", tflite.error());
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
