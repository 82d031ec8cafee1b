// SPDX-License-Identifier: Apache-2.0
#include "policy/author/gateway_words.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "policy/author/policy_table.hpp"

namespace frugal::policy {

namespace {

constexpr std::size_t kNameDigits = 8;  // of a digest, enough to tell models apart
constexpr std::string_view kOff = "off";

/// "fashion-edge@sha256:ce3bcbc0": as written, but for the digits that nobody compares.
std::string edge_words(std::string_view edge) {
    const auto colon = edge.rfind(':');
    return colon == std::string_view::npos ? std::string(edge)
                                           : std::string(edge.substr(0, colon + 1 + kNameDigits));
}

/// What was measured of one device model. Two with the same leading digits would be one subject.
void add_model(const toml::table& model, std::vector<GatewayWord>& words) {
    const auto digest = model["sha256"].value_or<std::string>("");
    const auto name = model["name"].value_or<std::string>("");
    const auto says =
        fmt::format("{}temperature {:.4g}, rho {:.4g}, {} labelled samples",
                    name.empty() ? "" : name + ", ", model["temperature"].value_or(1.0),
                    model["rho"].value_or(1.0), model["canary"].value_or(std::int64_t{0}));
    words.push_back({"measured of model " + digest.substr(0, kNameDigits), says});
}

const GatewayWord* find_word(const std::vector<GatewayWord>& words, const std::string& what) {
    const auto found = std::ranges::find(words, what, &GatewayWord::what);
    return found == words.end() ? nullptr : &*found;
}

}  // namespace

base::Result<std::vector<GatewayWord>> read_gateway_words(std::string_view text,
                                                          const std::string& origin,
                                                          const std::string& task_name) {
    std::vector<GatewayWord> words;
    if (text.empty()) {
        words.push_back({"learn", std::string(kOff)});
        return words;
    }
    const auto file = parse_policy(text, origin);
    if (!file) {
        return tl::unexpected(file.error());
    }
    if (const auto id = (*file)["policy"]["id"].value<std::string>()) {
        words.push_back({"id", *id});
    }
    const toml::table* task = (*file)["task"][task_name].as_table();
    if (task == nullptr) {
        return words;
    }
    const bool is_pinned = task->contains("pin");
    words.push_back(
        {"learn", is_pinned ? "off, for the task is pinned"
                            : std::string((*task)["learn"].value_or(std::string_view(kOff)))});
    if (const auto edge = (*task)["edge"].value<std::string>()) {
        words.push_back({"measured against", edge_words(*edge)});
    }
    if (const auto bytes = (*task)["payload_bytes"].value<std::int64_t>()) {
        words.push_back({"bytes of an input", fmt::format("{}", *bytes)});
    }
    const toml::array* models = (*task)["model"].as_array();
    for (std::size_t i = 0; models != nullptr && i < models->size(); ++i) {
        if (const toml::table* model = models->get(i)->as_table()) {
            add_model(*model, words);
        }
    }
    return words;
}

std::vector<PolicyDifference> compare(const std::vector<GatewayWord>& before,
                                      const std::vector<GatewayWord>& after) {
    std::vector<PolicyDifference> differences;
    for (const auto& [what, says] : before) {
        const auto* other = find_word(after, what);
        if (other == nullptr || other->says != says) {
            differences.push_back({what, says, other != nullptr ? other->says : "-"});
        }
    }
    for (const auto& [what, says] : after) {
        if (find_word(before, what) == nullptr) {
            differences.push_back({what, "-", says});
        }
    }
    return differences;
}

}  // namespace frugal::policy
