// SPDX-License-Identifier: Apache-2.0
// The books: what energy and radio bytes went to, and what sending every input would have cost.
// Counted since boot; the gateway keeps the sums over boots.
#include "node/internal.h"

fr_use_t fr_use_of_up(fr_up_kind_t kind) {
    switch (kind) {
        case FR_UP_FETCH:
        case FR_UP_REPORT:
            return FR_USE_UPDATES;
        case FR_UP_ESCALATE:
            return FR_USE_ESCALATIONS;
        default:
            return FR_USE_DECISIONS;
    }
}

fr_use_t fr_use_of_down(fr_down_kind_t kind) {
    switch (kind) {
        case FR_DOWN_DESIRED:
        case FR_DOWN_CHUNK:
        case FR_DOWN_SHARED_CHUNK:
            return FR_USE_UPDATES;
        case FR_DOWN_VERDICT:
            return FR_USE_ESCALATIONS;
        default:
            return FR_USE_DECISIONS;
    }
}

void fr_node_add_energy(fr_node_t* node, fr_use_t use, uint32_t energy_uj) {
    node->counters.energy_uj += energy_uj;
    if ((uint32_t)use < FR_USES) {
        node->counters.use_uj[use] += energy_uj;
    }
    const uint32_t room = UINT32_MAX - node->pending_energy_uj;
    node->pending_energy_uj += energy_uj < room ? energy_uj : room;
}

void fr_count_radio(fr_node_t* node, fr_use_t use, size_t size) {
    node->counters.use_bytes[use] += size;
}

static void add(uint64_t* sum_uj, uint32_t* rest_nj, uint64_t energy_nj) {
    const uint64_t total_nj = energy_nj + *rest_nj;
    *sum_uj += total_nj / 1000u;
    *rest_nj = (uint32_t)(total_nj % 1000u);
}

void fr_count_input(fr_node_t* node, size_t input_size, bool is_kept) {
    fr_node_counters_t* counters = &node->counters;
    const uint64_t energy_nj = (uint64_t)input_size * node->config->radio_nj_per_byte +
                               (uint64_t)node->config->radio_uj_per_message * 1000u;
    counters->raw_bytes += input_size;
    add(&counters->raw_uj, &node->raw_rest_nj, energy_nj);
    if (is_kept) {
        counters->raw_bytes_avoided += input_size;
        add(&counters->energy_avoided_uj, &node->energy_rest_nj, energy_nj);
    }
}
