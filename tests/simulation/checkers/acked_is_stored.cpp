// SPDX-License-Identifier: Apache-2.0
// I1: what a device was told is safe is in the database, whatever happened since.
#include <fmt/format.h>

#include "simulation/checkers/make.hpp"

namespace frugal::simulation {

namespace {

class AckedIsStored final : public Checker {
public:
    using Checker::Checker;

    void on_loaded(const DatabaseView& database) override {
        std::map<std::uint64_t, std::uint64_t> marks;
        for (const auto& stream : database.streams) {
            marks[stream.id.value] = stream.next_sequence;
        }
        for (const auto& [id, truth] : oracle_.streams) {
            const auto mark = marks.contains(id) ? marks[id] : 0;
            if (truth.acked > mark) {
                trace_.violate("I1", fmt::format("{} stream {:x}: acked below {}, the database has "
                                                 "{} only",
                                                 truth.device, id, truth.acked, mark));
            }
        }
        check_rows(database);
    }

private:
    // Marks may lie: every acked number is a row or in a gap.
    void check_rows(const DatabaseView& database) {
        std::map<std::uint64_t, std::uint64_t> held;
        for (const auto& row : database.rows) {
            const auto truth = oracle_.streams.find(row.stream.value);
            if (truth != oracle_.streams.end() && row.sequence < truth->second.acked) {
                ++held[row.stream.value];
            }
        }
        for (const auto& gap : database.gaps) {
            const auto id = database.streams[core::index_of(gap.stream)].id.value;
            const auto truth = oracle_.streams.find(id);
            if (truth != oracle_.streams.end() && gap.from < truth->second.acked) {
                held[id] += std::min(gap.until, truth->second.acked) - gap.from;
            }
        }
        for (const auto& [id, truth] : oracle_.streams) {
            if (held[id] < truth.acked) {
                trace_.violate("I1", fmt::format("{} stream {:x}: {} decisions acked, {} held",
                                                 truth.device, id, truth.acked, held[id]));
            }
        }
    }
};

}  // namespace

std::unique_ptr<Checker> make_acked_is_stored(const Oracle& o, Trace& t, const Options& s) {
    return std::make_unique<AckedIsStored>(o, t, s);
}

}  // namespace frugal::simulation
