// SPDX-License-Identifier: Apache-2.0
// Rows of the learner: what it learned, and from what.
#include "storage/batch_writer.hpp"
#include "storage/packing.hpp"

namespace frugal::storage {

namespace {

constexpr std::int64_t kObservationsKept = 1'000'000;
// Of a task, those measured or learned from last, by the order of their rows: a clock that was
// wrong once does not make one the newest for ever. Nobody goes back farther: a release has at most
// 32 models, each a pair with each edge model they were measured with.
constexpr std::int64_t kCanariesKept = 256;

std::int64_t leading_bytes(const base::Digest& digest) {
    return std::int64_t{digest[0]} << 24 | std::int64_t{digest[1]} << 16 |
           std::int64_t{digest[2]} << 8 | digest[3];
}

}  // namespace

base::Result<void> BatchWriter::put(const core::LearningRecord& record) {
    auto done = learning_.number(record.task)
                    .text(record.device_class.text())
                    .bytes(record.model)
                    .bytes(record.edge_model)
                    .bytes(record.state)
                    .number(record.saved_at.unix_ms)
                    .text(record.audience.text())
                    .run();
    if (!done) {
        return done;
    }
    Packer devices;
    for (const auto device : record.doubted) {
        devices.u32(device);
    }
    done = doubted_.number(record.task)
               .text(record.device_class.text())
               .bytes(record.model)
               .bytes(record.edge_model)
               .bytes(devices.bytes())
               .text(record.audience.text())
               .run();
    return done
               ? canary_used_.number(record.task).bytes(record.model).bytes(record.edge_model).run()
               : done;
}

base::Result<void> BatchWriter::put(const core::CanaryRecord& record) {
    for (Statement* end : {&learning_of_pair_end_, &doubted_of_pair_end_}) {
        auto done = end->number(record.task).bytes(record.model).bytes(record.edge_model).run();
        if (!done) {
            return done;
        }
    }
    auto done = canary_.number(record.task)
                    .bytes(record.model)
                    .bytes(record.edge_model)
                    .bytes(record.state)
                    .text(record.figures)
                    .text(record.actor)
                    .number(record.saved_at.unix_ms)
                    .run();
    if (done) {
        done = old_canaries_.number(record.task).number(kCanariesKept).run();
    }
    return done;
}

base::Result<void> BatchWriter::put(const core::CanariesDropped& record) {
    return canaries_drop_.number(record.task).run();
}

base::Result<void> BatchWriter::put(const core::ShareRecord& record) {
    return share_.number(record.task)
        .text(record.group)
        .number(record.device ? std::int64_t{core::index_of(*record.device)} : -1)
        .number(record.length_permille)
        .run();
}

base::Result<void> BatchWriter::put(const core::ObservationRecord& record) {
    auto done = observation_.number(record.at.unix_ms)
                    .number(core::index_of(record.device))
                    .number(record.task)
                    .number(record.release)
                    .number(static_cast<std::int64_t>(record.sequence))
                    .number(record.local_confidence)
                    .number(record.local_class)
                    .number(record.edge_class)
                    .number(record.edge_chance)
                    .number(record.local_chance)
                    .number(record.is_audit ? 1 : 0)
                    .number(record.is_in_time ? 1 : 0)
                    .number(record.propensity_q8)
                    .number(record.price)
                    .number(record.load)
                    .number(leading_bytes(record.edge_model))
                    .run();
    if (done) {
        done = old_observations_.number(kObservationsKept).run();
    }
    return done;
}

}  // namespace frugal::storage
