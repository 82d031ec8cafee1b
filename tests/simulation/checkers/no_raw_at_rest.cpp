// SPDX-License-Identifier: Apache-2.0
// I5: no byte of an escalated input rests on the disk, in a log line or in an audit row. The world
// plants canaries in every input and looks for them.
#include "simulation/checkers/make.hpp"

namespace frugal::simulation {

namespace {

class NoRawAtRest final : public Checker {
public:
    using Checker::Checker;

    void on_raw_found(const std::string& where) override {
        trace_.violate("I5", "an input's canary is in " + where);
    }
};

}  // namespace

std::unique_ptr<Checker> make_no_raw_at_rest(const Oracle& o, Trace& t, const Options& s) {
    return std::make_unique<NoRawAtRest>(o, t, s);
}

}  // namespace frugal::simulation
