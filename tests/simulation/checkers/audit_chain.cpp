// SPDX-License-Identifier: Apache-2.0
// I15: audit rows are numbered without holes and each carries the hash of the one before.
#include <fmt/format.h>

#include "core/journal.hpp"
#include "simulation/checkers/make.hpp"

namespace frugal::simulation {

namespace {

class AuditChain final : public Checker {
public:
    using Checker::Checker;

    void on_loaded(const DatabaseView& database) override {
        base::Digest previous{};
        std::uint64_t number = 0;
        for (const auto& record : database.audit) {
            if (record.number != number || record.previous != previous ||
                record.hash != core::audit_hash(record)) {
                trace_.violate("I15", fmt::format("audit row {} breaks the chain", record.number));
                return;
            }
            previous = record.hash;
            ++number;
        }
    }
};

}  // namespace

std::unique_ptr<Checker> make_audit_chain(const Oracle& o, Trace& t, const Options& s) {
    return std::make_unique<AuditChain>(o, t, s);
}

}  // namespace frugal::simulation
