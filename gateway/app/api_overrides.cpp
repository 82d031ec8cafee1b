// SPDX-License-Identifier: Apache-2.0
// Policies of single devices and labels over REST: pinned without a file, and ended. They are set
// from a file like any other (api_policies.cpp).
#include "app/policy_changes.hpp"
#include "app/policy_choice.hpp"
#include "policy/author/policy_pin.hpp"

namespace frugal::app {

namespace {

using base::ErrorKind;
using base::Result;
using wire::HttpRequest;
using wire::OverridePolicyQuery;

/// The rules that the devices obey now, but for every answer being pinned.
Result<core::SetPolicy> pinned(const Known& known, const OverridePolicyQuery& wanted,
                               const crypto::ReleaseKey& key) {
    const auto found = version_to_pin(known.history, wanted.audience, known.device);
    if (!found) {
        return tl::unexpected(found.error());
    }
    const auto* version = *found;
    const auto* task = find_task(known.tasks, wanted.task);
    const auto release =
        version != nullptr ? base::ReleaseName::parse(version->release) : std::nullopt;
    if (task == nullptr || !release) {
        return base::fail(ErrorKind::kConflict, "nothing to pin",
                          "it obeys no policy of the task whose text is known",
                          "Set a policy of the task first: frugalctl policy set.");
    }
    const auto text = policy::with_pin(version->text, task->name, wanted.pin);
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

/// What the devices obey without, under a number above it.
Result<core::SetPolicy> cleared(const Known& known, const OverridePolicyQuery& wanted,
                                const crypto::ReleaseKey& key) {
    core::SetPolicy command;
    auto& version = command.version;
    const auto label = known.device ? base::Audience::label(known.device->label) : base::Audience{};
    for (const auto& own : known.history.overrides) {
        const bool is_meant = own.audience == wanted.audience && !own.is_withdrawn;
        const auto* below =
            is_meant ? policy_below(known.tasks, wanted.task, own.device_class, label) : nullptr;
        if (below != nullptr) {
            version.parts.push_back({own.device_class, below->blob});
            version.source = std::max(version.source, below->policy);
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

using Make = Result<core::SetPolicy> (*)(const Known&, const OverridePolicyQuery&,
                                         const crypto::ReleaseKey&);

void change(ApiParts& parts, const HttpRequest& request, const net::Responder& respond,
            const Result<OverridePolicyQuery>& wanted, Make make) {
    if (!wanted) {
        respond(wire::problem(wanted.error()));
        return;
    }
    if (const auto* key = signing_key(parts, respond)) {
        const auto version = [wanted = *wanted, key, make](const Known& known) {
            return make(known, wanted, *key);
        };
        set_version(parts, {request.actor.name, wanted->task, wanted->audience, version}, respond);
    }
}

}  // namespace

void add_override_handlers(net::HttpHandlers& handlers, ApiParts& parts) {
    handlers["pin_policy"] = [&parts](const HttpRequest& request, const net::Responder& respond) {
        change(parts, request, respond, wire::read_pin_policy(request), pinned);
    };
    handlers["clear_policy"] = [&parts](const HttpRequest& request, const net::Responder& respond) {
        change(parts, request, respond, wire::read_clear_policy(request), cleared);
    };
}

}  // namespace frugal::app
