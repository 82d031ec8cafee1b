// SPDX-License-Identifier: Apache-2.0
#include "wire/json_views.hpp"

#include "wire/http_problem.hpp"
#include "wire/json_values.hpp"
#include "wire/json_views_policy.hpp"

namespace frugal::wire {

namespace {

namespace json = boost::json;

/// One overload for every answer; a new answer of the core does not compile without one.
struct ReplyText {
    std::string operator()(const core::Done&) const { return "{}"; }
    std::string operator()(const core::CertificateIssued& issued) const {
        json::object object;
        object["device"] = issued.device.text();
        object["serial"] = base::to_hex(issued.certificate.record.serial);
        object["not_after"] = json_of(issued.certificate.record.not_after);
        object["certificate_pem"] = issued.certificate.pem;
        return json_text(std::move(object));
    }
    std::string operator()(const core::RolloutStarted& started) const {
        json::object object;
        object["rollout"] = started.rollout.value;
        return json_text(std::move(object));
    }
    std::string operator()(const core::ReleaseImported& imported) const {
        json::object object;
        object["release"] = imported.release;
        return json_text(std::move(object));
    }
    std::string operator()(const core::ReleasePlan& plan) const {
        json::object object;
        object["release"] = plan.release;
        object["counter"] = plan.counter;
        return json_text(std::move(object));
    }
    std::string operator()(const core::EncodingPlan& plan) const {
        json::object object;
        object["missing"] = plan.missing.size();
        return json_text(std::move(object));
    }
    std::string operator()(const core::RollbackPlan& plan) const {
        json::object object;
        object["model"] = plan.restores->model.text();
        object["restores"] = plan.restores->release;
        object["release"] = plan.release;
        object["counter"] = plan.counter;
        return json_text(std::move(object));
    }
    std::string operator()(const core::Overview& overview) const {
        return to_json(overview, OverviewContext{});
    }
    template <typename View>
    std::string operator()(const View& view) const {
        return to_json(view);
    }
};

json::object decision_object(const DecisionView& row) {
    json::object object;
    object["row"] = row.row;
    object["device"] = row.device;
    object["stream"] = json_of(row.stream);
    object["sequence"] = row.sequence;
    object["boot_epoch"] = row.boot_epoch;
    object["task"] = row.task;
    object["counter"] = row.release;
    object["class"] = row.class_id;
    object["confidence"] = row.confidence / 255.0;
    object["tier"] = to_string(row.tier);
    object["policy_reason"] = to_string(row.policy_reason);
    object["energy_uj"] = row.energy_uj;
    object["received_at"] = json_of(row.received_at);
    return object;
}

}  // namespace

std::string to_json(const core::AdminReply& reply) {
    return std::visit(ReplyText{}, reply);
}

HttpResponse admin_response(int status, const base::Result<core::AdminReply>& reply) {
    return reply ? json_response(status, to_json(*reply)) : problem(reply.error());
}

std::string decisions_json(const std::vector<DecisionView>& rows,
                           std::optional<std::int64_t> next_cursor) {
    json::object object;
    object["decisions"] = json_list(rows, decision_object);
    object["next_page_token"] = json_or_null(
        next_cursor, [](std::int64_t cursor) { return json::string(std::to_string(cursor)); });
    return json_text(std::move(object));
}

std::string tokens_json(const std::vector<TokenView>& tokens) {
    json::object object;
    object["tokens"] = json_list(tokens, [](const TokenView& token) {
        json::object entry;
        entry["id"] = token.id;
        entry["role"] = to_string(token.role);
        entry["label"] = token.label;
        return entry;
    });
    return json_text(std::move(object));
}

std::string new_token_json(std::string_view text) {
    json::object object;
    object["token"] = text;
    return json_text(std::move(object));
}

std::string start_link_json(std::string_view url, std::string_view code,
                            base::Duration time_to_live) {
    json::object object;
    object["start_url"] = url;
    object["code"] = code;
    object["expires_in_s"] = std::chrono::duration_cast<std::chrono::seconds>(time_to_live).count();
    return json_text(std::move(object));
}

HttpResponse health_response(const std::vector<std::string>& failing) {
    json::object object;
    object["status"] = failing.empty() ? "ok" : "failing";
    object["failing"] = json_list(failing, [](const std::string& name) { return name; });
    return json_response(failing.empty() ? 200 : 503, json_text(std::move(object)));
}

}  // namespace frugal::wire
