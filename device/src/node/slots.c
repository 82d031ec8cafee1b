// SPDX-License-Identifier: Apache-2.0
// What is in a slot, whether its signature and digest hold, and the model that is loaded from it.
#include <string.h>

#include "frugal/rewrite.h"
#include "frugal/sha256.h"
#include "node/internal.h"

bool fr_signature_holds(const fr_node_t* node, const uint8_t* public_key, const fr_view_t* content,
                        const fr_view_t* signature) {
    uint8_t digest[FR_SHA256_SIZE];
    if (content->size == 0 || signature->size != FR_SIGNATURE_SIZE) {
        return false;
    }
    fr_sha256(content->bytes, content->size, digest);
    return node->port->verify_es256(node->port->context, public_key, digest, signature->bytes);
}

uint32_t fr_base_reach(const fr_node_t* node) {
    return fr_has_one_slot(node)
               ? (node->layout.scratch_pages - FR_REWRITE_AHEAD_PAGES) * node->layout.page_bytes
               : 0;
}

bool fr_slot_is_verified(const fr_node_t* node, uint32_t task_index, uint32_t slot) {
    return ((uint32_t)node->state.tasks[task_index].verified >> slot & 1u) != 0;
}

fr_status_t fr_slot_manifest(const fr_node_t* node, uint32_t task_index, uint32_t slot,
                             fr_manifest_t* manifest) {
    fr_view_t content;
    fr_view_t signature;
    fr_blob_load(node, fr_record_manifest(task_index, slot), &content, &signature);
    if (content.size == 0) {
        return FR_ERROR_NOT_FOUND;
    }
    return fr_manifest_decode(manifest, content.bytes, content.size);
}

bool fr_slot_has_manifest(const fr_node_t* node, uint32_t task_index, int8_t slot,
                          const fr_view_t* content) {
    fr_view_t held;
    fr_view_t signature;
    if (slot < 0) {
        return false;
    }
    fr_blob_load(node, fr_record_manifest(task_index, (uint32_t)slot), &held, &signature);
    return held.size != 0 && fr_views_equal(content, held.bytes, held.size);
}

bool fr_slot_holds_model(const fr_node_t* node, uint32_t task_index, uint32_t slot,
                         const fr_view_t* digest) {
    fr_manifest_t held;
    return fr_slot_is_verified(node, task_index, slot) &&
           fr_slot_manifest(node, task_index, slot, &held) == FR_OK &&
           fr_views_equal(&held.model_digest, digest->bytes, digest->size);
}

bool fr_slot_holds(const fr_node_t* node, uint32_t task_index, uint32_t slot,
                   const fr_manifest_t* manifest) {
    return fr_slot_holds_model(node, task_index, slot, &manifest->model_digest);
}

fr_status_t fr_check_digest(const fr_node_t* node, const uint8_t* bytes, uint32_t size,
                            const fr_view_t* digest) {
    fr_sha256_t sha;
    uint8_t found[FR_SHA256_SIZE];
    fr_sha256_init(&sha);
    for (uint32_t done = 0; done < size; done += FR_WATCHDOG_BYTES) {
        const uint32_t left = size - done;
        fr_sha256_update(&sha, bytes + done, left < FR_WATCHDOG_BYTES ? left : FR_WATCHDOG_BYTES);
        fr_feed_watchdog(node);
    }
    fr_sha256_final(&sha, found);
    return fr_views_equal(digest, found, FR_SHA256_SIZE) ? FR_OK : FR_ERROR_DIGEST;
}

fr_status_t fr_slot_check_digest(const fr_node_t* node, uint32_t task_index, uint32_t slot,
                                 const fr_manifest_t* manifest) {
    if (manifest->model_bytes > node->layout.slot_bytes) {
        return FR_ERROR_NO_SPACE;
    }
    return fr_check_digest(node, fr_slot_bytes(&node->port->flash, &node->layout, task_index, slot),
                           manifest->model_bytes, &manifest->model_digest);
}

bool fr_slot_holds_base(const fr_node_t* node, uint32_t task_index, uint32_t slot,
                        const fr_view_t* digest, uint32_t* base_bytes) {
    fr_manifest_t held;
    if (fr_slot_manifest(node, task_index, slot, &held) != FR_OK ||
        !fr_views_equal(&held.model_digest, digest->bytes, digest->size) ||
        fr_slot_check_digest(node, task_index, slot, &held) != FR_OK) {
        return false;
    }
    *base_bytes = held.model_bytes;
    return true;
}

fr_status_t fr_slot_check(const fr_node_t* node, uint32_t task_index, uint32_t slot) {
    fr_view_t content;
    fr_view_t signature;
    fr_manifest_t manifest;
    fr_blob_load(node, fr_record_manifest(task_index, slot), &content, &signature);
    if (!fr_signature_holds(node, node->config->release_public_key, &content, &signature)) {
        return FR_ERROR_SIGNATURE;
    }
    const fr_status_t status = fr_manifest_decode(&manifest, content.bytes, content.size);
    return status == FR_OK ? fr_slot_check_digest(node, task_index, slot, &manifest) : status;
}

fr_status_t fr_slot_verify(const fr_node_t* node, uint32_t task_index, uint32_t slot) {
    return fr_slot_is_verified(node, task_index, slot) ? fr_slot_check(node, task_index, slot)
                                                       : FR_ERROR_NOT_FOUND;
}

fr_status_t fr_model_load(fr_node_t* node, uint32_t task_index) {
    fr_loaded_t* loaded = &node->tasks[task_index].loaded;
    const int8_t active = node->state.tasks[task_index].active;
    fr_manifest_t manifest;
    memset(loaded, 0, sizeof *loaded);
    if (active < 0) {
        return FR_ERROR_NOT_FOUND;
    }
    fr_status_t status = fr_slot_manifest(node, task_index, (uint32_t)active, &manifest);
    if (status == FR_OK) {
        const uint8_t* bytes =
            fr_slot_bytes(&node->port->flash, &node->layout, task_index, (uint32_t)active);
        status = fr_slot_model_open(node, &loaded->model, bytes, manifest.model_bytes, NULL);
    }
    if (status == FR_OK) {
        status = fr_slot_model_reset(&loaded->model, &node->config->tasks[task_index]);
    }
    if (status == FR_OK) {
        loaded->release = manifest.counter;
        loaded->policy_tag = fr_policy_model_tag(manifest.model_digest.bytes);
    }
    return status;
}

void fr_slot_policy(const fr_node_t* node, uint32_t task_index, fr_view_t* policy) {
    fr_view_t signature;
    const int8_t active = node->state.tasks[task_index].active;
    *policy = fr_view(NULL, 0);
    if (active >= 0) {
        fr_blob_load(node, fr_record_policy(task_index, (uint32_t)active), policy, &signature);
    }
    if (!fr_policy_is_for_loaded(node, task_index, policy)) {
        *policy = fr_view(NULL, 0);
    }
}
