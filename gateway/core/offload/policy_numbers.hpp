// SPDX-License-Identifier: Apache-2.0
// The number of the next policy version: above every one stored, and above what devices say they
// obey, as they take no older one and a database from a backup knows fewer. Their word moves it in
// strides, rarely, and only so far: no liar uses the numbers up or takes the one that somebody was
// just given. Owned by PolicyDesk. Never knows whose word it is.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.hpp"
#include "base/time.hpp"

namespace frugal::core {

class PolicyNumbers {
public:
    /// So far the word of devices leads in one process. A process after the other, each with a
    /// version set at the end of this, could do so 65,536 times.
    static constexpr std::uint32_t kBelievedAhead = 65'536;
    /// Room for devices that obey a still newer one and have not spoken yet.
    static constexpr std::uint32_t kStride = 256;
    static constexpr base::Duration kRaiseInterval = std::chrono::minutes(1);

    /// The highest one stored and the highest one that a device reported, 0 for none, and what
    /// next() was when it was last stored.
    PolicyNumbers(std::uint32_t stored, std::uint32_t reported, std::uint32_t next_before);

    void on_stored(std::uint32_t version);
    /// True if after_restart() changed: it is to be stored, as devices may not say it again in
    /// time.
    bool on_reported(std::uint32_t version, base::Instant now);

    std::uint32_t next() const { return next_; }
    /// What next() is to be in another process: also above what was reported too soon after a
    /// raise.
    std::uint32_t after_restart() const { return after_restart_; }
    /// kConflict: taken, or devices would refuse it.
    base::Result<void> check(std::uint32_t version) const;

private:
    std::uint32_t stored_ = 0;
    std::uint32_t reported_ = 0;
    std::uint32_t next_ = 1;
    std::uint32_t after_restart_ = 1;
    std::uint32_t limit_ = 1;  ///< devices raise next() no further
    std::optional<base::Instant> raised_at_{};
};

}  // namespace frugal::core
