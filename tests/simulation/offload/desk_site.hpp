// SPDX-License-Identifier: Apache-2.0
// The site of a desk world: its devices, the gateway's database and configuration, what a device
// says of itself. Plain values and functions.
#pragma once

#include <map>
#include <vector>

#include "core/config.hpp"
#include "core/snapshot.hpp"
#include "simulation/offload/desk_world.hpp"

namespace frugal::simulation {

inline constexpr std::size_t kDeskInputBytes = 64;
inline constexpr std::uint32_t kBatchDecisions = 8;
inline constexpr std::uint8_t kLocal = 0x11;  ///< outcome: tier * 16 + reason
inline constexpr std::uint8_t kBusy = 0x1D;
inline constexpr std::uint8_t kLate = 0x1E;
inline constexpr std::uint8_t kEdge = 0x2A;

/// A device as it stands.
struct DeskSender {
    base::DeviceId id;
    std::uint32_t task = 1;
    double rate = 0;  ///< tasks a second
    std::uint64_t next_task = 0;
    std::uint64_t next_decision = 0;                ///< everything below was sent
    std::map<std::uint64_t, std::uint8_t> final{};  ///< outcomes of what was not, by sequence
    base::Instant busy_until{};
    std::uint8_t price = 0;
    std::uint8_t load = 0;
};

/// One escalation as the device sees it.
struct Asked {
    base::Instant deadline;
    base::Instant at_gateway;
    bool is_audit = false;
    bool is_turned_away = false;  ///< at the door: BUSY is on its way; or the answer got lost
};

/// What an engine takes for a batch: the second task's model is twice as large as the first one's.
base::Duration engine_time(const DeskOptions& options, std::uint32_t task, std::int64_t size);
/// The devices the options ask for; fills in the outcome's list as well.
std::vector<DeskSender> desk_devices(DeskOutcome& outcome);
core::Snapshot desk_snapshot(const DeskOutcome& outcome, const std::vector<DeskSender>& devices);
core::CoreConfig desk_config(const DeskOptions& options);
core::Hello desk_hello(const DeskSender& device, std::size_t index);

inline constexpr std::chrono::seconds kFaultFrom{15};
inline constexpr std::chrono::seconds kFaultUntil{30};
inline constexpr std::chrono::seconds kKillAt{20};
inline constexpr std::chrono::milliseconds kAway{1500};

/// Escalations and answers by second.
class DeskRates {
public:
    void on_ask(base::Instant now) { ++asks_[now.since_start / std::chrono::seconds(1)]; }
    void on_answer(base::Instant now) { ++answers_[now.since_start / std::chrono::seconds(1)]; }
    /// Means before, between and after the faults.
    void tell(DeskOutcome& outcome) const;

private:
    std::map<std::int64_t, std::uint64_t> asks_;
    std::map<std::int64_t, std::uint64_t> answers_;
};

}  // namespace frugal::simulation
