// SPDX-License-Identifier: Apache-2.0
// Small questions several files ask: times, tasks, views of bytes, the arena, the environment.
#include <string.h>

#include "bytes/little_endian.h"
#include "node/internal.h"

uint64_t fr_after(const fr_node_t* node, uint32_t configured_ms, uint32_t default_ms) {
    return node->now_ms + (configured_ms != 0 ? configured_ms : default_ms);
}

uint64_t fr_jitter(const fr_node_t* node, uint64_t span_ms) {
    return span_ms != 0 ? node->port->random32(node->port->context) % span_ms : 0;
}

void fr_earliest(uint64_t* deadline_ms, uint64_t candidate_ms) {
    if (candidate_ms < *deadline_ms) {
        *deadline_ms = candidate_ms;
    }
}

void fr_feed_watchdog(const fr_node_t* node) {
    if (node->port->reset_watchdog != NULL) {
        node->port->reset_watchdog(node->port->context);
    }
}

void fr_count_storage(fr_node_t* node, fr_status_t status) {
    if (status != FR_OK) {
        node->counters.storage_faults += 1;
    }
}

bool fr_views_equal(const fr_view_t* view, const uint8_t* bytes, uint32_t size) {
    return view->size == size && (size == 0 || memcmp(view->bytes, bytes, size) == 0);
}

fr_view_t fr_view(const uint8_t* bytes, uint32_t size) {
    const fr_view_t view = {bytes, size};
    return view;
}

uint32_t fr_digest_tag(const uint8_t* digest) {
    return fr_load32(digest);
}

uint64_t fr_hello_retry(const fr_node_t* node, uint32_t doublings) {
    const uint64_t wait = (uint64_t)FR_HELLO_RETRY_MS << doublings;
    return node->now_ms + wait + fr_jitter(node, wait / 2u);
}

uint8_t* fr_aligned_arena(const fr_node_t* node, uint32_t* left) {
    const uint32_t skipped = (uint32_t)(0u - (uintptr_t)node->config->arena) & 7u;
    const uint32_t size = node->config->arena_bytes;
    *left = size > skipped ? size - skipped : 0;
    return node->config->arena + skipped;
}

fr_environment_t fr_environment(const fr_node_t* node) {
    fr_environment_t environment;
    memset(&environment, 0, sizeof environment);
    environment.battery_half_percent = 200;
    if (node->port->environment != NULL) {
        node->port->environment(node->port->context, &environment);
    }
    return environment;
}

bool fr_has_one_slot(const fr_node_t* node) {
    return node->layout.slot_count == 1;
}

int32_t fr_find_task(const fr_node_t* node, uint32_t task) {
    for (uint32_t i = 0; i < node->config->task_count; ++i) {
        if (node->config->tasks[i].task == task) {
            return (int32_t)i;
        }
    }
    return -1;
}
