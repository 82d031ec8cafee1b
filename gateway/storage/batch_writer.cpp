// SPDX-License-Identifier: Apache-2.0
#include "storage/batch_writer.hpp"

#include <bit>

#include "base/fault_point.hpp"
#include "storage/packing.hpp"

namespace frugal::storage {

namespace {

static_assert(std::endian::native == std::endian::little,
              "the ring of hashes is stored as it lies in memory");

constexpr std::int64_t kFinishedBoots = 0;  ///< energy.part
constexpr std::int64_t kCurrentBoot = 1;

template <typename Number>
std::int64_t signed_of(Number value) {
    return static_cast<std::int64_t>(value);
}

}  // namespace

base::Result<BatchWriter> BatchWriter::prepare(Connection& connection) {
    struct Preparation {
        Statement BatchWriter::*member;
        std::string_view sql;
    };
    // clang-format off
    const std::array<Preparation, 37> all = {{
        {&BatchWriter::device_, "INSERT OR REPLACE INTO device VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"},
        {&BatchWriter::gap_, "INSERT INTO gap VALUES (NULL,?,?,?,?,?)"},
        {&BatchWriter::task_, "INSERT OR REPLACE INTO task VALUES (?,?,?,?,?,?)"},
        {&BatchWriter::release_, "INSERT INTO release VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"},
        {&BatchWriter::variant_, "INSERT INTO variant VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"},
        {&BatchWriter::artifact_, "INSERT INTO artifact VALUES (?,?,?,?,?,?,?,?,?,?,?)"},
        {&BatchWriter::blob_, "INSERT INTO blob VALUES (NULL,?,?,?) ON CONFLICT (digest) DO NOTHING"},
        {&BatchWriter::edge_model_, "INSERT OR REPLACE INTO edge_model VALUES (?,?,?,?)"},
        {&BatchWriter::policy_, "INSERT OR REPLACE INTO policy VALUES (?,?,?,?,?,?,?,?,?)"},
        {&BatchWriter::policy_end_, "DELETE FROM policy WHERE task = ? AND device_class = ? AND audience = ?"},
        {&BatchWriter::learning_end_, "DELETE FROM learning WHERE task = ? AND device_class = ? AND audience = ?"},
        {&BatchWriter::doubted_end_, "DELETE FROM doubted WHERE task = ? AND device_class = ? AND audience = ?"},
        {&BatchWriter::rollout_, "INSERT OR REPLACE INTO rollout VALUES (?,?,?,?,?,?,?,?,?)"},
        {&BatchWriter::rollout_device_, "INSERT OR REPLACE INTO rollout_device VALUES (?,?,?,?,?,?,?,?)"},
        {&BatchWriter::audit_, "INSERT INTO audit VALUES (?,?,?,?,?,?,?,?)"},
        {&BatchWriter::incident_, "INSERT INTO incident VALUES (NULL,?,?,?,?)"},
        {&BatchWriter::energy_, "INSERT OR REPLACE INTO energy VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"},
        {&BatchWriter::setting_, "INSERT OR REPLACE INTO setting VALUES (?,?)"},
        {&BatchWriter::learning_, "INSERT OR REPLACE INTO learning VALUES (?,?,?,?,?,?,?)"},
        {&BatchWriter::observation_, "INSERT INTO observation VALUES (NULL,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"},
        {&BatchWriter::old_observations_, "DELETE FROM observation WHERE number <= last_insert_rowid() - ?"},
        {&BatchWriter::stream_, "INSERT OR REPLACE INTO stream VALUES (?,?,?,?,?,?,?,?,?)"},
        {&BatchWriter::decision_, "INSERT INTO decision VALUES (NULL,?,?,?,?,?,?,?,?,?,?,?)"},
        {&BatchWriter::policy_version_, "INSERT INTO policy_version VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"},
        {&BatchWriter::policy_part_, "INSERT INTO policy_part VALUES (?,?,?,?,?,?,?,?)"},
        {&BatchWriter::policy_version_reached_, "UPDATE policy_version SET was_in_force = 1 WHERE task = ? AND version = ?"},
        {&BatchWriter::policy_version_drop_, "DELETE FROM policy_version WHERE task = ? AND version = ?"},
        {&BatchWriter::policy_part_drop_, "DELETE FROM policy_part WHERE task = ? AND version = ?"},
        {&BatchWriter::policy_rollout_, "INSERT OR REPLACE INTO policy_rollout VALUES (?,?,?,?,?,?,?,?,?,?)"},
        {&BatchWriter::canary_, "INSERT OR REPLACE INTO canary VALUES (?,?,?,?,?,?,?)"},
        {&BatchWriter::canary_used_, "UPDATE canary SET rowid = (SELECT max(rowid) + 1 FROM canary) WHERE task = ?1 AND model = ?2 AND edge_model = ?3 AND rowid < (SELECT max(rowid) FROM canary WHERE task = ?1)"},
        {&BatchWriter::old_canaries_, "DELETE FROM canary WHERE task = ?1 AND rowid NOT IN (SELECT rowid FROM canary WHERE task = ?1 ORDER BY rowid DESC LIMIT ?2)"},
        {&BatchWriter::learning_of_pair_end_, "DELETE FROM learning WHERE task = ? AND model = ? AND edge_model = ?"},
        {&BatchWriter::doubted_of_pair_end_, "DELETE FROM doubted WHERE task = ? AND model = ? AND edge_model = ?"},
        {&BatchWriter::canaries_drop_, "DELETE FROM canary WHERE task = ?"},
        {&BatchWriter::doubted_, "INSERT INTO doubted VALUES (?,?,?,?,?,?) ON CONFLICT (task, device_class, model, edge_model, audience) DO UPDATE SET devices = excluded.devices WHERE devices <> excluded.devices"},
        {&BatchWriter::share_, "INSERT OR REPLACE INTO share VALUES (?,?,?,?)"},
    }};
    // clang-format on
    BatchWriter writer;
    for (const auto& preparation : all) {
        auto statement = connection.prepare(preparation.sql);
        if (!statement) {
            return tl::unexpected<base::Error>(statement.error());
        }
        writer.*preparation.member = std::move(*statement);
    }
    return writer;
}

base::Result<void> BatchWriter::write(const core::WriteBatch& batch) {
    for (const auto& record : batch.records) {
        auto done =
            std::visit([this](const auto& alternative) { return put(alternative); }, record);
        if (!done) {
            return done;
        }
    }
    base::fault_point("storage.records");
    for (const auto& stream : batch.streams) {
        if (auto done = put(stream); !done) {
            return done;
        }
    }
    base::fault_point("storage.streams");
    for (const auto& run : batch.decisions) {
        if (auto done = put(run); !done) {
            return done;
        }
    }
    base::fault_point("storage.decisions");
    return {};
}

base::Result<void> BatchWriter::put(const core::DecisionRun& run) {
    const auto& from = run.decisions;
    // The batch's energy is shared out so that the rows sum up to it.
    const auto share = from.energy_uj / from.count;
    for (std::uint32_t i = 0; i < from.count; ++i) {
        const auto energy = i == 0 ? from.energy_uj - share * (from.count - 1) : share;
        decision_.number(core::index_of(run.stream))
            .number(signed_of(from.first_sequence + i))
            .number(from.boot_epoch)
            .number(from.ticks[i])
            .number(from.task)
            .number(from.release)
            .number(from.classes[i])
            .number(from.confidences[i])
            .number(from.outcomes[i])
            .number(energy)
            .number(run.received_at.unix_ms);
        if (auto done = decision_.run(); !done) {
            return done;
        }
    }
    return {};
}

base::Result<void> BatchWriter::put(const core::StreamRecord& record) {
    return stream_.number(core::index_of(record.number))
        .number(core::index_of(record.device))
        .number(signed_of(record.id.value))
        .number(record.boot_epoch)
        .number(signed_of(record.next_sequence))
        .number(signed_of(record.accepted))
        .number(signed_of(record.lost))
        .number(record.gap_count)
        .bytes({reinterpret_cast<const std::uint8_t*>(record.hashes.data()), sizeof(record.hashes)})
        .run();
}

base::Result<void> BatchWriter::put(const core::DeviceRecord& record) {
    const auto assignments = pack(record.assignments);
    const auto reported = pack(record.reported);
    const auto capability = record.capability ? pack(*record.capability) : base::Bytes();
    device_.number(core::index_of(record.number))
        .text(record.id.text())
        .text(record.label)
        .number(signed_of(record.state));
    if (record.claim) {
        device_.bytes(record.claim->code_sha256)
            .number(record.claim->time_to_live.count())
            .number(record.claim->attempts_left);
    } else {
        device_.null().number(0).number(0);
    }
    if (record.certificate) {
        device_.bytes(record.certificate->serial).number(record.certificate->not_after.unix_ms);
    } else {
        device_.null().number(0);
    }
    device_.number(record.desired_version).number(record.reported_version).bytes(assignments);
    if (record.capability) {
        device_.bytes(capability);
    } else {
        device_.null();
    }
    return device_.bytes(reported)
        .number(record.added_at.unix_ms)
        .number(record.revoked_at.unix_ms)
        .number(record.is_kick_pending ? 1 : 0)
        .run();
}

base::Result<void> BatchWriter::put(const core::GapRecord& record) {
    return gap_.number(core::index_of(record.stream))
        .number(signed_of(record.kind))
        .number(signed_of(record.from))
        .number(signed_of(record.until))
        .number(record.noted_at.unix_ms)
        .run();
}

base::Result<void> BatchWriter::put(const core::TaskRecord& record) {
    const auto labels = pack(record.labels);
    return task_.number(record.task)
        .text(record.name)
        .bytes(labels)
        .number(signed_of(record.privacy))
        .number(signed_of(record.priority))
        .number(record.group_share_permille)
        .run();
}

base::Result<void> BatchWriter::put(const core::ReleaseRecord& record) {
    const auto restores = record.restores
                              ? std::optional<std::int64_t>(core::index_of(*record.restores))
                              : std::nullopt;
    release_.number(core::index_of(record.number))
        .text(record.model.text())
        .number(record.release)
        .number(record.counter)
        .number(record.task)
        .number(signed_of(record.source_bytes))
        .number(restores)
        .text(record.note)
        .number(record.imported_at.unix_ms);
    if (record.statement) {
        release_.bytes(record.statement->content())
            .bytes(record.statement->signature())
            .number(record.statement->key_id());
    } else {
        release_.null().null().null();
    }
    auto done = release_.run();
    for (std::size_t i = 0; done && i < record.variants.size(); ++i) {
        done = put_variant(record.number, i, record.variants[i]);
    }
    return done;
}

base::Result<void> BatchWriter::put_variant(core::ReleaseNumber release, std::size_t position,
                                            const core::VariantRecord& record) {
    const auto& content = record.manifest->content();
    const auto& blob = record.manifest->blob();
    const auto operators = pack(content.operators);
    const auto tests = pack(content.self_tests);
    auto done = variant_.number(core::index_of(release))
                    .number(signed_of(position))
                    .bytes(blob.content())
                    .bytes(blob.signature())
                    .number(blob.key_id())
                    .text(content.device_class.text())
                    .number(content.runtime_abi)
                    .bytes(content.model_digest)
                    .number(content.model_bytes)
                    .number(content.arena_bytes)
                    .bytes(operators)
                    .number(content.input_bytes)
                    .number(content.output_classes)
                    .bytes(tests)
                    .bytes(content.data_digest)
                    .number(content.accuracy_permyriad)
                    .number(content.state_bytes)
                    .number(content.multiply_accumulates)
                    .number(record.stripped_bytes)
                    .run();
    for (std::size_t i = 0; done && i < record.artifacts.size(); ++i) {
        done = put_artifact(release, position, i, record.artifacts[i]);
    }
    return done;
}

base::Result<void> BatchWriter::put(const core::ArtifactAdded& record) {
    return put_artifact(record.release, record.variant, record.position, record.artifact);
}

base::Result<void> BatchWriter::put_artifact(core::ReleaseNumber release, std::size_t variant,
                                             std::size_t position,
                                             const core::ArtifactRecord& record) {
    artifact_.number(core::index_of(release))
        .number(signed_of(variant))
        .number(signed_of(position))
        .bytes(record.digest)
        .number(record.size_bytes)
        .number(record.block_bytes)
        .bytes(record.list_digest);
    if (record.base_digest) {
        artifact_.bytes(*record.base_digest);
    } else {
        artifact_.null();
    }
    return artifact_.number(record.decoder_profile)
        .number(record.decoder_ram_bytes)
        .number(record.base_lag_bytes)
        .run();
}

base::Result<void> BatchWriter::put(const core::BlobRecord& record) {
    return blob_.bytes(record.digest).number(signed_of(record.kind)).bytes(*record.bytes).run();
}

base::Result<void> BatchWriter::put(const core::EdgeModelRecord& record) {
    return edge_model_.number(record.task)
        .bytes(record.digest)
        .text(record.name)
        .number(record.input_bytes)
        .run();
}

base::Result<void> BatchWriter::put(const core::PolicyRecord& record) {
    return policy_.number(record.task)
        .text(record.device_class.text())
        .number(record.policy)
        .bytes(record.blob->content())
        .bytes(record.blob->signature())
        .number(record.blob->key_id())
        .number(record.group_share_permille)
        .text(record.audience.text())
        .number(record.is_withdrawn ? 1 : 0)
        .run();
}

base::Result<void> BatchWriter::put(const core::RolloutRecord& record) {
    const auto undoes =
        record.undoes ? std::optional(signed_of(record.undoes->value)) : std::nullopt;
    return rollout_.number(signed_of(record.id.value))
        .number(core::index_of(record.release))
        .number(record.task)
        .number(signed_of(record.target))
        .number(signed_of(record.status))
        .number(undoes)
        .text(record.actor)
        .number(record.started_at.unix_ms)
        .number(record.ended_at.unix_ms)
        .run();
}

base::Result<void> BatchWriter::put(const core::RolloutDeviceRecord& record) {
    return rollout_device_.number(signed_of(record.rollout.value))
        .number(core::index_of(record.device))
        .number(signed_of(record.state))
        .number(signed_of(record.reason))
        .number(record.detail)
        .number(record.attempt)
        .number(record.blocks_held)
        .number(record.changed_at.unix_ms)
        .run();
}

base::Result<void> BatchWriter::put(const core::AuditRecord& record) {
    return audit_.number(signed_of(record.number))
        .number(record.at.unix_ms)
        .text(record.actor)
        .text(record.action)
        .text(record.subject)
        .text(record.detail)
        .bytes(record.previous)
        .bytes(record.hash)
        .run();
}

base::Result<void> BatchWriter::put(const core::IncidentRecord& record) {
    return incident_.number(core::index_of(record.device))
        .number(signed_of(record.kind))
        .text(record.detail)
        .number(record.at.unix_ms)
        .run();
}

base::Result<void> BatchWriter::put(const core::EnergyRecord& record) {
    auto done = put_energy(record, kFinishedBoots, record.finished);
    return done ? put_energy(record, kCurrentBoot, record.current) : done;
}

base::Result<void> BatchWriter::put_energy(const core::EnergyRecord& record, std::int64_t part,
                                           const core::EnergyCounters& counters) {
    energy_.number(core::index_of(record.device))
        .number(part)
        .number(signed_of(record.stream.value))
        .number(record.boot_epoch);
    for (const auto energy_uj : counters.use_uj) {
        energy_.number(signed_of(energy_uj));
    }
    energy_.number(signed_of(counters.other_uj));
    for (const auto bytes : counters.use_bytes) {
        energy_.number(signed_of(bytes));
    }
    return energy_.number(signed_of(counters.raw_uj))
        .number(signed_of(counters.raw_bytes))
        .number(signed_of(counters.avoided_uj))
        .number(signed_of(counters.avoided_bytes))
        .number(signed_of(counters.inferences))
        .run();
}

base::Result<void> BatchWriter::put(const core::FencingEpochRecord& record) {
    return setting_.text("fencing_epoch").number(signed_of(record.epoch)).run();
}

}  // namespace frugal::storage
