// SPDX-License-Identifier: Apache-2.0
// Takes decisions in: per stream a high-water mark, in sequence only, each decision at most once,
// acknowledged when the batch that holds it is durable. Owned by the core. Never stores a decision
// over another, never leaves a gap undeclared, never lets a stream's acks go down.
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "core/catalogue.hpp"
#include "core/config.hpp"
#include "core/fleet/registry.hpp"
#include "core/journal.hpp"
#include "core/step.hpp"

namespace frugal::core {

/// What an ack says beside the stream's mark.
struct AckTerms {
    std::uint64_t fencing_epoch = 0;
    std::uint8_t price = 0;
    std::uint8_t load = 0;
    std::vector<TaskPrice> dearer{};
};
using AckTermsOf = std::function<AckTerms(const Device&)>;

/// What the caller has to do about the device.
enum class IntakeVerdict { kFine, kAskHello, kQuarantine };

class Intake {
public:
    Intake(std::vector<StreamRecord> streams, Registry& registry, const Catalogue& catalogue,
           Journal& journal, const IntakeConfig& config);

    /// Learns a stream, and what of it is still on the device.
    IntakeVerdict on_hello(const Step& step, Device& device, const Hello& hello);

    IntakeVerdict on_decisions(const Step& step, Device& device, const Decisions& decisions,
                               std::uint32_t wire_bytes);

    /// Adds one row and one ack for every stream touched since the last call.
    void seal(const Step& step, const AckTermsOf& terms_of);

    const IntakeStatistics& statistics() const { return statistics_; }
    const StreamRecord& stream(StreamNumber number) const;
    std::uint64_t accepted_total() const { return accepted_total_; }
    std::uint64_t lost_total() const { return lost_total_; }

private:
    struct Stream {
        StreamRecord record;
        bool must_write = false;
        bool must_ack = false;
        bool is_touched = false;
        /// From the last hello: the device has nothing below it any more. Absent before one.
        std::optional<std::uint64_t> oldest_on_device;
    };

    Stream* find(const Device& device, base::StreamId id);
    Stream* add(const Step& step, Device& device, base::StreamId id);
    void touch(Stream& stream);
    bool close_gap(const Step& step, Device& device, Stream& stream, const Decisions& decisions);
    void note_gap(const Step& step, Device& device, Stream& stream, GapKind kind,
                  std::uint64_t until);
    bool is_consistent(const Stream& stream, const Decisions& decisions);
    void append(const Step& step, const Device& device, Stream& stream, const Decisions& decisions,
                std::uint32_t skip);

    std::deque<Stream> streams_;
    std::vector<StreamNumber> touched_;
    Registry& registry_;
    const Catalogue& catalogue_;
    Journal& journal_;
    IntakeConfig config_;
    IntakeStatistics statistics_;
    std::uint64_t accepted_total_ = 0;
    std::uint64_t lost_total_ = 0;
};

}  // namespace frugal::core
