// SPDX-License-Identifier: Apache-2.0
// Rows of policy versions and of their way to the devices.
#include "storage/batch_writer.hpp"
#include "storage/packing.hpp"

namespace frugal::storage {

base::Result<void> BatchWriter::put(const core::PolicyVersionRecord& record) {
    auto done = policy_version_.number(record.task)
                    .number(record.version)
                    .number(static_cast<std::int64_t>(record.origin))
                    .number(record.source)
                    .text(record.release)
                    .text(record.text)
                    .bytes(record.digest)
                    .text(record.actor)
                    .text(record.comment)
                    .number(record.set_at.unix_ms)
                    .number(record.group_share_permille)
                    .number(record.was_in_force ? 1 : 0)
                    .text(record.audience.text())
                    .run();
    for (const auto& part : record.parts) {
        if (done) {
            auto& row = policy_part_.number(record.task)
                            .number(record.version)
                            .text(part.device_class.text())
                            .bytes(part.blob->content())
                            .bytes(part.blob->signature())
                            .number(part.blob->key_id());
            done = part.source ? row.text(part.source->release).text(part.source->text).run()
                               : row.null().null().run();
        }
    }
    return done;
}

base::Result<void> BatchWriter::put(const core::PolicyRecordDropped& record) {
    base::Result<void> done;
    for (Statement* end : {&policy_end_, &learning_end_, &doubted_end_}) {
        if (done) {
            done = end->number(record.task)
                       .text(record.device_class.text())
                       .text(record.audience.text())
                       .run();
        }
    }
    return done;
}

base::Result<void> BatchWriter::put(const core::PolicyNumberRecord& record) {
    return setting_.text("next_policy").number(record.next).run();
}

base::Result<void> BatchWriter::put(const core::PolicyVersionReached& record) {
    return policy_version_reached_.number(record.task).number(record.version).run();
}

base::Result<void> BatchWriter::put(const core::PolicyVersionDropped& record) {
    return policy_part_drop_.number(record.task).number(record.version).run().and_then([&] {
        return policy_version_drop_.number(record.task).number(record.version).run();
    });
}

base::Result<void> BatchWriter::put(const core::PolicyRolloutRecord& record) {
    const auto steps = pack(record.steps);
    return policy_rollout_.number(record.task)
        .number(record.version)
        .number(record.baseline)
        .bytes(steps)
        .number(record.step)
        .number(static_cast<std::int64_t>(record.status))
        .number(static_cast<std::int64_t>(record.halt))
        .text(record.actor)
        .number(record.started_at.unix_ms)
        .number(record.changed_at.unix_ms)
        .run();
}

}  // namespace frugal::storage
