// SPDX-License-Identifier: Apache-2.0
// The one-time codes that let devices enrol: one for each device from a file, or one for all.
// Plain value. Codes are secrets: they are never printed.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "device-sim/support/result.hpp"

namespace frugal::swarm {

class ClaimCodes {
public:
    ClaimCodes() = default;

    /// Every device uses this code.
    static ClaimCodes common(std::string code);

    /// From lines "device,code" ('#' begins a comment), from a JSON object {device: code}, or from
    /// a JSON array of objects with "device" and "code".
    static Result<ClaimCodes> parse(std::string_view text);
    static Result<ClaimCodes> load(const std::filesystem::path& path);

    std::optional<std::string> find(const std::string& device) const;
    std::size_t size() const { return codes_.size(); }

    /// The devices that have a code, in order of id.
    const std::map<std::string, std::string>& by_device() const { return codes_; }

private:
    std::map<std::string, std::string> codes_;
    std::string common_;
};

}  // namespace frugal::swarm
