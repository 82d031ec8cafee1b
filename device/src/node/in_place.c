// SPDX-License-Identifier: Apache-2.0
// The only slot of a task: given up when everything the new model is made of is on the device and
// would be found again by a boot, then overwritten with it. A delta rewrites it page by page
// (frugal/rewrite.h); a checkpoint holds the decoder as it stands, so a cut costs at most the page
// being written. From the moment the slot is given up until the self-test has passed the task runs
// no model; if that fails it stays so until another model comes, unless nothing was overwritten.
#include <string.h>

#include "frugal/artifact.h"
#include "frugal/codec.h"
#include "frugal/rewrite.h"
#include "node/internal.h"

/// What a checkpoint holds; the decoder's memory lies behind it.
typedef struct {
    uint32_t base_bytes;
    uint32_t position;  // of the payload's next byte
    fr_decoder_t decoder;
} work_t;

typedef struct {
    fr_node_t* node;
    uint8_t base_digest[FR_SHA256_SIZE];  // a copy: the records move as the work goes on
    fr_rewrite_t rewrite;
    work_t* work;  // in the arena
    uint32_t work_bytes;
    const uint8_t* slot;
    fr_view_t payload;
    fr_codec_header_t header;  // of the payload
    fr_decoder_config_t config;
    bool has_strayed;  // out of the base: no fault of the flash, as the decoder must take it
} job_t;

static uint32_t state_bytes(const fr_node_config_t* config) {
    uint32_t memory = 0;
    for (uint32_t i = 0; config->profiles != NULL && i < config->profiles->profile_count; ++i) {
        const uint32_t one = fr_profile_memory_bytes(config->profiles->profiles[i]);
        memory = one > memory ? one : memory;
    }
    return (uint32_t)sizeof(work_t) + memory;
}

static bool holds_base(const job_t* job, uint32_t* base_bytes) {
    const fr_view_t digest = fr_view(job->base_digest, FR_SHA256_SIZE);
    return fr_slot_holds_base(job->node, job->node->update.task_index, 0, &digest, base_bytes);
}

static fr_status_t read_output(void* context, uint32_t offset, uint8_t* out, uint32_t size) {
    const job_t* job = context;
    return fr_rewrite_read(&job->rewrite, offset, out, size);
}

/// Only what is there and not overwritten: an offer may lie about how far back its delta reads.
static fr_status_t read_base(void* context, uint32_t offset, uint8_t* out, uint32_t size) {
    job_t* job = context;
    const uint32_t end = job->work->base_bytes;
    if (offset < fr_rewrite_floor(&job->rewrite) || size > end || offset > end - size) {
        job->has_strayed = true;
        return FR_ERROR_ARGUMENT;
    }
    memcpy(out, job->slot + offset, size);
    return FR_OK;
}

/// The decoder and its memory in one piece, as a checkpoint keeps them.
static fr_status_t place_work(job_t* job, uint32_t decoded_size) {
    const fr_node_config_t* config = job->node->config;
    const fr_profile_t* profile = fr_profile_find(config->profiles, job->header.profile);
    if (profile == NULL) {
        return FR_ERROR_UNSUPPORTED;
    }
    const uint32_t memory_bytes = fr_profile_memory_bytes(profile);
    uint32_t left = 0;
    job->work = (work_t*)(void*)fr_aligned_arena(job->node, &left);
    job->work_bytes = (uint32_t)sizeof(work_t) + memory_bytes;
    if (job->work_bytes > left) {
        return FR_ERROR_NO_SPACE;
    }
    job->config.decoded_size_max = decoded_size;
    job->config.read_output = read_output;
    job->config.context = job;
    job->config.memory = job->work + 1;
    job->config.memory_bytes = memory_bytes;
    job->config.read_base = read_base;
    job->config.base_digest = job->base_digest;
    job->config.profiles = config->profiles;
    return FR_OK;
}

static bool names_base(const fr_view_t* payload, const fr_view_t* base_digest) {
    return payload->size >= FR_CODEC_HEADER_SIZE_MAX &&
           memcmp(payload->bytes + FR_CODEC_HEADER_SIZE, base_digest->bytes,
                  FR_CODEC_BASE_DIGEST_SIZE) == 0;
}

/// The payload begins as offer and manifest say, and there is memory for its decoder.
static fr_status_t begin_job(job_t* job, fr_node_t* node, const fr_manifest_t* manifest,
                             const fr_offer_t* offer) {
    fr_codec_fault_t fault;
    memset(job, 0, sizeof *job);
    job->node = node;
    if (offer->base_digest.size == FR_SHA256_SIZE) {
        memcpy(job->base_digest, offer->base_digest.bytes, FR_SHA256_SIZE);
    }
    job->slot = fr_slot_bytes(&node->port->flash, &node->layout, node->update.task_index, 0);
    fr_status_t status = fr_staged_payload(node, &job->payload);
    if (status == FR_OK) {
        status = fr_codec_read_header(job->payload.bytes, job->payload.size, manifest->model_bytes,
                                      &job->header, &fault);
    }
    if (status != FR_OK) {
        return status;
    }
    if (job->header.decoded_size != manifest->model_bytes ||
        job->header.stream_size != job->payload.size ||
        job->header.profile != offer->decoder_profile ||
        job->header.has_base != (offer->base_digest.size != 0) ||
        (job->header.has_base && !names_base(&job->payload, &offer->base_digest))) {
        return FR_ERROR_MALFORMED;
    }
    return place_work(job, manifest->model_bytes);
}

/// Nothing may be missing once the slot is given up: what is staged is the whole artifact, as it
/// was fetched, and the next boot would find it.
static fr_status_t check_staging(fr_node_t* node, const fr_offer_t* offer) {
    const fr_status_t status = fr_staging_secure(&node->staging, &node->layout);
    return status == FR_OK ? fr_check_digest(node, fr_staging_bytes(&node->staging, 0),
                                             node->staging.size_bytes, &offer->digest)
                           : status;
}

/// Old checkpoints go first: one that counts is of this work.
static fr_status_t check_and_clear(fr_node_t* node, const fr_manifest_t* manifest,
                                   const fr_offer_t* offer) {
    job_t job;
    uint32_t base_bytes = 0;
    fr_status_t status = check_staging(node, offer);
    if (status == FR_OK) {
        status = begin_job(&job, node, manifest, offer);
    }
    if (status != FR_OK || offer->base_digest.size == 0) {
        return status;
    }
    if (!holds_base(&job, &base_bytes)) {
        return FR_ERROR_NOT_FOUND;
    }
    status = fr_rewrite_forget(&node->port->flash, &node->layout);
    fr_feed_watchdog(node);
    return status;
}

/// From here on the task has no model.
static fr_status_t give_up(fr_node_t* node, const fr_manifest_t* manifest,
                           const fr_offer_t* offer) {
    fr_task_state_t* state = &node->state.tasks[node->update.task_index];
    if (state->is_rewriting) {
        return FR_OK;
    }
    fr_status_t status = check_and_clear(node, manifest, offer);
    if (status != FR_OK) {
        return status;
    }
    const fr_task_state_t before = *state;
    state->active = -1;
    state->confirmed = -1;
    state->verified = 0;
    state->is_superseded = 0;
    state->boot_attempts = 0;
    state->is_rewriting = 1;
    status = fr_state_save(node);
    if (status != FR_OK) {
        *state = before;
        return status;
    }
    memset(&node->tasks[node->update.task_index].loaded, 0, sizeof(fr_loaded_t));
    return FR_OK;
}

static bool headers_equal(const fr_codec_header_t* one, const fr_codec_header_t* other) {
    return one->profile == other->profile && one->has_base == other->has_base &&
           one->decoded_size == other->decoded_size && one->stream_size == other->stream_size;
}

/// A decoder that stands where payload and slot do.
static bool work_matches(const job_t* job) {
    const work_t* work = job->work;
    const fr_decoder_t* decoder = &work->decoder;
    return headers_equal(&decoder->header, &job->header) && work->position == decoder->received &&
           work->position <= job->payload.size &&
           decoder->produced - decoder->pending_count == fr_rewrite_committed(&job->rewrite);
}

/// Starts with an intact base, or goes on from the newest checkpoint. What it holds is believed no
/// farther than it can be checked; half a base is none.
static fr_status_t start(job_t* job) {
    work_t* work = job->work;
    if (job->rewrite.pages_done == 0) {
        // What another firmware left there it must not find good again.
        const fr_status_t status = fr_rewrite_forget(&job->node->port->flash, &job->node->layout);
        if (status != FR_OK) {
            return status;
        }
        memset(work, 0, job->work_bytes);
        if (!holds_base(job, &work->base_bytes)) {
            return FR_ERROR_NOT_FOUND;
        }
        job->config.base_size = work->base_bytes;
        return fr_decoder_init(&work->decoder, &job->config);
    }
    if (job->rewrite.state_bytes != job->work_bytes) {
        return FR_ERROR_NOT_FOUND;
    }
    memcpy(work, fr_rewrite_state(&job->rewrite), job->work_bytes);
    job->config.base_size = work->base_bytes;
    return work->base_bytes <= job->node->layout.slot_bytes &&
                   fr_decoder_resume(&work->decoder, &job->config) == FR_OK && work_matches(job)
               ? FR_OK
               : FR_ERROR_NOT_FOUND;
}

/// Gives the decoder more of the payload. @return FR_ERROR_TRUNCATED when there is no more.
static fr_status_t feed(job_t* job) {
    work_t* work = job->work;
    size_t taken = 0;
    const uint32_t left = job->payload.size - work->position;
    const fr_status_t status =
        fr_decoder_sink(&work->decoder, job->payload.bytes + work->position,
                        left < FR_PIECE_BYTES ? left : FR_PIECE_BYTES, &taken);
    work->position += (uint32_t)taken;
    return status == FR_OK && taken == 0 ? FR_ERROR_TRUNCATED : status;
}

static fr_status_t fill_page(job_t* job) {
    uint8_t piece[FR_PIECE_BYTES];
    uint32_t fed = fr_rewrite_room(&job->rewrite);
    fr_status_t status = FR_OK;
    while (status == FR_OK && fr_rewrite_room(&job->rewrite) != 0) {
        const uint32_t room = fr_rewrite_room(&job->rewrite);
        const uint32_t size = room < FR_PIECE_BYTES ? room : FR_PIECE_BYTES;
        size_t produced = 0;
        status = fr_decoder_poll(&job->work->decoder, piece, size, &produced);
        if (status == FR_OK && produced != 0) {
            status = fr_rewrite_add(&job->rewrite, piece, (uint32_t)produced);
        }
        if (status == FR_OK && produced < size) {
            status = feed(job);
        }
        if (fed - room >= FR_WATCHDOG_BYTES) {
            fed = room;
            fr_feed_watchdog(job->node);
        }
    }
    return status;
}

/// The payload must end where the model does.
static fr_status_t end_stream(job_t* job) {
    uint8_t none = 0;
    size_t produced = 0;
    fr_status_t status = FR_OK;
    while (status == FR_OK && job->work->position < job->payload.size) {
        status = feed(job);
        if (status == FR_OK) {
            status = fr_decoder_poll(&job->work->decoder, &none, 0, &produced);
        }
    }
    return status == FR_OK ? fr_decoder_finish(&job->work->decoder) : status;
}

/// Boots are counted that bring no page. The records may move.
static fr_status_t note_progress(const job_t* job) {
    fr_task_state_t* state = &job->node->state.tasks[job->node->update.task_index];
    if (state->boot_attempts == 0) {
        return FR_OK;
    }
    state->boot_attempts = 0;
    return fr_state_save(job->node);
}

static fr_status_t rewrite_page(job_t* job) {
    work_t* work = job->work;
    fr_status_t status = fill_page(job);
    if (status == FR_OK && fr_rewrite_is_last_page(&job->rewrite)) {
        status = end_stream(job);
    }
    if (status != FR_OK) {
        return job->has_strayed ? FR_ERROR_DIGEST : status;
    }
    fr_decoder_suspend(&work->decoder);
    status = fr_rewrite_commit(&job->rewrite, (const uint8_t*)work, job->work_bytes);
    fr_feed_watchdog(job->node);
    if (status == FR_OK) {
        status = note_progress(job);
    }
    return status == FR_OK ? fr_decoder_resume(&work->decoder, &job->config) : status;
}

/// What is only in scratch goes to the slot.
static fr_status_t finish(job_t* job) {
    fr_status_t status = FR_OK;
    while (status == FR_OK && !fr_rewrite_is_finished(&job->rewrite)) {
        status = fr_rewrite_finish(&job->rewrite);
        fr_feed_watchdog(job->node);
        if (status == FR_OK) {
            status = note_progress(job);
        }
    }
    return status;
}

static fr_status_t rewrite(fr_node_t* node, const fr_manifest_t* manifest,
                           const fr_offer_t* offer) {
    job_t job;
    fr_status_t status = begin_job(&job, node, manifest, offer);
    const fr_rewrite_id_t id = {node->update.task_index, fr_digest_tag(offer->digest.bytes),
                                fr_decoder_form(), manifest->model_bytes};
    if (status == FR_OK) {
        status = fr_rewrite_open(&job.rewrite, &node->port->flash, &node->layout, &id);
    }
    if (status != FR_OK) {
        return status;
    }
    status = start(&job);
    while (status == FR_OK && !fr_rewrite_is_complete(&job.rewrite)) {
        status = rewrite_page(&job);
    }
    if (status == FR_OK) {
        status = finish(&job);
    }
    return status;
}

const fr_in_place_t fr_in_place = {state_bytes, give_up, rewrite};
