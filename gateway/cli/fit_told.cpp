// SPDX-License-Identifier: Apache-2.0
#include "cli/fit_told.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/api_client.hpp"
#include "cli/json_path.hpp"
#include "cli/output.hpp"
#include "model/bonsai/bonsai.hpp"
#include "model/fit/device_class.hpp"
#include "model/tflite/summary.hpp"

namespace frugal::cli {

namespace json = boost::json;

namespace {

template <typename Summary>
std::vector<std::string> doubts(const std::string& device_class, const Summary& summary) {
    const auto classes = model::device_classes();
    const auto named = std::ranges::find(classes, device_class, &model::DeviceClass::name);
    const auto& device = named != classes.end() ? *named
                                                : *std::ranges::max_element(
                                                      classes, {}, &model::DeviceClass::slot_bytes);
    const auto reasons = model::reasons_against(summary, device);
    if (reasons.empty()) {
        return {};
    }
    return {fmt::format("variant {} does not fit the usual device of class {}{}: {}", device_class,
                        device.name, named == classes.end() ? ", the largest known" : "",
                        fmt::join(reasons, "; "))};
}

/// Each reason once, in the order of the variants. That a variant is another class's is one only
/// where nothing else is.
std::vector<std::string> reasons_of(const json::value& row) {
    std::vector<std::string> reasons;
    std::vector<std::string> foreign;
    for (const auto& verdict : list_at(row, "verdicts")) {
        const auto why = text_at(verdict, "why");
        auto& list = text_at(verdict, "lacks") == "device-class" ? foreign : reasons;
        if (!why.empty() && std::ranges::find(list, why) == list.end()) {
            list.push_back(why);
        }
    }
    return reasons.empty() ? foreign : reasons;
}

/// Devices of other tasks are meant to get nothing.
bool is_of_another_task(const json::value& row) {
    const auto& verdicts = list_at(row, "verdicts");
    return !verdicts.empty() && std::ranges::all_of(verdicts, [](const json::value& verdict) {
        return text_at(verdict, "lacks") == "task";
    });
}

std::string devices_of(const json::value& row) {
    const auto count = number_at(row, "devices");
    return fmt::format("{} device{}", count, count == 1 ? "" : "s");
}

}  // namespace

std::vector<std::string> doubts_of(const std::string& device_class, base::ByteView bytes) {
    if (model::is_bonsai(bytes)) {
        const auto tree = model::read_bonsai(bytes);
        return tree ? doubts(device_class, *tree) : std::vector<std::string>();
    }
    const auto summary = model::read_model(bytes);
    return summary ? doubts(device_class, *summary) : std::vector<std::string>();
}

std::vector<std::string> misfits_of(const json::value& report) {
    if (number_at(report, "devices_known") == 0) {
        return {"no device is known yet; frugalctl model fit says whom it fits once there are"};
    }
    std::vector<std::string> lines;
    for (const auto& row : list_at(report, "classes")) {
        if (at_path(row, "chosen").is_null() && !is_of_another_task(row)) {
            lines.push_back(fmt::format("no variant fits class {} ({}): {}",
                                        text_at(row, "device_class"), devices_of(row),
                                        fmt::join(reasons_of(row), "; ")));
        }
    }
    return lines;
}

void say_misfits(const Context& context, const std::string& model, std::uint64_t release) {
    const auto path = fmt::format("/api/v1/models/{}/releases/{}/fit?page_size=1",
                                  percent_encode(model), release);
    const auto report = ApiClient(context).call({"GET", path, {}, {}});
    if (!report) {
        return;  // the import is done; a token that may not read says nothing against it
    }
    for (const auto& line : misfits_of(*report)) {
        say((number_at(*report, "devices_known") == 0 ? "note: " : "warning: ") + line);
    }
}

}  // namespace frugal::cli
