// SPDX-License-Identifier: Apache-2.0
// The one-time code of a start link (https://.../start#CODE), which is changed for an access token
// once. Set-up leaves its digest in a file; the daemon takes it from there when it starts, so at
// most one code is good, for 15 minutes, and none survives the daemon. Owned by the API, loop
// thread. Never holds a code in clear.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "wire/http_message.hpp"

namespace frugal::app {

enum class StartCodeVerdict { kRight, kWrong, kExpired, kUsed };

class StartCode {
public:
    static constexpr base::Duration kTimeToLive = std::chrono::minutes(15);

    /// Makes an administrator's code for the daemon's first start: its digest goes to the file
    /// (0600), its text to the caller. kStorage, kDenied.
    static base::Result<std::string> leave(const std::filesystem::path& file);

    /// Takes what set-up left: reads and removes the file, and gives the code its time. No file, no
    /// code. kInvalidInput, kDenied, kStorage; then no code is good.
    base::Result<void> take(const std::filesystem::path& file, base::Instant now);

    /// Makes a code for a token of that role; the one before is good no more.
    std::string renew(wire::Role role, base::Instant now);

    /// What a code as typed is worth. A right one stays right until use().
    StartCodeVerdict check(std::string_view typed, base::Instant now) const;

    /// The role of the token it is changed for.
    wire::Role role() const { return role_; }
    void use() { is_used_ = true; }

private:
    std::optional<base::Digest> digest_;
    wire::Role role_ = wire::Role::kAdmin;
    base::Instant deadline_;
    bool is_used_ = false;
};

}  // namespace frugal::app
