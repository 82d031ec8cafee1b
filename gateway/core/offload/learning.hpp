// SPDX-License-Identifier: Apache-2.0
// What the gateway keeps for learning offload policies: contexts and answers, never inputs. Used by
// the core's effects, by Write on the way to the disk and by Reader on the way back. Plain values;
// the learner itself is no part of the core.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/audience.hpp"
#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "core/numbers.hpp"

namespace frugal::core {

inline constexpr std::uint16_t kCertain_q8 = 256;  ///< propensity of what is always sent

/// One answered escalation. Appended, one row each; the oldest go when there are too many.
struct ObservationRecord {
    DeviceNumber device{};
    std::uint32_t task = 0;
    std::uint32_t release = 0;  ///< counter of the model that decided locally
    std::uint64_t sequence = 0;
    std::uint8_t local_confidence = 0;  ///< q8
    std::uint32_t local_class = 0;
    std::uint32_t edge_class = 0;
    std::uint8_t edge_chance = 0;   ///< q8, of the edge's class, before any temperature
    std::uint8_t local_chance = 0;  ///< q8, that the edge gives the device's class
    bool is_audit = false;
    bool is_in_time = false;          ///< the verdict left before the deadline
    std::uint16_t propensity_q8 = 0;  ///< chance that the policy sent it; filled in by the learner
    std::uint8_t price = 0;           ///< q8, the gateway's when it answered
    std::uint8_t load = 0;            ///< q8, likewise
    base::Digest edge_model{};        ///< on the disk its leading 4 bytes
    base::WallTime at{};
    bool operator==(const ObservationRecord&) const = default;
};

inline constexpr std::size_t kLearningStateMax = 512;
inline constexpr std::size_t kDoubtedMax = 4096;  ///< of one cell
inline constexpr std::size_t kFiguresMax = 256;

/// What was learned for one (task, device class, device model, edge model); replaced as a whole.
struct LearningRecord {
    std::uint32_t task = 0;
    base::ClassName device_class;
    base::Digest model{};
    base::Digest edge_model{};
    base::Bytes state{};  ///< at most kLearningStateMax; the learner's own form
    base::WallTime saved_at{};
    std::vector<std::uint32_t> doubted{};  ///< devices not learned from; at most kDoubtedMax
    base::Audience audience{};             ///< not the whole class: of an override
    bool operator==(const LearningRecord&) const = default;
};

/// What labelled samples said of a pair of models; holds until a person's next policy of the task
/// is in force. One for each pair, replaced by the next; ends what was learned of the pair.
struct CanaryRecord {
    std::uint32_t task = 0;
    base::Digest model{};
    base::Digest edge_model{};
    base::Bytes state{};    ///< at most kLearningStateMax; the learner's own form
    std::string figures{};  ///< in words, for the audit; at most kFiguresMax
    std::string actor{};    ///< set by the core
    base::WallTime saved_at{};
    bool operator==(const CanaryRecord&) const = default;
};

/// All canaries of a task hold no more.
struct CanariesDropped {
    std::uint32_t task = 0;
};

/// Something the learner found that a person should know.
struct LearningEvent {
    std::uint32_t task = 0;
    base::ClassName device_class;
    std::string what{};
    bool is_alarm = false;  ///< what was learned no longer holds: a staged policy goes no further
    base::Audience audience{};  ///< not the whole class: of an override, which stages nothing
    /// Of an alarm: all its evidence is from then on; absent if some is of a process before.
    std::optional<base::Instant> since{};
};

/// Stores what was learned and what it was learned from, in one transaction. Audited are only its
/// events and canaries, and the policies that come of it.
struct SaveLearning {
    std::vector<LearningRecord> cells{};
    std::vector<ObservationRecord> observations{};
    std::vector<LearningEvent> events{};
    std::vector<CanaryRecord> canaries{};  ///< all of one task
    /// TaskList's for that task when measuring began: kConflict if a person's policy came since.
    std::uint32_t owner_changes = 0;
};

}  // namespace frugal::core
