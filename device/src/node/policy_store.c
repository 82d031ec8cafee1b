// SPDX-License-Identifier: Apache-2.0
// A policy belongs to a slot: it comes into force and goes out of force together with the model it
// was learnt for. Ids only grow: an old signed policy cannot be played back. One that is bound to
// another model is not taken, nor read where a slot holds it: that is no news of the policy but of
// the model, which the gateway is told with the next hello.
#include "node/internal.h"

bool fr_policy_is_genuine(const fr_node_t* node, uint32_t task_index, const fr_view_t* content,
                          const fr_view_t* signature) {
    const uint8_t* key = node->config->policy_public_key != NULL ? node->config->policy_public_key
                                                                 : node->config->release_public_key;
    return content->size != 0 && content->size <= FR_POLICY_SIZE_MAX &&
           fr_policy_check(content->bytes, content->size) == FR_OK &&
           fr_policy_has_task(content->bytes, content->size,
                              node->config->tasks[task_index].task) &&
           fr_signature_holds(node, key, content, signature);
}

bool fr_policy_is_fit(const fr_node_t* node, uint32_t task_index, const fr_view_t* content,
                      const fr_view_t* signature) {
    return fr_policy_id(content->bytes, content->size) >=
               node->state.tasks[task_index].policy_floor &&
           fr_policy_is_genuine(node, task_index, content, signature);
}

bool fr_policy_is_for(const fr_node_t* node, uint32_t task_index, const fr_view_t* content,
                      const fr_view_t* model_digest) {
    return fr_policy_suits(content->bytes, content->size, node->config->tasks[task_index].task,
                           fr_policy_model_tag(model_digest->bytes));
}

bool fr_policy_is_for_loaded(const fr_node_t* node, uint32_t task_index, const fr_view_t* content) {
    return fr_policy_suits(content->bytes, content->size, node->config->tasks[task_index].task,
                           node->tasks[task_index].loaded.policy_tag);
}

void fr_policy_ask(fr_node_t* node, uint32_t task_index) {
    const fr_task_state_t* state = &node->state.tasks[task_index];
    fr_view_t policy;
    fr_slot_policy(node, task_index, &policy);
    // Without one its id is 0.
    if (state->active >= 0 && node->is_connected &&
        fr_policy_id(policy.bytes, policy.size) < state->policy_floor) {
        node->hello_ms = node->now_ms;
    }
}

/// A flash that loses every policy must not be written, nor the gateway asked, without end.
static uint64_t retry_at(const fr_task_volatile_t* task) {
    if (task->policy_losses < 2u) {
        return task->policy_since_ms;
    }
    uint32_t doublings = task->policy_losses - 2u;
    if (doublings > FR_POLICY_RETRY_DOUBLINGS_MAX) {
        doublings = FR_POLICY_RETRY_DOUBLINGS_MAX;
    }
    return task->policy_since_ms + ((uint64_t)FR_POLICY_RETRY_MS << doublings);
}

void fr_policy_offer(fr_node_t* node, uint32_t task_index, const fr_signed_t* blob) {
    fr_task_state_t* state = &node->state.tasks[task_index];
    fr_view_t current;
    if (blob->content.size == 0 || state->active < 0) {
        return;
    }
    if (!fr_policy_is_for_loaded(node, task_index, &blob->content)) {
        fr_earliest(&node->hello_ms, fr_hello_retry(node, FR_FOREIGN_POLICY_DOUBLINGS));
        return;
    }
    fr_slot_policy(node, task_index, &current);
    if (current.size != 0 && fr_views_equal(&blob->content, current.bytes, current.size)) {
        node->tasks[task_index].policy_since_ms = node->now_ms;
        return;
    }
    const uint32_t id = fr_policy_id(blob->content.bytes, blob->content.size);
    const uint64_t retry_ms = retry_at(&node->tasks[task_index]);
    if (current.size == 0 && id <= state->policy_floor && node->now_ms < retry_ms) {
        fr_earliest(&node->hello_ms, retry_ms);
        return;
    }
    // Newer than what the slot obeys: after a fallback that may be the id the other slot had.
    const bool is_newer = current.size == 0 || id > fr_policy_id(current.bytes, current.size);
    if (!is_newer || !fr_policy_is_fit(node, task_index, &blob->content, &blob->signature)) {
        node->counters.messages_rejected += 1;
        return;
    }
    if (fr_blob_save(node, fr_record_policy(task_index, (uint32_t)state->active), &blob->content,
                     &blob->signature) != FR_OK) {
        return;
    }
    if (id > state->policy_floor) {
        state->policy_floor = id;
        fr_count_storage(node, fr_state_save(node));
    }
    node->tasks[task_index].policy_since_ms = node->now_ms;
    node->tasks[task_index].policy_faults = 0;
    fr_forget_answers(node);
}

/// The policy was whole when it came: its flash no longer is. Without it every answer is LOCAL, and
/// the next hello says that there is none.
void fr_policy_count_fault(fr_node_t* node, uint32_t task_index) {
    fr_task_volatile_t* task = &node->tasks[task_index];
    const int8_t active = node->state.tasks[task_index].active;
    task->policy_faults += 1;
    if (task->policy_faults < FR_POLICY_FAULTS_MAX || active < 0) {
        return;
    }
    task->policy_faults = 0;
    task->policy_since_ms = node->now_ms;
    if (task->policy_losses != UINT8_MAX) {
        task->policy_losses += 1;
    }
    fr_forget_answers(node);
    fr_count_storage(
        node,
        fr_record_log_put(&node->records, fr_record_policy(task_index, (uint32_t)active), NULL, 0));
    fr_earliest(&node->hello_ms, retry_at(task));
}
