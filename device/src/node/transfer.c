// SPDX-License-Identifier: Apache-2.0
// Pull: ask for what is missing in the window, with a credit; check every block before it is kept;
// ask again when the credit is used up or nothing came. The list comes first, because every other
// block is checked against it; a short artifact has none and is checked once it is all here. Blocks
// of the shared topic and of our own are the same to us.
#include <string.h>

#include "frugal/artifact.h"
#include "node/internal.h"

static bool layout_of(const fr_node_t* node, fr_artifact_layout_t* layout) {
    return node->staging.open &&
           fr_artifact_layout(node->staging.size_bytes, node->staging.block_bytes, layout) == FR_OK;
}

static bool is_transferring(const fr_node_t* node) {
    return node->update.is_working &&
           node->state.tasks[node->update.task_index].phase == FR_PHASE_TRANSFER;
}

/// The blocks worth asking for now: those of the window, or those that come first while they are
/// not checked.
static uint64_t missing_mask(const fr_node_t* node, const fr_artifact_layout_t* layout) {
    const fr_staging_t* staging = &node->staging;
    const uint32_t end = node->update.list_is_checked ? staging->block_count : layout->first_blocks;
    uint64_t mask = 0;
    for (uint32_t i = 0; i < FR_FETCH_CREDIT_MAX && staging->base_block + i < end; ++i) {
        if ((staging->held >> i & 1u) == 0) {
            mask |= (uint64_t)1 << i;
        }
    }
    return mask;
}

static uint32_t count_bits(uint64_t mask) {
    uint32_t count = 0;
    for (; mask != 0; mask &= mask - 1u) {
        ++count;
    }
    return count;
}

static void set_timer(fr_node_t* node) {
    fr_update_t* update = &node->update;
    const uint32_t configured = node->config->fetch_timeout_ms;
    const uint64_t wait = configured != 0 ? configured : FR_FETCH_TIMEOUT_MS;
    const uint32_t doublings =
        update->quiet_fetches < FR_BACKOFF_MAX ? update->quiet_fetches : FR_BACKOFF_MAX;
    // Stragglers ask at random times, or a stampede would follow every lost shared block.
    update->deadline_ms = node->now_ms + (wait << doublings) + fr_jitter(node, wait / 2u);
}

static void ask(fr_node_t* node) {
    fr_artifact_layout_t layout;
    fr_artifact_id_t artifact;
    if (!layout_of(node, &layout) || fr_staging_artifact(&node->staging, &artifact) != FR_OK) {
        fr_update_fail(node, FR_REASON_STORAGE_FAULT, 0);
        return;
    }
    const uint64_t missing = missing_mask(node, &layout);
    const uint32_t wanted = count_bits(missing);
    const uint32_t credit =
        wanted < node->config->fetch_credit ? wanted : node->config->fetch_credit;
    const fr_fetch_t fetch = {fr_view(artifact.digest, FR_SHA256_SIZE), node->staging.base_block,
                              missing, credit};
    const size_t size = fr_fetch_encode(&fetch, node->config->arena, node->config->arena_bytes);
    if (credit != 0 && fr_publish(node, FR_UP_FETCH, size)) {
        node->counters.fetches_sent += 1;
        node->update.credit_left = credit;
    }
    set_timer(node);
}

/// All blocks of the list, or of a short artifact, are here: believes them, or starts over.
static void check_list(fr_node_t* node) {
    fr_artifact_layout_t layout;
    fr_artifact_id_t artifact;
    if (node->update.list_is_checked || !layout_of(node, &layout) ||
        fr_staging_artifact(&node->staging, &artifact) != FR_OK) {
        return;
    }
    for (uint32_t block = 0; block < layout.first_blocks; ++block) {
        if (!fr_staging_holds(&node->staging, block)) {
            return;
        }
    }
    const uint8_t* first = fr_staging_bytes(&node->staging, 0);
    const uint32_t last = layout.first_blocks - 1u;
    fr_status_t status = fr_artifact_verify_first(first, layout.first_bytes, artifact.list_digest);
    if (status == FR_OK && layout.list_bytes != 0) {
        status = fr_artifact_verify_block(
            &layout, last, fr_staging_bytes(&node->staging, last * layout.block_bytes),
            fr_artifact_block_bytes(&layout, last), first + fr_artifact_entry_offset(last));
    }
    if (status == FR_OK) {
        node->update.list_is_checked = 1;
        return;
    }
    node->update.bad_blocks += 1;
    node->counters.blocks_bad += 1;
    fr_count_storage(node, fr_staging_restart(&node->staging));
}

static void subscribe(fr_node_t* node) {
    fr_artifact_id_t artifact;
    if (node->is_connected && !node->update.is_subscribed && node->port->subscribe_shared != NULL &&
        fr_staging_artifact(&node->staging, &artifact) == FR_OK) {
        node->port->subscribe_shared(node->port->context, artifact.digest);
        node->update.is_subscribed = 1;
    }
}

void fr_transfer_start(fr_node_t* node) {
    fr_update_t* update = &node->update;
    update->credit_left = 0;
    update->quiet_fetches = 0;
    update->list_is_checked = 0;
    update->progress_ms = node->now_ms;
    update->deadline_ms = node->is_connected ? node->now_ms : FR_NEVER;
    check_list(node);
    subscribe(node);
    if (fr_staging_is_complete(&node->staging) && update->list_is_checked) {
        update->deadline_ms = node->now_ms;
    }
}

void fr_transfer_stop(fr_node_t* node) {
    fr_artifact_id_t artifact;
    if (node->update.is_subscribed && node->port->unsubscribe_shared != NULL &&
        fr_staging_artifact(&node->staging, &artifact) == FR_OK) {
        node->port->unsubscribe_shared(node->port->context, artifact.digest);
    }
    node->update.is_subscribed = 0;
}

void fr_transfer_on_link(fr_node_t* node) {
    node->update.is_subscribed = 0;
    if (!is_transferring(node)) {
        return;
    }
    if (!node->is_connected) {
        node->update.deadline_ms = fr_staging_is_complete(&node->staging) ? node->now_ms : FR_NEVER;
        return;
    }
    node->update.progress_ms = node->now_ms;
    node->update.quiet_fetches = 0;
    node->update.deadline_ms = node->now_ms + fr_jitter(node, FR_HELLO_HOLD_MS);
    subscribe(node);
}

void fr_transfer_tick(fr_node_t* node) {
    const uint32_t configured = node->config->transfer_timeout_ms;
    const uint64_t patience = configured != 0 ? configured : FR_TRANSFER_TIMEOUT_MS;
    if (!node->is_connected) {
        node->update.deadline_ms = FR_NEVER;
        return;
    }
    if (node->now_ms - node->update.progress_ms >= patience) {
        fr_update_fail(node, FR_REASON_TIMED_OUT, node->staging.base_block);
        return;
    }
    if (node->update.credit_left != 0 && node->update.quiet_fetches < UINT8_MAX) {
        node->update.quiet_fetches += 1;
    }
    ask(node);
}

/// Whether the block is the one it claims to be; those that come first are only checked as a whole.
static bool block_is_good(const fr_node_t* node, const fr_artifact_layout_t* layout,
                          const fr_chunk_t* chunk) {
    if (chunk->content.size != fr_artifact_block_bytes(layout, chunk->block)) {
        return false;
    }
    if (chunk->block < layout->first_blocks) {
        return true;
    }
    const uint8_t* entry =
        fr_staging_bytes(&node->staging, 0) + fr_artifact_entry_offset(chunk->block);
    return fr_artifact_verify_block(layout, chunk->block, chunk->content.bytes, chunk->content.size,
                                    entry) == FR_OK;
}

static void after_block(fr_node_t* node) {
    fr_update_t* update = &node->update;
    update->progress_ms = node->now_ms;
    update->quiet_fetches = 0;
    check_list(node);
    if (update->bad_blocks > FR_BAD_BLOCKS_MAX) {
        fr_update_fail(node, FR_REASON_BAD_BLOCK, update->bad_blocks);
        return;
    }
    if (fr_staging_is_complete(&node->staging) && update->list_is_checked) {
        update->deadline_ms = node->now_ms;
    } else if (update->credit_left == 0 || !node->is_connected) {
        ask(node);
    } else {
        set_timer(node);
    }
}

static void keep_block(fr_node_t* node, const fr_artifact_layout_t* layout,
                       const fr_chunk_t* chunk) {
    if (!block_is_good(node, layout, chunk)) {
        node->counters.blocks_bad += 1;
        node->update.bad_blocks += 1;
        if (node->update.bad_blocks > FR_BAD_BLOCKS_MAX) {
            fr_update_fail(node, FR_REASON_BAD_BLOCK, node->update.bad_blocks);
        }
        return;
    }
    const fr_status_t status =
        fr_staging_write(&node->staging, chunk->block, chunk->content.bytes, chunk->content.size);
    if (status == FR_ERROR_STATE) {
        node->counters.blocks_duplicate += 1;  // or beyond the window: it will be asked for
        return;
    }
    if (status != FR_OK) {
        fr_count_storage(node, status);
        fr_update_fail(node, FR_REASON_STORAGE_FAULT, chunk->block);
        return;
    }
    node->counters.blocks_received += 1;
    if (node->update.credit_left != 0) {
        node->update.credit_left -= 1;
    }
    after_block(node);
}

void fr_transfer_on_chunk(fr_node_t* node, const fr_chunk_t* chunk) {
    fr_artifact_layout_t layout;
    fr_artifact_id_t artifact;
    if (!is_transferring(node) || !layout_of(node, &layout) ||
        fr_staging_artifact(&node->staging, &artifact) != FR_OK ||
        !fr_views_equal(&chunk->artifact, artifact.digest, FR_SHA256_SIZE)) {
        return;
    }
    node->counters.block_bytes_received += chunk->content.size;
    if (chunk->block >= layout.block_count) {
        node->counters.messages_rejected += 1;
        return;
    }
    if (fr_staging_holds(&node->staging, chunk->block)) {
        node->counters.blocks_duplicate += 1;
        return;
    }
    if (!node->update.list_is_checked && chunk->block >= layout.first_blocks) {
        return;  // cannot be checked yet
    }
    keep_block(node, &layout, chunk);
}
