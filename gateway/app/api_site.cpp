// SPDX-License-Identifier: Apache-2.0
// Handlers that concern the site as a whole: health, metrics, page, decisions, events, tokens.
#include <fstream>

#include <unistd.h>

#include "app/api_parts.hpp"
#include "net/http_statistics.hpp"
#include "web/assets.hpp"
#include "wire/http_metrics.hpp"
#include "wire/json_commands.hpp"

namespace frugal::app {

namespace {

using base::ErrorKind;
using wire::HttpRequest;

void serve_asset(const HttpRequest& request, const net::Responder& respond) {
    const auto asset = web::find_asset(request.path);
    if (!asset) {
        respond(wire::problem(base::Error{ErrorKind::kNotFound, "no such page", {}, {}}));
        return;
    }
    auto response = wire::text_response(200, std::string(asset->content_type),
                                        std::string(base::as_text(asset->content)));
    response.fields.push_back({"cache-control", "no-cache"});
    response.fields.push_back(
        {"content-security-policy",
         "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
         "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
         "frame-ancestors 'none'"});
    respond(std::move(response));
}

std::vector<std::string> failing_checks(const ApiParts& parts) {
    std::vector<std::string> failing;
    if (!parts.gateway.is_link_up()) {
        failing.push_back("broker");
    }
    if (parts.gateway.storage_trouble()) {
        failing.push_back("database");
    }
    return failing;
}

double resident_bytes() {
    std::ifstream file("/proc/self/statm");
    double total = 0;
    double resident = 0;
    file >> total >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

void serve_metrics(ApiParts& parts, const net::Responder& respond) {
    wire::MetricsText metrics;
    wire::append_overview(metrics, parts.gateway.overview());
    const auto mqtt = parts.gateway.mqtt_counters();
    const auto [up, down] = parts.gateway.traffic_bytes();
    metrics.single("frugal_mqtt_connected", "gauge", "1 while the broker connection is up.",
                   parts.gateway.is_link_up() ? 1 : 0);
    metrics.single("frugal_mqtt_messages_received_total", "counter",
                   "Messages taken from the broker.", static_cast<double>(mqtt.received));
    metrics.single("frugal_mqtt_messages_dropped_total", "counter",
                   "Messages dropped unacknowledged because the hand-off queue was full.",
                   static_cast<double>(mqtt.dropped_queue_full));
    metrics.single("frugal_uplink_bytes_total", "counter", "Payload bytes from devices.",
                   static_cast<double>(up));
    metrics.single("frugal_downlink_bytes_total", "counter", "Payload bytes to devices.",
                   static_cast<double>(down));
    metrics.single("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.",
                   resident_bytes());
    net::append_statistics(metrics, parts.server->statistics());
    respond(metrics.response());
}

wire::DecisionView view_of(const storage::DecisionRow& row) {
    wire::DecisionView view;
    view.row = row.row;
    view.device = row.device.text();
    view.stream = row.stream;
    view.sequence = row.sequence;
    view.boot_epoch = row.boot_epoch;
    view.task = row.task;
    view.release = row.release;
    view.class_id = row.class_id;
    view.confidence = row.confidence;
    view.tier = row.tier;
    view.policy_reason = row.policy_reason;
    view.energy_uj = row.energy_uj;
    view.received_at = row.received_at;
    return view;
}

void list_decisions(ApiParts& parts, const HttpRequest& request, const net::Responder& respond) {
    const auto filter = wire::read_list_decisions(request);
    if (!filter) {
        respond(wire::problem(filter.error()));
        return;
    }
    storage::DecisionQuery query{
        filter->device,
        filter->task,
        filter->class_id,
        filter->received_from,
        filter->received_until,
        filter->cursor,
        filter->is_oldest_first ? storage::RowOrder::kOldestFirst : storage::RowOrder::kNewestFirst,
        filter->limit};
    parts.run_slow(
        [&parts, query] { return parts.reader.decisions(query); },
        [respond](base::Result<storage::DecisionPage> page) {
            if (!page) {
                respond(wire::problem(page.error()));
                return;
            }
            std::vector<wire::DecisionView> rows;
            for (const auto& row : page->rows) {
                rows.push_back(view_of(row));
            }
            respond(wire::json_response(
                200, wire::decisions_json(
                         rows, page->has_more ? std::optional(page->next_cursor) : std::nullopt)));
        });
}

void list_tokens(ApiParts& parts, const net::Responder& respond) {
    std::vector<wire::TokenView> views;
    for (const auto& token : parts.tokens.tokens()) {
        views.push_back({token.record.id, token.role, token.label});
    }
    respond(wire::json_response(200, wire::tokens_json(views)));
}

void create_token(ApiParts& parts, const HttpRequest& request, const net::Responder& respond) {
    const auto body = wire::read_create_token(request);
    if (!body) {
        respond(wire::problem(body.error()));
        return;
    }
    const auto text = parts.tokens.create(body->role, body->label);
    if (!text) {
        respond(wire::problem(text.error()));
        return;
    }
    parts.log.write(LogLevel::kInfo, "token.created",
                    {{"by", request.actor.name}, {"role", std::string(to_string(body->role))}});
    respond(wire::json_response(201, wire::new_token_json(*text)));
}

void revoke_token(ApiParts& parts, const HttpRequest& request, const net::Responder& respond) {
    const std::string id(request.parameter("token"));
    if (const auto revoked = parts.tokens.revoke(id); !revoked) {
        respond(wire::problem(revoked.error()));
        return;
    }
    parts.log.write(LogLevel::kInfo, "token.revoked", {{"by", request.actor.name}, {"id", id}});
    respond(wire::json_response(200, "{}"));
}

void watch_events(const HttpRequest& request, const net::Responder& respond) {
    auto events = wire::read_watch_events(request);
    if (!events) {
        respond(wire::problem(events.error()));
        return;
    }
    wire::HttpResponse response;
    response.events = std::move(*events);
    respond(std::move(response));
}

}  // namespace

void add_site_handlers(net::HttpHandlers& handlers, ApiParts& parts) {
    for (const std::string page : {"page", "start_page", "asset"}) {
        handlers[page] = [](HttpRequest request, net::Responder respond) {
            serve_asset(request, respond);
        };
    }
    handlers["livez"] = [](HttpRequest, net::Responder respond) {
        respond(wire::health_response({}));
    };
    handlers["readyz"] = [&parts](HttpRequest, net::Responder respond) {
        respond(wire::health_response(failing_checks(parts)));
    };
    handlers["metrics"] = [&parts](HttpRequest, net::Responder respond) {
        serve_metrics(parts, respond);
    };
    handlers["get_overview"] = [&parts](HttpRequest, net::Responder respond) {
        const auto overview = parts.gateway.overview();
        respond(
            wire::json_response(200, wire::to_json(overview, parts.overview_context(overview))));
    };
    handlers["get_escalation_statistics"] = [&parts](HttpRequest request, net::Responder respond) {
        parts.answer(request, 200, core::GetEscalationStatistics{}, std::move(respond));
    };
    handlers["list_decisions"] = [&parts](HttpRequest request, net::Responder respond) {
        list_decisions(parts, request, respond);
    };
    handlers["watch_events"] = [](HttpRequest request, net::Responder respond) {
        watch_events(request, respond);
    };
    handlers["list_tokens"] = [&parts](HttpRequest, net::Responder respond) {
        list_tokens(parts, respond);
    };
    handlers["create_token"] = [&parts](HttpRequest request, net::Responder respond) {
        create_token(parts, request, respond);
    };
    handlers["revoke_token"] = [&parts](HttpRequest request, net::Responder respond) {
        revoke_token(parts, request, respond);
    };
}

}  // namespace frugal::app
