// SPDX-License-Identifier: Apache-2.0
#include "wire/http_query.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "wire/json_commands.hpp"

namespace frugal::wire {

using base::ErrorKind;
using base::Result;

bool is_printable(std::string_view text, std::size_t maximum) {
    if (text.size() > maximum) {
        return false;
    }
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) {
            return false;
        }
    }
    return true;
}

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t maximum) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool is_canonical = text == "0" || (!text.empty() && text.front() != '0');
    if (error != std::errc() || end != text.data() + text.size() || !is_canonical ||
        value > maximum) {
        return std::nullopt;
    }
    return value;
}

QueryReader::QueryReader(const HttpRequest& request, std::initializer_list<std::string_view> known)
    : request_(request) {
    std::set<std::string_view> seen;
    for (const NamedValue& entry : request.query) {
        if (std::find(known.begin(), known.end(), entry.name) == known.end()) {
            reject(entry.name, "there is no such key here");
        } else if (!seen.insert(entry.name).second) {
            reject(entry.name, "it occurs twice");
        }
    }
}

std::optional<std::uint64_t> QueryReader::number(std::string_view key, std::uint64_t maximum) {
    const auto value = text(key);
    const auto number = value ? parse_number(*value, maximum) : std::nullopt;
    if (value && !number) {
        reject(key, "it must be a whole number from 0 to " + std::to_string(maximum));
    }
    return number;
}

std::optional<base::WallTime> QueryReader::time(std::string_view key) {
    const auto value = text(key);
    const auto time = value ? from_rfc3339(*value) : std::nullopt;
    if (value && !time) {
        reject(key, "it must be a time in UTC like 2026-11-22T17:00:00Z");
    }
    return time;
}

std::uint32_t QueryReader::page_size() {
    const auto size = number("page_size", kPageSizeMax);
    if (size && *size == 0) {
        reject("page_size", "it must be at least 1");
    }
    return static_cast<std::uint32_t>(size.value_or(100));
}

void QueryReader::reject(std::string_view key, std::string why) {
    if (!error_) {
        error_ = base::Error{ErrorKind::kInvalidInput,
                             "query key \"" + std::string(key) + "\" is not acceptable",
                             std::move(why), "see proto/openapi.yaml for this operation's keys"};
    }
}

Result<void> QueryReader::finish() const {
    if (error_) {
        return tl::unexpected(*error_);
    }
    return {};
}

Result<core::ListDevices> read_list_devices(const HttpRequest& request) {
    QueryReader query(request, {"page_size", "page_token"});
    core::ListDevices command;
    command.after = query.id<base::DeviceId>("page_token");
    command.limit = query.page_size();
    if (auto finished = query.finish(); !finished) {
        return tl::unexpected(finished.error());
    }
    return command;
}

Result<core::ListEnergy> read_list_energy(const HttpRequest& request) {
    const auto page = read_list_devices(request);
    if (!page) {
        return tl::unexpected(page.error());
    }
    return core::ListEnergy{page->after, page->limit};
}

Result<core::GetRollout> read_get_rollout(const HttpRequest& request) {
    const auto rollout = read_rollout(request);
    if (!rollout) {
        return tl::unexpected(rollout.error());
    }
    QueryReader query(request, {"page_size", "page_token"});
    core::GetRollout command;
    command.rollout = *rollout;
    command.after = query.id<base::DeviceId>("page_token");
    command.limit = query.page_size();
    if (auto finished = query.finish(); !finished) {
        return tl::unexpected(finished.error());
    }
    return command;
}

Result<core::GetFit> read_get_fit(const HttpRequest& request) {
    auto model = read_model(request);
    if (!model) {
        return tl::unexpected(model.error());
    }
    const auto release = parse_number(request.parameter("release"), UINT32_MAX);
    if (!release) {
        return base::fail(
            ErrorKind::kInvalidInput,
            "\"" + std::string(request.parameter("release")) + "\" is no release number");
    }
    QueryReader query(request, {"page_size", "page_token"});
    core::GetFit command{.model = std::move(*model),
                         .release = static_cast<std::uint32_t>(*release)};
    command.after = query.id<base::DeviceId>("page_token");
    command.limit = query.page_size();
    if (auto finished = query.finish(); !finished) {
        return tl::unexpected(finished.error());
    }
    return command;
}

Result<DecisionFilter> read_list_decisions(const HttpRequest& request) {
    QueryReader query(
        request, {"device", "task", "class", "from", "until", "order", "page_size", "page_token"});
    const auto narrow = [](std::optional<std::uint64_t> value) {
        return value ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
    };
    DecisionFilter filter;
    filter.device = query.id<base::DeviceId>("device");
    filter.task = narrow(query.number("task", 255));
    filter.class_id = narrow(query.number("class", 63));
    filter.received_from = query.time("from");
    filter.received_until = query.time("until");
    const auto cursor = query.number("page_token", INT64_MAX);
    if (cursor) {
        filter.cursor = static_cast<std::int64_t>(*cursor);
    }
    const std::string_view order = query.text("order").value_or("newest");
    filter.is_oldest_first = order == "oldest";
    if (order != "oldest" && order != "newest") {
        query.reject("order", "it must be newest or oldest");
    }
    filter.limit = query.page_size();
    if (auto finished = query.finish(); !finished) {
        return tl::unexpected(finished.error());
    }
    return filter;
}

Result<EventStreamRequest> read_watch_events(const HttpRequest& request) {
    QueryReader query(request, {"types"});
    EventStreamRequest events;
    std::string_view types = query.text("types").value_or("");
    while (!types.empty() && events.types.size() < 16) {
        const std::string_view type = types.substr(0, types.find(','));
        types.remove_prefix(std::min(types.size(), type.size() + 1));
        if (!base::is_valid_id(type)) {
            query.reject("types", "names of events, separated by commas");
        }
        events.types.emplace_back(type);
    }
    if (auto finished = query.finish(); !finished) {
        return tl::unexpected(finished.error());
    }
    const auto last = request.field("last-event-id");
    if (last) {
        events.last_event_id = parse_number(*last, UINT64_MAX - 1);
    }
    return events;
}

}  // namespace frugal::wire
