// SPDX-License-Identifier: Apache-2.0
#include "policy/author/policy_pin.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "policy/author/policy_parts.hpp"
#include "policy/author/policy_table.hpp"

namespace frugal::policy {

namespace {

/// Where a line begins, counted from 1; the end if there are not so many.
std::size_t start_of_line(std::string_view text, std::size_t line) {
    std::size_t at = 0;
    for (; line > 1 && at < text.size(); --line) {
        const auto end = text.find('\n', at);
        at = end == std::string_view::npos ? text.size() : end + 1;
    }
    return at;
}

}  // namespace

base::Result<std::string> with_pin(const std::string& text, const std::string& task_name,
                                   std::string_view pin) {
    const auto file = parse_policy(text, "policy");
    if (!file) {
        return tl::unexpected(file.error());
    }
    const toml::table* task = (*file)["task"][task_name].as_table();
    const auto cannot = [&](std::string cause) {
        return base::fail(base::ErrorKind::kInvalidInput,
                          "the policy of task " + task_name + " cannot be pinned", std::move(cause),
                          "Write pin = \"" + std::string(pin) + "\" into its file and set that.");
    };
    if (task == nullptr) {
        return cannot("its text has no [task." + task_name + "]");
    }
    std::string pinned = text;
    if (const toml::node* old = task->get("pin")) {
        const auto& place = old->source();
        const auto line = start_of_line(pinned, place.begin.line);
        const auto from = line + place.begin.column - 1;
        const auto end = line + place.end.column - 1;
        pinned.replace(from, end - from, fmt::format("\"{}\"", pin));
    } else {
        const auto header = start_of_line(pinned, task->source().begin.line);
        const auto end = std::min(pinned.find('\n', header), pinned.size());
        if (pinned[header] != '[') {
            return cannot("its table does not begin with a line of its own");
        }
        pinned.insert(end, fmt::format("\npin = \"{}\"", pin));
    }
    const auto read = parse_policy(pinned, "policy");
    if (!read || (*read)["task"][task_name]["pin"].value<std::string>() != pin) {
        return cannot("its table is written in an unusual way");
    }
    return pinned;
}

}  // namespace frugal::policy
