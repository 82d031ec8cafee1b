// SPDX-License-Identifier: Apache-2.0
#include "frugal/wire.h"
#include "wire/reader.h"

#define SCALAR(type, member, number, kind, most) \
    { number, kind, (uint16_t)offsetof(type, member), most, 0, 0 }
#define TABLE(type, fields) \
    { fields, (uint16_t)(sizeof(fields) / sizeof((fields)[0])), (uint16_t)sizeof(type) }

static const fr_field_t kSignedFields[] = {
    SCALAR(fr_signed_t, content, 1, FR_FIELD_CONTENT, FR_MANIFEST_SIZE_MAX),
    SCALAR(fr_signed_t, signature, 2, FR_FIELD_BYTES, FR_SIGNATURE_SIZE),
    SCALAR(fr_signed_t, key_id, 3, FR_FIELD_FIXED32, 0),
};
static const fr_message_table_t kSigned = TABLE(fr_signed_t, kSignedFields);

static const fr_field_t kArtifactFields[] = {
    SCALAR(fr_artifact_offer_t, digest, 1, FR_FIELD_BYTES, FR_SHA256_SIZE),
    SCALAR(fr_artifact_offer_t, size_bytes, 2, FR_FIELD_UINT32, 0),
    SCALAR(fr_artifact_offer_t, block_bytes, 3, FR_FIELD_UINT32, FR_BLOCK_SIZE_MAX),
    SCALAR(fr_artifact_offer_t, list_digest, 4, FR_FIELD_BYTES, FR_SHA256_SIZE),
    SCALAR(fr_artifact_offer_t, base_digest, 5, FR_FIELD_BYTES, FR_SHA256_SIZE),
    SCALAR(fr_artifact_offer_t, decoder_profile, 6, FR_FIELD_UINT32, 31),
    SCALAR(fr_artifact_offer_t, decoder_ram_bytes, 7, FR_FIELD_UINT32, 0),
    SCALAR(fr_artifact_offer_t, base_lag_bytes, 8, FR_FIELD_UINT32, 0),
};
static const fr_message_table_t kArtifact = TABLE(fr_artifact_offer_t, kArtifactFields);

static const fr_field_t kTaskFields[] = {
    SCALAR(fr_task_desired_t, task, 1, FR_FIELD_UINT32, 0),
    {2, FR_FIELD_MESSAGE, (uint16_t)offsetof(fr_task_desired_t, manifest), 0, 0, &kSigned},
    {3, FR_FIELD_MESSAGE, (uint16_t)offsetof(fr_task_desired_t, artifact), 0, 0, &kArtifact},
    {4, FR_FIELD_MESSAGE, (uint16_t)offsetof(fr_task_desired_t, policy), 0, 0, &kSigned},
    SCALAR(fr_task_desired_t, minimum_battery_half_percent, 5, FR_FIELD_UINT32, 200),
    SCALAR(fr_task_desired_t, not_before_ticks, 6, FR_FIELD_UINT32, 0),
    {7, FR_FIELD_MESSAGE, (uint16_t)offsetof(fr_task_desired_t, shadow), 0, 0, &kSigned},
};
static const fr_message_table_t kTask = TABLE(fr_task_desired_t, kTaskFields);

static const fr_field_t kDesiredFields[] = {
    SCALAR(fr_desired_t, fencing_epoch, 1, FR_FIELD_UINT64, 0),
    SCALAR(fr_desired_t, version, 2, FR_FIELD_UINT32, 0),
    {3, FR_FIELD_MESSAGES, (uint16_t)offsetof(fr_desired_t, tasks), FR_TASKS_MAX,
     (uint16_t)offsetof(fr_desired_t, task_count), &kTask},
};
static const fr_message_table_t kDesired = TABLE(fr_desired_t, kDesiredFields);

static const fr_field_t kChunkFields[] = {
    SCALAR(fr_chunk_t, artifact, 1, FR_FIELD_BYTES, FR_SHA256_SIZE),
    SCALAR(fr_chunk_t, block, 2, FR_FIELD_UINT32, 0),
    SCALAR(fr_chunk_t, content, 3, FR_FIELD_CONTENT, FR_BLOCK_SIZE_MAX),
};
static const fr_message_table_t kChunk = TABLE(fr_chunk_t, kChunkFields);

static const fr_field_t kTaskPriceFields[] = {
    SCALAR(fr_task_price_t, task, 1, FR_FIELD_UINT32, 0),
    SCALAR(fr_task_price_t, price, 2, FR_FIELD_UINT32, 255),
};
static const fr_message_table_t kTaskPrice = TABLE(fr_task_price_t, kTaskPriceFields);

static const fr_field_t kAckFields[] = {
    SCALAR(fr_ack_t, stream, 1, FR_FIELD_FIXED64, 0),
    SCALAR(fr_ack_t, next_sequence, 2, FR_FIELD_UINT64, 0),
    SCALAR(fr_ack_t, fencing_epoch, 3, FR_FIELD_UINT64, 0),
    SCALAR(fr_ack_t, price, 4, FR_FIELD_UINT32, 255),
    SCALAR(fr_ack_t, load, 5, FR_FIELD_UINT32, 255),
    SCALAR(fr_ack_t, credit, 6, FR_FIELD_UINT32, FR_DECISION_WINDOW),
    {7, FR_FIELD_MESSAGES, (uint16_t)offsetof(fr_ack_t, dearer), FR_TASKS_MAX,
     (uint16_t)offsetof(fr_ack_t, dearer_count), &kTaskPrice},
};
static const fr_message_table_t kAck = TABLE(fr_ack_t, kAckFields);

typedef struct {
    uint32_t status;
    uint32_t tier;
    fr_verdict_t verdict;
} verdict_fields_t;

static const fr_field_t kVerdictFields[] = {
    SCALAR(verdict_fields_t, verdict.stream, 1, FR_FIELD_FIXED64, 0),
    SCALAR(verdict_fields_t, verdict.sequence, 2, FR_FIELD_UINT64, 0),
    SCALAR(verdict_fields_t, status, 3, FR_FIELD_UINT32, FR_VERDICT_REFUSED),
    SCALAR(verdict_fields_t, verdict.class_id, 4, FR_FIELD_UINT32, FR_CLASSES_MAX - 1u),
    SCALAR(verdict_fields_t, verdict.confidence_q8, 5, FR_FIELD_UINT32, 255),
    SCALAR(verdict_fields_t, tier, 6, FR_FIELD_UINT32, FR_TIER_CLOUD),
    SCALAR(verdict_fields_t, verdict.price, 7, FR_FIELD_UINT32, 255),
    SCALAR(verdict_fields_t, verdict.load, 8, FR_FIELD_UINT32, 255),
    SCALAR(verdict_fields_t, verdict.retry_after_ms, 9, FR_FIELD_UINT32, 0),
    SCALAR(verdict_fields_t, verdict.edge_model, 10, FR_FIELD_FIXED32, 0),
};
static const fr_message_table_t kVerdict = TABLE(verdict_fields_t, kVerdictFields);

typedef struct {
    uint32_t kind;
} probe_fields_t;

static const fr_field_t kProbeFields[] = {
    SCALAR(probe_fields_t, kind, 1, FR_FIELD_UINT32, FR_PROBE_HEALTH),
};
static const fr_message_table_t kProbe = TABLE(probe_fields_t, kProbeFields);

/// A blob is there with content and signature, or not at all.
static bool signed_is_whole(const fr_signed_t* blob, uint32_t content_max) {
    return (blob->content.size != 0) == (blob->signature.size != 0) &&
           blob->content.size <= content_max;
}

static bool artifact_is_whole(const fr_artifact_offer_t* offer) {
    if (offer->digest.size == 0) {
        return offer->size_bytes == 0 && offer->block_bytes == 0 && offer->list_digest.size == 0 &&
               offer->base_digest.size == 0 && offer->decoder_profile == 0 &&
               offer->decoder_ram_bytes == 0 && offer->base_lag_bytes == 0;
    }
    return offer->size_bytes != 0 && offer->block_bytes != 0 && offer->list_digest.size != 0 &&
           (offer->base_digest.size != 0 || offer->base_lag_bytes == 0);
}

fr_status_t fr_desired_decode(fr_desired_t* desired, const uint8_t* payload, size_t size) {
    const fr_status_t status = fr_read_message(&kDesired, desired, payload, size);
    if (status != FR_OK) {
        return status;
    }
    for (uint32_t i = 0; i < desired->task_count; ++i) {
        const fr_task_desired_t* task = &desired->tasks[i];
        if (!signed_is_whole(&task->manifest, FR_MANIFEST_SIZE_MAX) ||
            !signed_is_whole(&task->policy, FR_POLICY_SIZE_MAX) ||
            !signed_is_whole(&task->shadow, FR_POLICY_SIZE_MAX) ||
            !artifact_is_whole(&task->artifact) ||
            (i != 0 && task->task <= desired->tasks[i - 1].task)) {
            return FR_ERROR_MALFORMED;
        }
    }
    return FR_OK;
}

fr_status_t fr_chunk_decode(fr_chunk_t* chunk, const uint8_t* payload, size_t size) {
    const fr_status_t status = fr_read_message(&kChunk, chunk, payload, size);
    if (status != FR_OK) {
        return status;
    }
    return chunk->artifact.size != 0 && chunk->content.size != 0 ? FR_OK : FR_ERROR_MALFORMED;
}

fr_status_t fr_ack_decode(fr_ack_t* ack, const uint8_t* payload, size_t size) {
    const fr_status_t status = fr_read_message(&kAck, ack, payload, size);
    if (status != FR_OK) {
        return status;
    }
    for (uint32_t i = 0; i < ack->dearer_count; ++i) {
        if (ack->dearer[i].price <= ack->price ||
            (i != 0 && ack->dearer[i].task <= ack->dearer[i - 1].task)) {
            return FR_ERROR_MALFORMED;
        }
    }
    return FR_OK;
}

fr_status_t fr_verdict_decode(fr_verdict_t* verdict, const uint8_t* payload, size_t size) {
    verdict_fields_t fields;
    const fr_status_t status = fr_read_message(&kVerdict, &fields, payload, size);
    if (status != FR_OK) {
        return status;
    }
    *verdict = fields.verdict;
    verdict->status = (fr_verdict_status_t)fields.status;
    verdict->tier = (fr_tier_t)fields.tier;
    return fields.status != FR_VERDICT_UNSPECIFIED ? FR_OK : FR_ERROR_MALFORMED;
}

fr_status_t fr_probe_decode(fr_probe_kind_t* kind, const uint8_t* payload, size_t size) {
    probe_fields_t fields;
    const fr_status_t status = fr_read_message(&kProbe, &fields, payload, size);
    *kind = status == FR_OK ? (fr_probe_kind_t)fields.kind : FR_PROBE_UNSPECIFIED;
    return status;
}
