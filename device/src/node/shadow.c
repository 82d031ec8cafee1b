// SPDX-License-Identifier: Apache-2.0
// The policy in the shadow: evaluated beside the one in force on the same context, never obeyed.
// Its signed bytes lie in flash as long as the gateway wishes; its counts are RAM and travel in
// health. It shares the token bucket of the policy in force: a cap of its own is not tried.
#include <string.h>

#include "bytes/little_endian.h"
#include "node/internal.h"

static void load(const fr_node_t* node, uint32_t task_index, fr_view_t* policy) {
    fr_view_t signature;
    fr_blob_load(node, fr_record_shadow(task_index), policy, &signature);
}

/// Empty too for one made for another model than the one that runs.
static void load_for_model(const fr_node_t* node, uint32_t task_index, fr_view_t* policy) {
    load(node, task_index, policy);
    if (!fr_policy_is_for_loaded(node, task_index, policy)) {
        *policy = fr_view(NULL, 0);
    }
}

static void drop(fr_node_t* node, uint32_t task_index) {
    fr_view_t current;
    load(node, task_index, &current);
    if (current.size != 0) {
        fr_count_storage(node,
                         fr_record_log_put(&node->records, fr_record_shadow(task_index), NULL, 0));
    }
}

void fr_shadow_offer(fr_node_t* node, uint32_t task_index, const fr_signed_t* blob) {
    fr_view_t current;
    if (blob->content.size == 0) {
        drop(node, task_index);
        return;
    }
    if (!fr_policy_is_for_loaded(node, task_index, &blob->content)) {
        return;
    }
    load(node, task_index, &current);
    if (current.size != 0 && fr_views_equal(&blob->content, current.bytes, current.size)) {
        return;
    }
    if (!fr_policy_is_genuine(node, task_index, &blob->content, &blob->signature)) {
        node->counters.messages_rejected += 1;
        return;
    }
    memset(&node->tasks[task_index].shadow, 0, sizeof node->tasks[task_index].shadow);
    (void)fr_blob_save(node, fr_record_shadow(task_index), &blob->content, &blob->signature);
}

uint32_t fr_shadow_id(const fr_node_t* node, uint32_t task_index) {
    fr_view_t policy;
    load_for_model(node, task_index, &policy);
    return fr_policy_id(policy.bytes, policy.size);
}

static void count(uint16_t* counter) {
    if (*counter != UINT16_MAX) {
        *counter = (uint16_t)(*counter + 1u);
    }
}

void fr_shadow_consult(fr_node_t* node, uint32_t task_index, const fr_policy_context_t* context,
                       const fr_policy_answer_t* answer) {
    fr_view_t policy;
    fr_policy_answer_t would_be;
    fr_shadow_t* shadow = &node->tasks[task_index].shadow;
    load(node, task_index, &policy);
    if (policy.size == 0) {
        return;
    }
    load_for_model(node, task_index, &policy);  // nothing of another model's: BADPOLICY
    fr_policy_evaluate(policy.bytes, policy.size, context, &would_be);
    count(&shadow->reasons[would_be.reason % FR_POLICY_REASONS]);
    if (would_be.tier != answer->tier) {
        count(&shadow->differs);
    }
}

void fr_note_answer(fr_node_t* node, const fr_instance_t* instance,
                    const fr_policy_answer_t* answer, uint64_t sequence) {
    uint8_t* to = node->recent + (size_t)node->recent_count * FR_RECENT_VERDICT_BYTES;
    if (node->recent_count == FR_RECENT_VERDICTS) {
        to -= FR_RECENT_VERDICT_BYTES;
        memmove(node->recent, node->recent + FR_RECENT_VERDICT_BYTES,
                sizeof node->recent - FR_RECENT_VERDICT_BYTES);
    } else {
        node->recent_count = (uint8_t)(node->recent_count + 1u);
    }
    fr_store16(to, (uint32_t)(sequence & 0xFFFFu));
    to[2] = FR_OUTCOME(answer->tier, answer->reason);
    to[3] = instance->local.confidence_q8;
    to[4] = answer->reason == FR_POLICY_GUARD ? answer->guard : answer->gain;
    to[5] = (uint8_t)instance->local.class_index;
    fr_store16(to + 6, answer->price);
}

void fr_forget_answers(fr_node_t* node) {
    node->recent_count = 0;
}
