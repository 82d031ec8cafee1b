// SPDX-License-Identifier: Apache-2.0
#include "simulation/checkers/make.hpp"

namespace frugal::simulation {

Checkers make_checkers(const Oracle& oracle, Trace& trace, const Options& options) {
    Checkers all;
    for (auto* make :
         {make_acked_is_stored, make_stored_once,   make_ack_after_commit, make_no_silent_gap,
          make_no_raw_at_rest,  make_never_bricked, make_only_signed,      make_counter_monotone,
          make_confirmed_slot,  make_blast_radius,  make_resumable,        make_identity,
          make_audit_chain,     make_bounded,       make_variant_choice,   make_answered_in_time,
          make_authored_policy, make_staged_policy, make_proven_policy,    make_price_obeyed,
          make_fresh_alarm,     make_own_table,     make_late_encodings}) {
        all.push_back(make(oracle, trace, options));
    }
    return all;
}

}  // namespace frugal::simulation
