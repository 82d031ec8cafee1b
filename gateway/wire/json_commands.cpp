// SPDX-License-Identifier: Apache-2.0
#include "wire/json_commands.hpp"

#include <algorithm>

#include "base/any_class.hpp"
#include "wire/http_multipart.hpp"
#include "wire/http_query.hpp"
#include "wire/json_reader.hpp"
#include "wire/topics.hpp"

namespace frugal::wire {

namespace {

using base::ErrorKind;
using base::Result;

constexpr std::uint64_t kDaySeconds = 24 * 3600;
constexpr std::uint64_t kClaimSecondsMax = 30 * kDaySeconds;
constexpr std::size_t kDevicesMax = 100'000;
constexpr std::size_t kClassesMax = 64;
constexpr std::uint32_t kTaskMax = 255;
constexpr std::uint64_t kAccuracyMax = 10'000;

template <typename Id>
std::optional<Id> id_from(ObjectReader& body, std::string_view key) {
    auto id = Id::parse(body.text(key));
    if (!id) {
        body.reject(key, "an id has 1 to 64 characters of a-z, 0-9 and -");
    }
    return id;
}

std::string label_from(ObjectReader& body) {
    std::string label = body.text_or("label", "");
    if (!is_printable(label, kLabelMax)) {
        body.reject("label", "at most 128 bytes without control characters");
    }
    return label;
}

/// "priority" and "group_share" of a task's definition.
void read_schedule(ObjectReader& body, core::TaskRecord& record) {
    const std::string priority = body.text_or("priority", "normal");
    bool is_known = false;
    for (const core::Priority value :
         {core::Priority::kUrgent, core::Priority::kNormal, core::Priority::kBackground}) {
        if (priority == to_string(value)) {
            record.priority = value;
            is_known = true;
        }
    }
    if (!is_known) {
        body.reject("priority", "it must be urgent, normal or background");
    }
    record.group_share_permille =
        static_cast<std::uint32_t>(body.number_or("group_share_permille", 1000, 0));
}

}  // namespace

Result<AddDeviceBody> read_add_device(const HttpRequest& request) {
    ObjectReader body(request.body);
    const auto device = id_from<base::DeviceId>(body, "device");
    if (device && is_reserved_id(device->text())) {
        body.reject("device", "the name is reserved for the site's own use");
    }
    std::string label = label_from(body);
    const std::uint64_t seconds = body.number_or("expires_in_s", kClaimSecondsMax, kDaySeconds);
    if (seconds == 0) {
        body.reject("expires_in_s", "it must be at least 1");
    }
    if (auto finished = body.finish(); !finished) {
        return tl::unexpected(finished.error());
    }
    return AddDeviceBody{*device, std::move(label), std::chrono::seconds(seconds)};
}

Result<core::StartRollout> read_start_rollout(const HttpRequest& request) {
    ObjectReader body(request.body);
    const auto model = id_from<base::ModelName>(body, "model");
    const auto release = static_cast<std::uint32_t>(body.number("release", UINT32_MAX));
    const auto names = body.optional_texts("devices", kDevicesMax);
    std::vector<base::DeviceId> devices;
    for (const std::string& name : names.value_or(std::vector<std::string>{})) {
        auto device = base::DeviceId::parse(name);
        if (device) {
            devices.push_back(std::move(*device));
        } else {
            body.reject("devices", "every entry must be a device id");
        }
    }
    if (auto finished = body.finish(); !finished) {
        return tl::unexpected(finished.error());
    }
    core::StartRollout command{*model, release, std::nullopt};
    if (names) {
        command.devices = std::move(devices);
    }
    return command;
}

Result<core::DefineTask> read_define_task(const HttpRequest& request) {
    const auto task = read_task(request);
    if (!task) {
        return tl::unexpected(task.error());
    }
    ObjectReader body(request.body);
    core::TaskRecord record;
    record.task = *task;
    record.name = body.text("name");
    if (!base::is_valid_id(record.name)) {
        body.reject("name", "1 to 64 characters of a-z, 0-9 and -");
    }
    record.labels = body.texts("labels", kClassesMax);
    for (const std::string& label : record.labels) {
        if (label.empty() || !is_printable(label, 64)) {
            body.reject("labels", "every label has 1 to 64 bytes without control characters");
        }
    }
    const std::string privacy = body.text_or("privacy", "edge-only");
    bool is_known = false;
    for (const core::TaskPrivacy value :
         {core::TaskPrivacy::kPublic, core::TaskPrivacy::kEdgeOnly, core::TaskPrivacy::kNever}) {
        if (privacy == to_string(value)) {
            record.privacy = value;
            is_known = true;
        }
    }
    if (!is_known) {
        body.reject("privacy", "it must be public, edge-only or never");
    }
    read_schedule(body, record);
    if (auto finished = body.finish(); !finished) {
        return tl::unexpected(finished.error());
    }
    return core::DefineTask{std::move(record)};
}

Result<CreateTokenBody> read_create_token(const HttpRequest& request) {
    ObjectReader body(request.body);
    const auto role = parse_role(body.text("role"));
    if (!role) {
        body.reject("role", "it must be viewer, operator or admin");
    }
    std::string label = label_from(body);
    if (auto finished = body.finish(); !finished) {
        return tl::unexpected(finished.error());
    }
    return CreateTokenBody{*role, std::move(label)};
}

Result<Role> read_create_start_link(const HttpRequest& request) {
    ObjectReader body(request.body);
    const auto role = parse_role(body.text("role"));
    if (!role) {
        body.reject("role", "it must be viewer, operator or admin");
    }
    if (auto finished = body.finish(); !finished) {
        return tl::unexpected(finished.error());
    }
    return *role;
}

Result<std::string> read_redeem_start_link(const HttpRequest& request) {
    ObjectReader body(request.body);
    std::string code = body.text("code");
    if (auto finished = body.finish(); !finished) {
        return tl::unexpected(finished.error());
    }
    return code;
}

Result<base::DeviceId> read_device(const HttpRequest& request) {
    auto device = base::DeviceId::parse(request.parameter("device"));
    if (!device) {
        return base::fail(ErrorKind::kInvalidInput,
                          "\"" + std::string(request.parameter("device")) + "\" is no device id",
                          "an id has 1 to 64 characters of a-z, 0-9 and -");
    }
    return *device;
}

Result<base::ModelName> read_model(const HttpRequest& request) {
    auto model = base::ModelName::parse(request.parameter("model"));
    if (!model) {
        return base::fail(ErrorKind::kInvalidInput,
                          "\"" + std::string(request.parameter("model")) + "\" is no model name",
                          "a name has 1 to 64 characters of a-z, 0-9 and -");
    }
    return *model;
}

Result<base::RolloutId> read_rollout(const HttpRequest& request) {
    const auto number = parse_number(request.parameter("rollout"), UINT64_MAX);
    if (!number) {
        return base::fail(
            ErrorKind::kInvalidInput,
            "\"" + std::string(request.parameter("rollout")) + "\" is no rollout number");
    }
    return base::RolloutId{*number};
}

Result<std::uint32_t> read_task(const HttpRequest& request) {
    const auto number = parse_number(request.parameter("task"), kTaskMax);
    if (!number || *number == 0) {
        return base::fail(ErrorKind::kInvalidInput,
                          "\"" + std::string(request.parameter("task")) + "\" is no task number",
                          "tasks are numbered 1 to 255");
    }
    return static_cast<std::uint32_t>(*number);
}

Result<ImportModelBody> read_import_model(HttpRequest& request) {
    QueryReader query(request, {"model", "task", "device_class"});
    auto model = query.id<base::ModelName>("model");
    const auto task = query.number("task", kTaskMax);
    auto device_class = query.id<base::ClassName>("device_class");
    if (!model) {
        query.reject("model", "it is missing");
    }
    if (!task || *task == 0) {
        query.reject("task", "tasks are numbered 1 to 255");
    }
    if (auto finished = query.finish(); !finished) {
        return tl::unexpected(finished.error());
    }
    ImportModelBody result{*model, static_cast<std::uint32_t>(*task), {}};
    const std::string boundary =
        multipart_boundary(request.field("content-type").value_or(std::string_view()));
    if (boundary.empty()) {
        result.variants.push_back(
            {device_class.value_or(base::any_class()), std::move(request.body)});
        return result;
    }
    const auto parts = read_multipart(request.body, boundary);
    if (!parts) {
        return tl::unexpected(parts.error());
    }
    for (const MultipartPart& part : *parts) {
        const auto at = std::min(part.name.find('@'), part.name.size());
        auto name = base::ClassName::parse(std::string_view(part.name).substr(0, at));
        const auto accuracy =
            at == part.name.size()
                ? std::optional<std::uint64_t>(0)
                : parse_number(std::string_view(part.name).substr(at + 1), kAccuracyMax);
        if (!name || !accuracy) {
            return base::fail(ErrorKind::kInvalidInput,
                              "part \"" + part.name + "\" is not named after a device class",
                              "a class has 1 to 64 characters of a-z, 0-9 and -; an accuracy after "
                              "it is 1 to 10000",
                              "Name it like m4, or m4@9105 for an accuracy of 91.05 %.");
        }
        result.variants.push_back({*name,
                                   {part.content.begin(), part.content.end()},
                                   static_cast<std::uint32_t>(*accuracy)});
    }
    return result;
}

}  // namespace frugal::wire
