// SPDX-License-Identifier: Apache-2.0
// The checkers by name; each lives in the .cpp file of that name. I18, which needs the whole world,
// is in world/liveness.
#pragma once

#include "simulation/checkers/checker.hpp"

namespace frugal::simulation {

std::unique_ptr<Checker> make_acked_is_stored(const Oracle&, Trace&, const Options&);   // I1
std::unique_ptr<Checker> make_stored_once(const Oracle&, Trace&, const Options&);       // I2
std::unique_ptr<Checker> make_ack_after_commit(const Oracle&, Trace&, const Options&);  // I3
std::unique_ptr<Checker> make_no_silent_gap(const Oracle&, Trace&, const Options&);     // I4
std::unique_ptr<Checker> make_no_raw_at_rest(const Oracle&, Trace&, const Options&);    // I5
std::unique_ptr<Checker> make_never_bricked(const Oracle&, Trace&, const Options&);     // I6
std::unique_ptr<Checker> make_only_signed(const Oracle&, Trace&, const Options&);       // I7
std::unique_ptr<Checker> make_counter_monotone(const Oracle&, Trace&, const Options&);  // I8
std::unique_ptr<Checker> make_confirmed_slot(const Oracle&, Trace&, const Options&);    // I9
std::unique_ptr<Checker> make_blast_radius(const Oracle&, Trace&, const Options&);      // I10
std::unique_ptr<Checker> make_resumable(const Oracle&, Trace&, const Options&);         // I11
std::unique_ptr<Checker> make_identity(const Oracle&, Trace&, const Options&);          // I13, I14
std::unique_ptr<Checker> make_audit_chain(const Oracle&, Trace&, const Options&);       // I15
std::unique_ptr<Checker> make_bounded(const Oracle&, Trace&, const Options&);           // I16
std::unique_ptr<Checker> make_variant_choice(const Oracle&, Trace&, const Options&);    // I24
std::unique_ptr<Checker> make_answered_in_time(const Oracle&, Trace&, const Options&);  // I25
std::unique_ptr<Checker> make_authored_policy(const Oracle&, Trace&, const Options&);   // I26
std::unique_ptr<Checker> make_staged_policy(const Oracle&, Trace&, const Options&);     // I27
std::unique_ptr<Checker> make_proven_policy(const Oracle&, Trace&, const Options&);     // I28
std::unique_ptr<Checker> make_price_obeyed(const Oracle&, Trace&, const Options&);      // I29
std::unique_ptr<Checker> make_fresh_alarm(const Oracle&, Trace&, const Options&);       // I30
std::unique_ptr<Checker> make_own_table(const Oracle&, Trace&, const Options&);         // I32
std::unique_ptr<Checker> make_late_encodings(const Oracle&, Trace&, const Options&);    // I33

}  // namespace frugal::simulation
