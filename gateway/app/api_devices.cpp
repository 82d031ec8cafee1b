// SPDX-License-Identifier: Apache-2.0
#include "app/api_parts.hpp"
#include "crypto/claim_code.hpp"
#include "crypto/random.hpp"
#include "wire/http_enrolment.hpp"
#include "wire/json_commands.hpp"

namespace frugal::app {

namespace {

using wire::HttpRequest;

void add_device(ApiParts& parts, const HttpRequest& request, net::Responder respond) {
    auto body = wire::read_add_device(request);
    if (!body) {
        respond(wire::problem(body.error()));
        return;
    }
    auto code = crypto::make_claim_code();
    core::AddDevice command{body->device, body->label, code.digest, body->claim_time_to_live};
    parts.ask<core::Done>(
        request.actor.name, std::move(command), respond,
        [respond, body = *body, text = code.text](core::Done) {
            respond(wire::json_response(
                201, wire::claim_json(body.device, text, body.claim_time_to_live)));
        });
}

// Every refusal looks the same to a stranger: nobody learns which devices or codes exist. The core
// checks the code first, so who is told what is wrong with a request has shown a right one.
void enrol(ApiParts& parts, const HttpRequest& request, net::Responder respond) {
    auto asked = wire::read_enrolment(request);
    if (!asked) {
        respond(asked.error().kind == base::ErrorKind::kDenied ? wire::enrolment_denied()
                                                               : wire::problem(asked.error()));
        return;
    }
    const auto digest = crypto::claim_code_digest(asked->claim_code);
    if (!digest) {
        respond(wire::enrolment_denied());
        return;
    }
    core::EnrolDevice command{asked->device, *digest, std::move(asked->request_der)};
    parts.gateway.ask(
        "device:" + asked->device.text(), std::move(command),
        [&parts, respond](base::Result<core::AdminReply> reply) {
            if (!reply) {
                const auto kind = reply.error().kind;
                const bool is_secret =
                    kind == base::ErrorKind::kDenied || kind == base::ErrorKind::kNotFound;
                respond(is_secret ? wire::enrolment_denied() : wire::problem(reply.error()));
                return;
            }
            const auto& issued = std::get<core::CertificateIssued>(*reply).certificate;
            auto certificate = crypto::read_certificate(issued.pem);
            auto body = certificate ? parts.authority.enrolment_response(*certificate)
                                    : tl::unexpected(certificate.error());
            respond(body ? wire::certificates_response(*body) : wire::problem(body.error()));
        });
}

template <typename Command, typename Read>
net::HttpHandler command_handler(ApiParts& parts, Read read) {
    return [&parts, read](HttpRequest request, net::Responder respond) {
        auto id = read(request);
        if (!id) {
            respond(wire::problem(id.error()));
            return;
        }
        parts.answer(request, 200, Command{*id}, std::move(respond));
    };
}

}  // namespace

void add_device_handlers(net::HttpHandlers& handlers, ApiParts& parts) {
    handlers["add_device"] = [&parts](HttpRequest request, net::Responder respond) {
        add_device(parts, request, std::move(respond));
    };
    handlers["list_devices"] = [&parts](HttpRequest request, net::Responder respond) {
        auto query = wire::read_list_devices(request);
        if (!query) {
            respond(wire::problem(query.error()));
            return;
        }
        parts.answer(request, 200, *query, std::move(respond));
    };
    handlers["list_energy"] = [&parts](HttpRequest request, net::Responder respond) {
        auto query = wire::read_list_energy(request);
        if (!query) {
            respond(wire::problem(query.error()));
            return;
        }
        parts.answer(request, 200, *query, std::move(respond));
    };
    handlers["list_energy_constants"] = [](HttpRequest, net::Responder respond) {
        respond(wire::json_response(200, wire::energy_constants_json()));
    };
    handlers["get_device_energy"] =
        command_handler<core::GetDeviceEnergy>(parts, wire::read_device);
    handlers["get_device"] = command_handler<core::GetDevice>(parts, wire::read_device);
    handlers["revoke_device"] = command_handler<core::RevokeDevice>(parts, wire::read_device);
    handlers["release_device"] = command_handler<core::ReleaseDevice>(parts, wire::read_device);
    handlers["est_enrol"] = [&parts](HttpRequest request, net::Responder respond) {
        enrol(parts, request, std::move(respond));
    };
    handlers["est_ca_certificates"] = [&parts](HttpRequest, net::Responder respond) {
        auto root = parts.authority.root_response();
        respond(root ? wire::certificates_response(*root) : wire::problem(root.error()));
    };
}

}  // namespace frugal::app
