// SPDX-License-Identifier: Apache-2.0
#include "device-sim/enrol/claim_codes.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "device-sim/support/file.hpp"

namespace frugal::swarm {
namespace {

using Codes = std::map<std::string, std::string>;

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

Result<Codes> parse_lines(std::string_view text) {
    Codes codes;
    std::size_t number = 0;
    while (!text.empty()) {
        const auto end = text.find('\n');
        const std::string_view line = trim(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        ++number;
        if (line.empty() || line.front() == '#') {
            continue;
        }
        const auto comma = line.find(',');
        if (comma == std::string_view::npos || comma == 0 || comma + 1 == line.size()) {
            return fail(fmt::format("line {} of the claim codes is not 'device,code'", number));
        }
        codes[std::string(trim(line.substr(0, comma)))] = trim(line.substr(comma + 1));
    }
    return codes;
}

const boost::json::value* member(const boost::json::value& entry, const char* name) {
    return entry.is_object() ? entry.get_object().if_contains(name) : nullptr;
}

Result<Codes> parse_json(std::string_view text) {
    boost::system::error_code code;
    const boost::json::value root = boost::json::parse(text, code);
    if (code) {
        return fail("the claim codes are no JSON", code.message());
    }
    Codes codes;
    if (root.is_object()) {
        for (const auto& [device, value] : root.get_object()) {
            if (!value.is_string()) {
                return fail("the claim code of " + std::string(device) + " is no string");
            }
            codes[device] = std::string(value.get_string());
        }
        return codes;
    }
    for (const boost::json::value& entry : root.as_array()) {
        const auto* device = member(entry, "device");
        const auto* value = member(entry, "code");
        if (device == nullptr || value == nullptr || !device->is_string() || !value->is_string()) {
            return fail("an entry of the claim codes lacks \"device\" or \"code\"");
        }
        codes[std::string(device->get_string())] = std::string(value->get_string());
    }
    return codes;
}

}  // namespace

ClaimCodes ClaimCodes::common(std::string code) {
    ClaimCodes codes;
    codes.common_ = std::move(code);
    return codes;
}

Result<ClaimCodes> ClaimCodes::parse(std::string_view text) {
    const std::string_view trimmed = trim(text);
    const bool is_json = !trimmed.empty() && (trimmed.front() == '{' || trimmed.front() == '[');
    auto codes = is_json ? parse_json(trimmed) : parse_lines(trimmed);
    if (!codes) {
        return tl::unexpected<Error>(codes.error());
    }
    ClaimCodes parsed;
    parsed.codes_ = std::move(*codes);
    return parsed;
}

Result<ClaimCodes> ClaimCodes::load(const std::filesystem::path& path) {
    const auto text = read_text_file(path);
    if (!text) {
        return tl::unexpected<Error>(text.error());
    }
    auto parsed = parse(*text);
    return parsed ? std::move(parsed)
                  : Result<ClaimCodes>(fail_with(parsed.error(), path.string()));
}

std::optional<std::string> ClaimCodes::find(const std::string& device) const {
    const auto found = codes_.find(device);
    if (found != codes_.end()) {
        return found->second;
    }
    return common_.empty() ? std::nullopt : std::optional(common_);
}

}  // namespace frugal::swarm
