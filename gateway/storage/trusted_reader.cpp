// SPDX-License-Identifier: Apache-2.0
#include "storage/trusted_reader.hpp"

#include "storage/packing.hpp"
#include "storage/trusted_rows.hpp"

namespace frugal::storage {

base::Result<core::Snapshot> TrustedReader::load() {
    core::Snapshot snapshot;
    for (const auto step :
         {&TrustedReader::load_settings, &TrustedReader::load_devices, &TrustedReader::load_streams,
          &TrustedReader::load_tasks, &TrustedReader::load_releases, &TrustedReader::load_variants,
          &TrustedReader::load_artifacts, &TrustedReader::load_edge_models,
          &TrustedReader::load_policies, &TrustedReader::load_policy_versions,
          &TrustedReader::load_policy_parts, &TrustedReader::load_policy_rollouts,
          &TrustedReader::load_rollouts, &TrustedReader::load_rollout_devices,
          &TrustedReader::load_energy, &TrustedReader::load_shares, &TrustedReader::load_audit}) {
        if (const auto done = (this->*step)(snapshot); !done) {
            return tl::unexpected<base::Error>(done.error());
        }
    }
    return snapshot;
}

base::Result<void> TrustedReader::load_settings(core::Snapshot& to) {
    return each("SELECT name, value FROM setting", "setting", [&](const Statement& row) {
        if (row.text_at(0) == "fencing_epoch") {
            to.fencing_epoch = as<std::uint64_t>(row, 1);
        } else if (row.text_at(0) == "next_policy") {
            to.next_policy = as<std::uint32_t>(row, 1);
        }
        return true;
    });
}

base::Result<void> TrustedReader::load_devices(core::Snapshot& to) {
    return each("SELECT * FROM device ORDER BY number", "device", [&](const Statement& row) {
        auto id = base::DeviceId::parse(row.text_at(1));
        if (!id || as<std::size_t>(row, 0) != to.devices.size()) {
            return false;
        }
        bool is_good = true;
        core::DeviceRecord record{.number = as<core::DeviceNumber>(row, 0), .id = std::move(*id)};
        record.label = row.text_at(2);
        record.state = as<core::DeviceState>(row, 3);
        if (!row.is_null_at(4)) {
            record.claim =
                core::ClaimRecord{array_at<32>(row, 4, is_good), base::Duration(row.number_at(5)),
                                  as<std::uint32_t>(row, 6)};
        }
        if (!row.is_null_at(7)) {
            record.certificate =
                core::CertificateRecord{array_at<16>(row, 7, is_good), wall(row, 8)};
        }
        record.desired_version = as<std::uint32_t>(row, 9);
        record.reported_version = as<std::uint32_t>(row, 10);
        Unpacker assignments(row.bytes_at(11));
        record.assignments = unpack_assignments(assignments);
        if (!row.is_null_at(12)) {
            Unpacker capability(row.bytes_at(12));
            record.capability = unpack_capability(capability);
            is_good = is_good && record.capability && capability.is_good();
        }
        Unpacker reported(row.bytes_at(13));
        record.reported = unpack_states(reported);
        record.added_at = wall(row, 14);
        record.revoked_at = wall(row, 15);
        record.is_kick_pending = row.number_at(16) != 0;
        to.devices.push_back(std::move(record));
        return is_good && assignments.is_good() && reported.is_good();
    });
}

base::Result<void> TrustedReader::load_streams(core::Snapshot& to) {
    return each("SELECT * FROM stream ORDER BY number", "stream", [&](const Statement& row) {
        Unpacker hashes(row.bytes_at(8));
        core::StreamRecord record;
        record.number = as<core::StreamNumber>(row, 0);
        record.device = as<core::DeviceNumber>(row, 1);
        record.id = {as<std::uint64_t>(row, 2)};
        record.boot_epoch = as<std::uint32_t>(row, 3);
        record.next_sequence = as<std::uint64_t>(row, 4);
        record.accepted = as<std::uint64_t>(row, 5);
        record.lost = as<std::uint64_t>(row, 6);
        record.gap_count = as<std::uint32_t>(row, 7);
        record.hashes = unpack_hashes(hashes);
        const bool is_good = core::index_of(record.number) == to.streams.size() &&
                             core::index_of(record.device) < to.devices.size() && hashes.is_good();
        to.streams.push_back(record);
        return is_good;
    });
}

base::Result<void> TrustedReader::load_tasks(core::Snapshot& to) {
    return each("SELECT * FROM task ORDER BY task", "task", [&](const Statement& row) {
        Unpacker labels(row.bytes_at(2));
        to.tasks.push_back({.task = as<std::uint32_t>(row, 0),
                            .name = row.text_at(1),
                            .labels = unpack_texts(labels),
                            .privacy = as<core::TaskPrivacy>(row, 3),
                            .priority = as<core::Priority>(row, 4),
                            .group_share_permille = as<std::uint32_t>(row, 5)});
        return labels.is_good();
    });
}

base::Result<void> TrustedReader::load_releases(core::Snapshot& to) {
    return each("SELECT * FROM release ORDER BY number", "release", [&](const Statement& row) {
        auto model = base::ModelName::parse(row.text_at(1));
        if (!model || as<std::size_t>(row, 0) != to.releases.size()) {
            return false;
        }
        core::ReleaseRecord record{.number = as<core::ReleaseNumber>(row, 0),
                                   .model = std::move(*model),
                                   .release = as<std::uint32_t>(row, 2),
                                   .counter = as<std::uint32_t>(row, 3),
                                   .task = as<std::uint32_t>(row, 4),
                                   .source_bytes = as<std::uint64_t>(row, 5),
                                   .note = row.text_at(7),
                                   .imported_at = wall(row, 8)};
        if (!row.is_null_at(6)) {
            record.restores = as<core::ReleaseNumber>(row, 6);
        }
        if (!row.is_null_at(9)) {
            record.statement = std::shared_ptr<const core::SignedBlob>(
                new core::SignedBlob(signed_blob(row, 9, 10, 11)));
        }
        to.releases.push_back(std::move(record));
        return true;
    });
}

core::SignedBlob TrustedReader::signed_blob(const Statement& row, int content, int signature,
                                            int key_id) const {
    bool is_good = true;
    const auto bytes = row.bytes_at(content);
    return {base::Bytes(bytes.begin(), bytes.end()), array_at<64>(row, signature, is_good),
            as<std::uint32_t>(row, key_id)};
}

base::Result<void> TrustedReader::load_variants(core::Snapshot& to) {
    return each(
        "SELECT * FROM variant ORDER BY release, position", "variant", [&](const Statement& row) {
            const auto release = as<std::size_t>(row, 0);
            auto device_class = base::ClassName::parse(row.text_at(5));
            if (release >= to.releases.size() || !device_class) {
                return false;
            }
            const auto& of = to.releases[release];
            bool is_good = true;
            Unpacker operators(row.bytes_at(10));
            Unpacker tests(row.bytes_at(13));
            const auto data_digest = row.bytes_at(14);
            core::ManifestContent content{.model = of.model,
                                          .release = of.release,
                                          .counter = of.counter,
                                          .task = of.task,
                                          .device_class = std::move(*device_class),
                                          .runtime_abi = as<std::uint32_t>(row, 6),
                                          .model_digest = array_at<32>(row, 7, is_good),
                                          .model_bytes = as<std::uint32_t>(row, 8),
                                          .arena_bytes = as<std::uint32_t>(row, 9),
                                          .operators = unpack_numbers(operators),
                                          .input_bytes = as<std::uint32_t>(row, 11),
                                          .output_classes = as<std::uint32_t>(row, 12),
                                          .self_tests = unpack_tests(tests),
                                          .data_digest = {data_digest.begin(), data_digest.end()},
                                          .accuracy_permyriad = as<std::uint32_t>(row, 15),
                                          .state_bytes = as<std::uint32_t>(row, 16),
                                          .multiply_accumulates = as<std::uint32_t>(row, 17)};
            core::VariantRecord variant;
            variant.manifest = std::shared_ptr<const core::VerifiedManifest>(
                new core::VerifiedManifest(std::move(content), signed_blob(row, 2, 3, 4)));
            variant.stripped_bytes = as<std::uint32_t>(row, 18);
            to.releases[release].variants.push_back(std::move(variant));
            return is_good && operators.is_good() && tests.is_good();
        });
}

base::Result<void> TrustedReader::load_artifacts(core::Snapshot& to) {
    return each("SELECT * FROM artifact ORDER BY release, variant, position", "artifact",
                [&](const Statement& row) {
                    const auto release = as<std::size_t>(row, 0);
                    const auto variant = as<std::size_t>(row, 1);
                    if (release >= to.releases.size() ||
                        variant >= to.releases[release].variants.size() || row.number_at(5) <= 0) {
                        return false;
                    }
                    bool is_good = true;
                    core::ArtifactRecord record{.digest = array_at<32>(row, 3, is_good),
                                                .size_bytes = as<std::uint32_t>(row, 4),
                                                .block_bytes = as<std::uint32_t>(row, 5),
                                                .list_digest = array_at<32>(row, 6, is_good)};
                    if (!row.is_null_at(7)) {
                        record.base_digest = array_at<32>(row, 7, is_good);
                    }
                    record.decoder_profile = as<std::uint32_t>(row, 8);
                    record.decoder_ram_bytes = as<std::uint32_t>(row, 9);
                    record.base_lag_bytes = as<std::uint32_t>(row, 10);
                    to.releases[release].variants[variant].artifacts.push_back(record);
                    return is_good;
                });
}

base::Result<void> TrustedReader::load_edge_models(core::Snapshot& to) {
    return each("SELECT * FROM edge_model ORDER BY task", "edge_model", [&](const Statement& row) {
        bool is_good = true;
        to.edge_models.push_back({.task = as<std::uint32_t>(row, 0),
                                  .digest = array_at<32>(row, 1, is_good),
                                  .name = row.text_at(2),
                                  .input_bytes = as<std::uint32_t>(row, 3)});
        return is_good;
    });
}

base::Result<void> TrustedReader::load_policies(core::Snapshot& to) {
    return each("SELECT * FROM policy ORDER BY task, device_class, audience", "policy",
                [&](const Statement& row) {
                    auto device_class = base::ClassName::parse(row.text_at(1));
                    auto audience = base::Audience::parse(row.text_at(7));
                    if (!device_class || !audience) {
                        return false;
                    }
                    to.policies.push_back({.device_class = std::move(*device_class),
                                           .task = as<std::uint32_t>(row, 0),
                                           .policy = as<std::uint32_t>(row, 2),
                                           .blob = std::make_shared<const core::SignedBlob>(
                                               signed_blob(row, 3, 4, 5)),
                                           .group_share_permille = as<std::uint32_t>(row, 6),
                                           .audience = std::move(*audience),
                                           .is_withdrawn = row.number_at(8) != 0});
                    return true;
                });
}

base::Result<void> TrustedReader::load_rollouts(core::Snapshot& to) {
    return each("SELECT * FROM rollout ORDER BY id", "rollout", [&](const Statement& row) {
        core::RolloutRecord record;
        record.id = {as<std::uint64_t>(row, 0)};
        record.release = as<core::ReleaseNumber>(row, 1);
        record.task = as<std::uint32_t>(row, 2);
        record.target = as<core::RolloutTarget>(row, 3);
        record.status = as<core::RolloutStatus>(row, 4);
        if (!row.is_null_at(5)) {
            record.undoes = base::RolloutId{as<std::uint64_t>(row, 5)};
        }
        record.actor = row.text_at(6);
        record.started_at = wall(row, 7);
        record.ended_at = wall(row, 8);
        to.rollouts.push_back(std::move(record));
        return core::index_of(to.rollouts.back().release) < to.releases.size();
    });
}

base::Result<void> TrustedReader::load_rollout_devices(core::Snapshot& to) {
    return each("SELECT * FROM rollout_device ORDER BY rollout, device", "rollout_device",
                [&](const Statement& row) {
                    const core::RolloutDeviceRecord record{.rollout = {as<std::uint64_t>(row, 0)},
                                                           .device = as<core::DeviceNumber>(row, 1),
                                                           .state = as<core::RolloutState>(row, 2),
                                                           .reason = as<core::Reason>(row, 3),
                                                           .detail = as<std::uint32_t>(row, 4),
                                                           .attempt = as<std::uint32_t>(row, 5),
                                                           .blocks_held = as<std::uint32_t>(row, 6),
                                                           .changed_at = wall(row, 7)};
                    to.rollout_devices.push_back(record);
                    const auto state = as<std::uint32_t>(row, 2);
                    return core::index_of(record.device) < to.devices.size() && state >= 1 &&
                           state <= core::kRolloutStateLast;
                });
}

base::Result<void> TrustedReader::load_energy(core::Snapshot& to) {
    return each("SELECT * FROM energy ORDER BY device, part", "energy", [&](const Statement& row) {
        const auto device = as<core::DeviceNumber>(row, 0);
        const bool is_current = row.number_at(1) != 0;
        if (!is_current) {
            to.energy.push_back({.device = device});
        }
        if (core::index_of(device) >= to.devices.size() || to.energy.empty() ||
            to.energy.back().device != device) {
            return false;
        }
        auto& record = to.energy.back();
        record.stream = {as<std::uint64_t>(row, 2)};
        record.boot_epoch = as<std::uint32_t>(row, 3);
        auto& counters = is_current ? record.current : record.finished;
        for (int use = 0; use < static_cast<int>(core::kEnergyUses); ++use) {
            counters.use_uj.at(static_cast<std::size_t>(use)) = as<std::uint64_t>(row, 4 + use);
            counters.use_bytes.at(static_cast<std::size_t>(use)) = as<std::uint64_t>(row, 9 + use);
        }
        counters.other_uj = as<std::uint64_t>(row, 8);
        counters.raw_uj = as<std::uint64_t>(row, 13);
        counters.raw_bytes = as<std::uint64_t>(row, 14);
        counters.avoided_uj = as<std::uint64_t>(row, 15);
        counters.avoided_bytes = as<std::uint64_t>(row, 16);
        counters.inferences = as<std::uint64_t>(row, 17);
        return true;
    });
}

base::Result<void> TrustedReader::load_shares(core::Snapshot& to) {
    return each("SELECT * FROM share ORDER BY task, group_name, device", "share",
                [&](const Statement& row) {
                    core::ShareRecord record{.task = as<std::uint32_t>(row, 0),
                                             .group = row.text_at(1),
                                             .length_permille = row.number_at(3)};
                    const bool is_device = row.number_at(2) >= 0;
                    if (is_device) {
                        record.device = as<core::DeviceNumber>(row, 2);
                    }
                    to.shares.push_back(std::move(record));
                    return !is_device ||
                           core::index_of(*to.shares.back().device) < to.devices.size();
                });
}

base::Result<void> TrustedReader::load_audit(core::Snapshot& to) {
    return each("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1", "audit",
                [&](const Statement& row) {
                    bool is_good = true;
                    to.audit_count = as<std::uint64_t>(row, 0) + 1;
                    to.audit_head = array_at<32>(row, 1, is_good);
                    return is_good;
                });
}

}  // namespace frugal::storage
