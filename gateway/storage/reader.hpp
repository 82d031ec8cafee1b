// SPDX-License-Identifier: Apache-2.0
// Questions about stored rows that memory does not answer: decisions, gaps, incidents, the audit
// trail and blobs. Its own read-only connection; one thread at a time, any thread. Never writes,
// never checkpoints.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/offload/learning.hpp"
#include "core/record.hpp"

namespace frugal::storage {

struct DecisionRow {
    std::int64_t row = 0;  ///< rises with every decision stored
    base::DeviceId device;
    base::StreamId stream{};
    std::uint64_t sequence = 0;
    std::uint32_t boot_epoch = 0;
    std::uint32_t task = 0;
    std::uint32_t release = 0;
    std::uint32_t ticks = 0;
    std::uint32_t class_id = 0;
    std::uint8_t confidence = 0;
    core::Tier tier = core::Tier::kUnspecified;
    core::PolicyReason policy_reason = core::PolicyReason::kUnspecified;
    std::uint32_t energy_uj = 0;  ///< this decision's share of its batch
    base::WallTime received_at{};
};

enum class RowOrder { kNewestFirst, kOldestFirst };

struct DecisionQuery {
    std::optional<base::DeviceId> device{};
    std::optional<std::uint32_t> task{};
    std::optional<std::uint32_t> class_id{};
    std::optional<base::WallTime> received_from{};
    std::optional<base::WallTime> received_until{};
    std::optional<std::int64_t> cursor{};  ///< next_cursor of the page before
    RowOrder order = RowOrder::kNewestFirst;
    std::uint32_t limit = 100;
};

struct DecisionPage {
    std::vector<DecisionRow> rows{};
    bool has_more = false;
    std::int64_t next_cursor = 0;  ///< where to go on; may lie beyond the last row of the page
};

struct StreamTotals {
    base::DeviceId device;
    base::StreamId stream{};
    std::uint64_t next_sequence = 0;
    std::uint64_t accepted = 0;
    std::uint64_t lost = 0;
};

class Reader {
public:
    /// Opens an existing database read-only. kNotFound, kUnavailable, kCorrupt.
    static base::Result<Reader> open(const std::filesystem::path& path,
                                     const std::string& vfs = {});

    ~Reader();
    Reader(Reader&&) noexcept;
    Reader& operator=(Reader&&) noexcept;

    /// Looks at a bounded number of rows for matches, so a page may be short or empty and still
    /// have more behind it: go on from next_cursor while has_more. kNotFound (no such device),
    /// kStorage.
    base::Result<DecisionPage> decisions(const DecisionQuery& query);

    /// The newest decision of a device with this number, of the site's newest 500,000. kNotFound,
    /// kStorage. Without an index, so nothing older is looked at.
    base::Result<DecisionRow> decision(const base::DeviceId& device, std::uint64_t sequence);

    base::Result<std::uint64_t> count_decisions();

    base::Result<std::vector<StreamTotals>> streams();

    /// Gap ledger, oldest first, after row number `after`. kStorage.
    base::Result<std::vector<core::GapRecord>> gaps(std::int64_t after, std::uint32_t limit);

    base::Result<std::vector<core::IncidentRecord>> incidents(std::int64_t after,
                                                              std::uint32_t limit);

    base::Result<std::vector<core::AuditRecord>> audit(std::uint64_t from, std::uint32_t limit);

    /// Everything learned. kCorrupt, kStorage.
    base::Result<std::vector<core::LearningRecord>> learning();
    base::Result<std::vector<core::CanaryRecord>> canaries();

    /// Of one task, newest first, received since, at most `limit` and the page maximum of a scan.
    base::Result<std::vector<core::ObservationRecord>> observations(std::uint32_t task,
                                                                    base::WallTime since,
                                                                    std::uint32_t limit);

    /// What the device asked with and what it was answered; absent for a decision without an
    /// answer, or one older than the site's newest 500,000 answers. kStorage. Without an index.
    base::Result<std::optional<core::ObservationRecord>> observation(const DecisionRow& decision);

    /// One decision as a what-if replay needs it.
    struct DecisionContext {
        std::uint32_t device = 0;
        std::uint32_t release = 0;  ///< counter of the model
        std::uint8_t class_id = 0;
        std::uint8_t confidence = 0;
        std::uint8_t outcome = 0;  ///< tier * 16 + policy reason
        std::uint32_t energy_uj = 0;
        base::WallTime received_at{};
    };
    /// Of one task, newest first, back to the first row received before `since`, at most `limit`.
    base::Result<std::vector<DecisionContext>> decision_contexts(std::uint32_t task,
                                                                 base::WallTime since,
                                                                 std::uint32_t limit);

    /// By device number; empty for a device never heard of.
    base::Result<std::vector<std::string>> device_classes();

    /// What a device's account says of all its escalations, over all its boots.
    struct EscalationAccount {
        std::uint64_t energy_uj = 0;    ///< of their radio, both ways
        std::uint64_t input_bytes = 0;  ///< of the inputs that were sent
    };
    /// By device number; may be shorter than the devices, zeros where nothing was told.
    base::Result<std::vector<EscalationAccount>> escalation_accounts();

    /// The bytes with this digest, read and their digest not recomputed. kNotFound, kStorage.
    base::Result<base::Bytes> blob(const base::Digest& digest);

private:
    struct State;
    explicit Reader(std::unique_ptr<State> state);
    base::Result<void> learn_streams();
    std::unique_ptr<State> state_;
};

}  // namespace frugal::storage
