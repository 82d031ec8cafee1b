// SPDX-License-Identifier: Apache-2.0
// I4: rows and gaps together cover every sequence number of a stream once, up to its mark, and a
// gap covers only what the device really gave up, or what a restored backup forgot.
#include <fmt/format.h>

#include "simulation/checkers/make.hpp"

namespace frugal::simulation {

namespace {

class NoSilentGap final : public Checker {
public:
    using Checker::Checker;

    void on_loaded(const DatabaseView& database) override {
        std::map<std::uint64_t, std::uint64_t> covered;
        for (const auto& row : database.rows) {
            ++covered[row.stream.value];
        }
        for (const auto& gap : database.gaps) {
            const auto& stream = database.streams[core::index_of(gap.stream)];
            covered[stream.id.value] += gap.until - gap.from;
            check_gap(gap, stream.id.value);
        }
        for (const auto& stream : database.streams) {
            const auto id = stream.id.value;
            if (covered[id] != stream.next_sequence ||
                stream.accepted + stream.lost != stream.next_sequence) {
                trace_.violate("I4", fmt::format("stream {:x}: mark {}, but {} covered by rows and "
                                                 "gaps, {} accepted, {} lost",
                                                 id, stream.next_sequence, covered[id],
                                                 stream.accepted, stream.lost));
            }
            const auto truth = oracle_.streams.find(id);
            if (truth != oracle_.streams.end() && !truth->second.is_cloned &&
                stream.next_sequence > truth->second.produced) {
                trace_.violate("I4", fmt::format("stream {:x}: mark {} beyond the {} decided", id,
                                                 stream.next_sequence, truth->second.produced));
            }
        }
    }

private:
    void check_gap(const core::GapRecord& gap, std::uint64_t id) {
        const auto truth = oracle_.streams.find(id);
        if (truth == oracle_.streams.end() || truth->second.is_cloned) {
            return;
        }
        const bool is_given_up = gap.until <= truth->second.oldest;
        if (gap.kind == core::GapKind::kAmnesia) {
            // A batch that left before the overflow and came after the hello that tells of it
            // declares nothing: the gateway can only guess, and guesses the worse.
            trace_.sometimes(oracle_.had_amnesia ? "amnesia gap declared"
                                                 : "overflow taken for amnesia");
            if (!oracle_.had_amnesia && !is_given_up) {
                trace_.violate("I4", fmt::format("{} stream {:x}: amnesia gap [{}, {}) without "
                                                 "amnesia",
                                                 truth->second.device, id, gap.from, gap.until));
            }
            return;
        }
        trace_.sometimes("ring overflow declared");
        if (!is_given_up) {
            trace_.violate("I4", fmt::format("stream {:x}: gap [{}, {}), but the device has "
                                             "everything from {}",
                                             id, gap.from, gap.until, truth->second.oldest));
        }
    }
};

}  // namespace

std::unique_ptr<Checker> make_no_silent_gap(const Oracle& o, Trace& t, const Options& s) {
    return std::make_unique<NoSilentGap>(o, t, s);
}

}  // namespace frugal::simulation
