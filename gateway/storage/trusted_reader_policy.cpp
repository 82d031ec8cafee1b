// SPDX-License-Identifier: Apache-2.0
// Versions of policies and their way to the devices.
#include "storage/trusted_rows.hpp"

namespace frugal::storage {

base::Result<void> TrustedReader::load_policy_versions(core::Snapshot& to) {
    return each("SELECT * FROM policy_version ORDER BY task, version", "policy_version",
                [&](const Statement& row) {
                    bool is_good = true;
                    core::PolicyVersionRecord record;
                    record.task = as<std::uint32_t>(row, 0);
                    record.version = as<std::uint32_t>(row, 1);
                    record.origin = as<core::PolicyOrigin>(row, 2);
                    record.source = as<std::uint32_t>(row, 3);
                    record.release = row.text_at(4);
                    record.text = row.text_at(5);
                    record.digest = array_at<32>(row, 6, is_good);
                    record.actor = row.text_at(7);
                    record.comment = row.text_at(8);
                    record.set_at = wall(row, 9);
                    record.group_share_permille = as<std::uint32_t>(row, 10);
                    record.was_in_force = row.number_at(11) != 0;
                    auto audience = base::Audience::parse(row.text_at(12));
                    is_good = is_good && audience.has_value();
                    record.audience = std::move(audience).value_or(base::Audience{});
                    to.policy_versions.push_back(std::move(record));
                    return is_good;
                });
}

base::Result<void> TrustedReader::load_policy_parts(core::Snapshot& to) {
    std::size_t at = 0;
    return each("SELECT * FROM policy_part ORDER BY task, version, device_class", "policy_part",
                [&](const Statement& row) {
                    const auto key =
                        std::pair(as<std::uint32_t>(row, 0), as<std::uint32_t>(row, 1));
                    auto& versions = to.policy_versions;
                    while (at < versions.size() &&
                           std::pair(versions[at].task, versions[at].version) < key) {
                        ++at;
                    }
                    auto device_class = base::ClassName::parse(row.text_at(2));
                    if (at == versions.size() || !device_class ||
                        std::pair(versions[at].task, versions[at].version) != key) {
                        return false;
                    }
                    auto& part = versions[at].parts.emplace_back(
                        std::move(*device_class),
                        std::make_shared<const core::SignedBlob>(signed_blob(row, 3, 4, 5)));
                    if (!row.is_null_at(7)) {
                        part.source = core::PolicySource{row.text_at(6), row.text_at(7)};
                    }
                    return true;
                });
}

base::Result<void> TrustedReader::load_policy_rollouts(core::Snapshot& to) {
    return each("SELECT * FROM policy_rollout ORDER BY task", "policy_rollout",
                [&](const Statement& row) {
                    core::PolicyRolloutRecord record;
                    Unpacker steps(row.bytes_at(3));
                    record.task = as<std::uint32_t>(row, 0);
                    record.version = as<std::uint32_t>(row, 1);
                    record.baseline = as<std::uint32_t>(row, 2);
                    record.steps = unpack_steps(steps);
                    record.step = as<std::uint32_t>(row, 4);
                    record.status = as<core::PolicyRolloutStatus>(row, 5);
                    record.halt = as<core::PolicyHalt>(row, 6);
                    record.actor = row.text_at(7);
                    record.started_at = wall(row, 8);
                    record.changed_at = wall(row, 9);
                    const bool is_good = steps.is_good() && record.step < record.steps.size();
                    to.policy_rollouts.push_back(std::move(record));
                    return is_good;
                });
}

}  // namespace frugal::storage
