// SPDX-License-Identifier: Apache-2.0
// Policies of single devices and labels over REST: pinned without a file, and ended. They are set
// from a file like any other (api_policies.cpp).
#include "app/override_versions.hpp"

namespace frugal::app {

namespace {

using base::Result;
using wire::HttpRequest;
using wire::OverridePolicyQuery;

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
        set_version(
            parts,
            {request.actor.name, wanted->task, wanted->audience, version, if_match_of(request)},
            respond);
    }
}

}  // namespace

void add_override_handlers(net::HttpHandlers& handlers, ApiParts& parts) {
    handlers["pin_policy"] = [&parts](const HttpRequest& request, const net::Responder& respond) {
        change(parts, request, respond, wire::read_pin_policy(request), pinned_version);
    };
    handlers["clear_policy"] = [&parts](const HttpRequest& request, const net::Responder& respond) {
        change(parts, request, respond, wire::read_clear_policy(request), cleared_version);
    };
}

}  // namespace frugal::app
