// SPDX-License-Identifier: Apache-2.0
#include "storage/reader.hpp"

#include <algorithm>

#include "storage/packing.hpp"
#include "storage/reader_state.hpp"

namespace frugal::storage {

namespace {

constexpr std::uint32_t kPageMax = 1000;
constexpr std::uint32_t kScanMax = 100'000;  ///< rows one query looks at
/// Newest rows among which one decision is looked for; SQLite alone looks at them.
constexpr std::int64_t kLookBackMax = 500'000;

base::Digest digest_at(const Statement& row, int column) {
    Unpacker from(row.bytes_at(column));
    return from.array<32>();
}

DecisionRow row_of(const Statement& row, const base::DeviceId& device, base::StreamId stream) {
    const auto outcome = as<std::uint32_t>(row, 9);
    return {.row = row.number_at(0),
            .device = device,
            .stream = stream,
            .sequence = as<std::uint64_t>(row, 2),
            .boot_epoch = as<std::uint32_t>(row, 3),
            .task = as<std::uint32_t>(row, 5),
            .release = as<std::uint32_t>(row, 6),
            .ticks = as<std::uint32_t>(row, 4),
            .class_id = as<std::uint32_t>(row, 7),
            .confidence = as<std::uint8_t>(row, 8),
            .tier = static_cast<core::Tier>(outcome / 16),
            .policy_reason = static_cast<core::PolicyReason>(outcome % 16),
            .energy_uj = as<std::uint32_t>(row, 10),
            .received_at = {row.number_at(11)}};
}

bool matches(const DecisionQuery& query, const Statement& row) {
    const auto received = row.number_at(11);
    return (!query.task || row.number_at(5) == *query.task) &&
           (!query.class_id || row.number_at(7) == *query.class_id) &&
           (!query.received_from || received >= query.received_from->unix_ms) &&
           (!query.received_until || received < query.received_until->unix_ms);
}

}  // namespace

base::Result<Reader> Reader::open(const std::filesystem::path& path, const std::string& vfs) {
    std::error_code error;
    if (vfs.empty() && !std::filesystem::exists(path, error)) {
        return base::fail(base::ErrorKind::kNotFound, "database " + path.string() + " is missing",
                          {}, "Start frugald once, or name the right directory");
    }
    auto connection = Connection::open(path.string(), vfs, OpenMode::kReadOnly);
    if (!connection) {
        return pass_on(connection);
    }
    const auto ready = connection->run(
        "PRAGMA query_only = ON; PRAGMA wal_autocheckpoint = 0; PRAGMA busy_timeout = 2000;"
        "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;");
    if (!ready) {
        return pass_on(ready);
    }
    auto state = std::make_unique<State>();
    state->connection = std::move(*connection);
    return Reader(std::move(state));
}

Reader::Reader(std::unique_ptr<State> state) : state_(std::move(state)) {}
Reader::~Reader() = default;
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;

base::Result<void> Reader::learn_streams() {
    auto statement = state_->connection.prepare(
        "SELECT stream.number, device.id, stream.id FROM stream "
        "JOIN device ON device.number = stream.device WHERE stream.number >= ?");
    if (!statement) {
        return pass_on(statement);
    }
    statement->number(static_cast<std::int64_t>(state_->sources.size()));
    while (true) {
        const auto has_row = statement->row();
        if (!has_row) {
            return pass_on(has_row);
        }
        if (!*has_row) {
            return {};
        }
        auto id = base::DeviceId::parse(statement->text_at(1));
        if (id) {
            state_->sources.insert_or_assign(
                statement->number_at(0),
                State::Source{std::move(*id), {as<std::uint64_t>(*statement, 2)}});
        }
    }
}

base::Result<DecisionPage> Reader::decisions(const DecisionQuery& query) {
    if (const auto done = learn_streams(); !done) {
        return pass_on(done);
    }
    const bool is_newest_first = query.order == RowOrder::kNewestFirst;
    auto statement = state_->connection.prepare(
        is_newest_first ? "SELECT * FROM decision WHERE number < ? ORDER BY number DESC"
                        : "SELECT * FROM decision WHERE number > ? ORDER BY number");
    if (!statement) {
        return pass_on(statement);
    }
    statement->number(query.cursor.value_or(is_newest_first ? INT64_MAX : 0));
    const auto limit = std::clamp<std::uint32_t>(query.limit, 1, kPageMax);
    DecisionPage page;
    for (std::uint32_t looked_at = 0; looked_at < kScanMax; ++looked_at) {
        const auto has_row = statement->row();
        if (!has_row) {
            return pass_on(has_row);
        }
        if (!*has_row) {
            return page;
        }
        if (page.rows.size() == limit) {
            break;
        }
        page.next_cursor = statement->number_at(0);
        const auto source = state_->sources.find(statement->number_at(1));
        if (source == state_->sources.end() || !matches(query, *statement) ||
            (query.device && source->second.device != *query.device)) {
            continue;
        }
        page.rows.push_back(row_of(*statement, source->second.device, source->second.stream));
    }
    page.has_more = true;
    return page;
}

base::Result<DecisionRow> Reader::decision(const base::DeviceId& device, std::uint64_t sequence) {
    if (auto done = learn_streams(); !done) {
        return pass_on(done);
    }
    auto statement = state_->connection.prepare(
        "SELECT * FROM decision WHERE number > (SELECT max(number) FROM decision) - ? "
        "AND sequence = ? ORDER BY number DESC");
    if (!statement) {
        return pass_on(statement);
    }
    statement->number(kLookBackMax).number(static_cast<std::int64_t>(sequence));
    while (true) {
        const auto has_row = statement->row();
        if (!has_row) {
            return pass_on(has_row);
        }
        if (!*has_row) {
            return base::fail(base::ErrorKind::kNotFound,
                              "no decision " + std::to_string(sequence) + " of device " +
                                  device.text() + " is among the newest " +
                                  std::to_string(kLookBackMax) + " of the site");
        }
        const auto source = state_->sources.find(statement->number_at(1));
        if (source != state_->sources.end() && source->second.device == device) {
            return row_of(*statement, source->second.device, source->second.stream);
        }
    }
}

base::Result<std::uint64_t> Reader::count_decisions() {
    const auto count = state_->connection.number("SELECT count(*) FROM decision");
    if (!count) {
        return pass_on(count);
    }
    return static_cast<std::uint64_t>(*count);
}

base::Result<std::vector<StreamTotals>> Reader::streams() {
    auto statement = state_->connection.prepare(
        "SELECT device.id, stream.id, next_sequence, accepted, lost FROM stream "
        "JOIN device ON device.number = stream.device ORDER BY stream.number");
    if (!statement) {
        return pass_on(statement);
    }
    return collect<StreamTotals>(*statement, [](const Statement& row) {
        return StreamTotals{.device = *base::DeviceId::parse(row.text_at(0)),
                            .stream = {as<std::uint64_t>(row, 1)},
                            .next_sequence = as<std::uint64_t>(row, 2),
                            .accepted = as<std::uint64_t>(row, 3),
                            .lost = as<std::uint64_t>(row, 4)};
    });
}

base::Result<std::vector<core::GapRecord>> Reader::gaps(std::int64_t after, std::uint32_t limit) {
    auto statement =
        state_->connection.prepare("SELECT * FROM gap WHERE number > ? ORDER BY number LIMIT ?");
    if (!statement) {
        return pass_on(statement);
    }
    statement->number(after).number(std::min(limit, kPageMax));
    return collect<core::GapRecord>(*statement, [](const Statement& row) {
        return core::GapRecord{.stream = as<core::StreamNumber>(row, 1),
                               .kind = as<core::GapKind>(row, 2),
                               .from = as<std::uint64_t>(row, 3),
                               .until = as<std::uint64_t>(row, 4),
                               .noted_at = {row.number_at(5)}};
    });
}

base::Result<std::vector<core::IncidentRecord>> Reader::incidents(std::int64_t after,
                                                                  std::uint32_t limit) {
    auto statement = state_->connection.prepare(
        "SELECT * FROM incident WHERE number > ? ORDER BY number LIMIT ?");
    if (!statement) {
        return pass_on(statement);
    }
    statement->number(after).number(std::min(limit, kPageMax));
    return collect<core::IncidentRecord>(*statement, [](const Statement& row) {
        return core::IncidentRecord{.device = as<core::DeviceNumber>(row, 1),
                                    .kind = as<core::IncidentKind>(row, 2),
                                    .detail = row.text_at(3),
                                    .at = {row.number_at(4)}};
    });
}

base::Result<std::vector<core::AuditRecord>> Reader::audit(std::uint64_t from,
                                                           std::uint32_t limit) {
    auto statement =
        state_->connection.prepare("SELECT * FROM audit WHERE number >= ? ORDER BY number LIMIT ?");
    if (!statement) {
        return pass_on(statement);
    }
    statement->number(static_cast<std::int64_t>(from)).number(std::min(limit, kPageMax));
    return collect<core::AuditRecord>(*statement, [](const Statement& row) {
        return core::AuditRecord{.number = as<std::uint64_t>(row, 0),
                                 .at = {row.number_at(1)},
                                 .actor = row.text_at(2),
                                 .action = row.text_at(3),
                                 .subject = row.text_at(4),
                                 .detail = row.text_at(5),
                                 .previous = digest_at(row, 6),
                                 .hash = digest_at(row, 7)};
    });
}

base::Result<base::Bytes> Reader::blob(const base::Digest& digest) {
    auto statement = state_->connection.prepare("SELECT bytes FROM blob WHERE digest = ?");
    if (!statement) {
        return pass_on(statement);
    }
    statement->bytes(digest);
    const auto has_row = statement->row();
    if (!has_row) {
        return pass_on(has_row);
    }
    if (!*has_row) {
        return base::fail(base::ErrorKind::kNotFound, "no stored bytes have this digest");
    }
    const auto bytes = statement->bytes_at(0);
    return base::Bytes(bytes.begin(), bytes.end());
}

}  // namespace frugal::storage
