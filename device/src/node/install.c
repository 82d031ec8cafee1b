// SPDX-License-Identifier: Apache-2.0
// Staging to slot: decodes into the free slot, then believes only what it reads back from flash.
// The confirmed slot and the running slot are never written; that is checked here once more. A
// device with one slot gives it up first (in_place.c).
#include <string.h>

#include "frugal/artifact.h"
#include "frugal/codec.h"
#include "node/internal.h"

typedef struct {
    fr_slot_writer_t writer;
    const uint8_t* base;  // what runs, for a delta
    uint32_t fed;         // bytes written when the watchdog was last fed
} sink_t;

/// Bytes the decoder wants to see again.
static fr_status_t read_back(void* context, uint32_t offset, uint8_t* out, uint32_t size) {
    const sink_t* sink = context;
    return fr_slot_writer_read(&sink->writer, offset, out, size);
}

static fr_status_t read_base(void* context, uint32_t offset, uint8_t* out, uint32_t size) {
    const sink_t* sink = context;
    memcpy(out, sink->base + offset, size);
    return FR_OK;
}

/// A few bytes of a delta can stand for a whole model, so the watchdog counts what is written.
static fr_status_t drain(const fr_node_t* node, fr_decoder_t* decoder, sink_t* sink) {
    uint8_t piece[FR_PIECE_BYTES];
    size_t produced = sizeof piece;
    fr_status_t status = FR_OK;
    while (status == FR_OK && produced == sizeof piece) {
        status = fr_decoder_poll(decoder, piece, sizeof piece, &produced);
        if (status == FR_OK || produced != 0) {
            const fr_status_t added = fr_slot_writer_add(&sink->writer, piece, (uint32_t)produced);
            status = status == FR_OK ? added : status;
        }
        if (sink->writer.written - sink->fed >= FR_WATCHDOG_BYTES) {
            sink->fed = sink->writer.written;
            fr_feed_watchdog(node);
        }
    }
    return status;
}

static fr_status_t decode(fr_node_t* node, fr_decoder_t* decoder, sink_t* sink,
                          const fr_view_t* payload) {
    uint32_t position = 0;
    fr_status_t status = FR_OK;
    while (status == FR_OK && position < payload->size) {
        size_t taken = 0;
        const uint32_t left = payload->size - position;
        const uint32_t size = left < FR_PIECE_BYTES ? left : FR_PIECE_BYTES;
        status = fr_decoder_sink(decoder, payload->bytes + position, size, &taken);
        const uint32_t before = sink->writer.written;
        if (status == FR_OK) {
            status = drain(node, decoder, sink);
        }
        if (status == FR_OK && taken == 0 && sink->writer.written == before) {
            return FR_ERROR_MALFORMED;
        }
        position += (uint32_t)taken;
    }
    return status == FR_OK ? fr_decoder_finish(decoder) : status;
}

/// A word-aligned decoder at the front of the arena; its models get what is left.
static fr_decoder_t* place_decoder(const fr_node_t* node, fr_decoder_config_t* config) {
    const uint32_t size = (uint32_t)((sizeof(fr_decoder_t) + 7u) & ~(size_t)7u);
    uint32_t left = 0;
    uint8_t* place = fr_aligned_arena(node, &left);
    if (size > left) {
        return NULL;
    }
    config->memory = place + size;
    config->memory_bytes = left - size;
    return (fr_decoder_t*)(void*)place;
}

/// Gives the decoder the running model, which the delta must have been made against.
static fr_status_t lend_base(const fr_node_t* node, const fr_offer_t* offer, sink_t* sink,
                             fr_decoder_config_t* config) {
    const uint32_t task_index = node->update.task_index;
    const int8_t active = node->state.tasks[task_index].active;
    if (offer->base_digest.size == 0) {
        return FR_OK;
    }
    if (active < 0 || !fr_slot_is_verified(node, task_index, (uint32_t)active) ||
        !fr_slot_holds_base(node, task_index, (uint32_t)active, &offer->base_digest,
                            &config->base_size)) {
        return FR_ERROR_NOT_FOUND;  // a damaged base is none
    }
    sink->base = fr_slot_bytes(&node->port->flash, &node->layout, task_index, (uint32_t)active);
    config->read_base = read_base;
    config->base_digest = offer->base_digest.bytes;
    return FR_OK;
}

fr_status_t fr_staged_payload(const fr_node_t* node, fr_view_t* payload) {
    fr_artifact_layout_t layout;
    const fr_status_t status =
        fr_artifact_layout(node->staging.size_bytes, node->staging.block_bytes, &layout);
    if (status == FR_OK) {
        *payload =
            fr_view(fr_staging_bytes(&node->staging, layout.list_bytes), layout.payload_bytes);
    }
    return status;
}

static fr_status_t write_slot(fr_node_t* node, const fr_manifest_t* manifest,
                              const fr_offer_t* offer) {
    const uint32_t task_index = node->update.task_index;
    const uint32_t slot = node->update.slot;
    fr_view_t payload;
    sink_t sink = {0};
    fr_decoder_config_t config = {.decoded_size_max = manifest->model_bytes,
                                  .read_output = read_back,
                                  .context = &sink,
                                  .profiles = node->config->profiles};
    fr_decoder_t* decoder = place_decoder(node, &config);
    if (decoder == NULL) {
        return FR_ERROR_NO_SPACE;
    }
    fr_status_t status = fr_staged_payload(node, &payload);
    if (status == FR_OK) {
        status = lend_base(node, offer, &sink, &config);
    }
    if (status != FR_OK) {
        return status;
    }
    status = fr_decoder_init(decoder, &config);
    if (status == FR_OK) {
        status = fr_slot_writer_begin(&sink.writer, &node->port->flash, &node->layout, task_index,
                                      slot, manifest->model_bytes);
    }
    if (status != FR_OK) {
        return status;
    }
    status = decode(node, decoder, &sink, &payload);
    return status == FR_OK ? fr_slot_writer_finish(&sink.writer) : status;
}

/// The model in the slot fits this device and this task.
static fr_reason_t judge_model(fr_node_t* node, const fr_manifest_t* manifest, uint32_t* detail) {
    fr_slot_model_t model;
    const uint32_t task_index = node->update.task_index;
    const uint8_t* bytes =
        fr_slot_bytes(&node->port->flash, &node->layout, task_index, node->update.slot);
    if (fr_slot_model_open(node, &model, bytes, manifest->model_bytes, detail) != FR_OK) {
        return FR_REASON_UNFIT_OPS;
    }
    return fr_slot_model_judge(node, &model, &node->config->tasks[task_index], detail);
}

static fr_reason_t reason_of(fr_status_t status) {
    switch (status) {
        case FR_OK:
            return FR_REASON_NONE;
        case FR_ERROR_STORAGE:
            return FR_REASON_STORAGE_FAULT;
        case FR_ERROR_NO_SPACE:
            return FR_REASON_NO_SPACE;
        case FR_ERROR_UNSUPPORTED:
            return FR_REASON_UNFIT_RUNTIME;
        case FR_ERROR_NOT_FOUND:
            return FR_REASON_BASE_MISSING;
        default:
            return FR_REASON_BAD_DIGEST;
    }
}

static fr_status_t forget_slot(fr_node_t* node) {
    fr_task_state_t* state = &node->state.tasks[node->update.task_index];
    const uint8_t verified = (uint8_t)(state->verified & ~(1u << node->update.slot));
    if (verified == state->verified) {
        return FR_OK;
    }
    state->verified = verified;
    return fr_state_save(node);
}

/// Manifest and policy go to the slot; then the slot counts as verified.
static fr_status_t adopt_slot(fr_node_t* node) {
    const uint32_t task_index = node->update.task_index;
    const uint32_t slot = node->update.slot;
    fr_offer_t offer;
    fr_status_t status = fr_offer_load(node, &offer);
    if (status == FR_OK) {
        status = fr_blob_save(node, fr_record_manifest(task_index, slot), &offer.manifest,
                              &offer.manifest_signature);
    }
    if (status == FR_OK) {
        status = fr_offer_load(node, &offer);
    }
    if (status == FR_OK) {
        status = fr_blob_save(node, fr_record_policy(task_index, slot), &offer.policy,
                              &offer.policy_signature);
    }
    if (status == FR_OK) {
        node->state.tasks[task_index].verified |= (uint8_t)(1u << slot);
        node->state.tasks[task_index].is_rewriting = 0;
        status = fr_state_save(node);
    }
    return status;
}

/// Makes the slot free to be written. The records may move.
static fr_status_t free_slot(fr_node_t* node) {
    fr_offer_t offer;
    fr_manifest_t manifest;
    if (!fr_has_one_slot(node)) {
        return forget_slot(node);
    }
    const fr_status_t status = fr_offer_load_manifest(node, &offer, &manifest);
    return status == FR_OK ? node->config->in_place->give_up(node, &manifest, &offer) : status;
}

fr_reason_t fr_install(fr_node_t* node, uint32_t* detail) {
    const fr_task_state_t* state = &node->state.tasks[node->update.task_index];
    const int8_t slot = (int8_t)node->update.slot;
    fr_offer_t offer;
    fr_manifest_t manifest;
    if (!fr_has_one_slot(node) && (slot == state->active || slot == state->confirmed)) {
        node->counters.internal_errors += 1;
        return FR_REASON_NO_SLOT;
    }
    fr_status_t status = free_slot(node);
    if (status == FR_OK) {
        status = fr_offer_load_manifest(node, &offer, &manifest);
    }
    if (status == FR_OK) {
        const bool is_in_place = fr_has_one_slot(node) && offer.base_digest.size != 0;
        status = is_in_place ? node->config->in_place->rewrite(node, &manifest, &offer)
                             : write_slot(node, &manifest, &offer);
    }
    if (status == FR_OK) {
        status = fr_offer_load_manifest(node, &offer, &manifest);
    }
    if (status == FR_OK) {
        status = fr_slot_check_digest(node, node->update.task_index, node->update.slot, &manifest);
    }
    if (status != FR_OK) {
        return reason_of(status);
    }
    const fr_reason_t reason = judge_model(node, &manifest, detail);
    if (reason != FR_REASON_NONE) {
        return reason;
    }
    return reason_of(adopt_slot(node));
}
