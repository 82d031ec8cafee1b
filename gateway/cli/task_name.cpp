// SPDX-License-Identifier: Apache-2.0
#include "cli/task_name.hpp"

#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/api_client.hpp"
#include "cli/json_path.hpp"

namespace frugal::cli {

using base::Result;

Result<std::uint32_t> pick_task(const boost::json::value& answer, const std::string& text) {
    std::vector<std::string> known;
    const boost::json::value* named = nullptr;
    for (const auto& task : list_at(answer, "tasks")) {
        const auto number = text_at(task, "task");
        if (number == text) {
            return static_cast<std::uint32_t>(number_at(task, "task"));
        }
        const auto name = text_at(task, "name");
        named = name == text ? &task : named;
        known.push_back(fmt::format("{} ({})", name, number));
    }
    if (named != nullptr) {
        return static_cast<std::uint32_t>(number_at(*named, "task"));
    }
    if (known.empty()) {
        return base::fail(base::ErrorKind::kNotFound, "no task is \"" + text + "\"",
                          "this site has no tasks",
                          "Define one: frugalctl task define NUMBER NAME --labels ...");
    }
    return base::fail(base::ErrorKind::kNotFound, "no task is \"" + text + "\"",
                      fmt::format("this site's tasks are {}", fmt::join(known, ", ")),
                      "Give a task's name or its number.");
}

Result<std::uint32_t> find_task(const Context& context, const std::string& text) {
    const auto answer = ApiClient(context).call({"GET", "/api/v1/tasks", {}, {}});
    return answer ? pick_task(*answer, text)
                  : Result<std::uint32_t>(tl::unexpected(answer.error()));
}

}  // namespace frugal::cli
