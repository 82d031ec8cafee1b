// SPDX-License-Identifier: Apache-2.0
// A model in a slot, whichever form it has: a .tflite that the interpreter runs, or a Bonsai tree.
// The first four bytes tell. A firmware without the tree's code (see fr_node_config_t.bonsai)
// refuses trees like a model with an unknown operator.
#include <string.h>

#include "bytes/little_endian.h"
#include "frugal/self_test.h"
#include "frugal/sha256.h"
#include "node/internal.h"
#include "runtime/model.h"

#define OPERATOR_CODES 256

uint32_t fr_supported_operators(const fr_node_config_t* config, uint32_t* operators,
                                uint32_t capacity) {
    uint32_t count = 0;
    for (int32_t code = 0; code < OPERATOR_CODES && count < capacity; ++code) {
        const fr_kernel_t* kernel = fr_kernel_find(config->operators, code);
        if (kernel != NULL) {
            operators[count++] = (uint32_t)code * 256u + kernel->version_max;
        }
    }
    if (config->bonsai != NULL && count < capacity) {
        operators[count++] = FR_OPERATOR_BONSAI;
    }
    return count;
}

bool fr_runs_operator(const fr_node_t* node, uint32_t wanted) {
    const uint32_t code = wanted / 256u;
    if (code == FR_OPERATOR_CODE_BONSAI) {
        return node->config->bonsai != NULL && wanted <= FR_OPERATOR_BONSAI;
    }
    const fr_kernel_t* kernel =
        code < OPERATOR_CODES ? fr_kernel_find(node->config->operators, (int32_t)code) : NULL;
    return kernel != NULL && wanted % 256u <= kernel->version_max;
}

fr_status_t fr_slot_model_open(const fr_node_t* node, fr_slot_model_t* model, const uint8_t* bytes,
                               uint32_t size, uint32_t* detail) {
    fr_model_problem_t problem = {0};
    memset(model, 0, sizeof *model);
    problem.operator_code = -1;
    fr_status_t status;
    if (fr_bonsai_is_tree(bytes, size)) {
        const fr_bonsai_kernel_t* kernel = node->config->bonsai;
        problem.operator_code = (int32_t)FR_OPERATOR_CODE_BONSAI;
        status =
            kernel == NULL ? FR_ERROR_UNSUPPORTED : kernel->open(&model->as.bonsai, bytes, size);
        model->is_bonsai = 1;
        model->work = status == FR_OK ? fr_bonsai_work(&model->as.bonsai) : 0;
    } else {
        status =
            fr_model_open_with(&model->as.tflite, node->config->operators, bytes, size, &problem);
        model->work = status == FR_OK ? model->as.tflite.work : 0;
    }
    if (status != FR_OK && detail != NULL) {
        *detail = problem.operator_code >= 0 ? (uint32_t)problem.operator_code * 256u : 0u;
    }
    model->is_open = status == FR_OK;
    return status;
}

static fr_reason_t judge_tree(const fr_node_t* node, const fr_bonsai_t* tree,
                              const fr_task_config_t* task, uint32_t* detail) {
    if (tree->input_count > node->config->arena_bytes) {
        *detail = tree->input_count;
        return FR_REASON_UNFIT_ARENA;
    }
    return tree->input_count == task->input_bytes && tree->class_count == task->class_count
               ? FR_REASON_NONE
               : FR_REASON_UNFIT_IO;
}

/// The model fits this device and this task.
fr_reason_t fr_slot_model_judge(const fr_node_t* node, const fr_slot_model_t* model,
                                const fr_task_config_t* task, uint32_t* detail) {
    fr_plan_t plan;
    fr_tensor_t input;
    fr_tensor_t output;
    if (model->is_bonsai) {
        return judge_tree(node, &model->as.bonsai, task, detail);
    }
    if (fr_model_plan(&model->as.tflite, node->config->arena, node->config->arena_bytes, &plan) !=
            FR_OK ||
        plan.arena_size_bytes > node->config->arena_bytes) {
        *detail = plan.arena_size_bytes;
        return FR_REASON_UNFIT_ARENA;
    }
    if (plan.state_size_bytes > task->state_bytes) {
        *detail = plan.state_size_bytes;
        return FR_REASON_UNFIT_ARENA;
    }
    if (fr_model_input(&model->as.tflite, 0, &input) != FR_OK ||
        fr_model_output(&model->as.tflite, 0, &output) != FR_OK ||
        input.size_bytes != task->input_bytes || fr_class_count(&output) != task->class_count) {
        return FR_REASON_UNFIT_IO;
    }
    return FR_REASON_NONE;
}

fr_status_t fr_slot_model_reset(const fr_slot_model_t* model, const fr_task_config_t* task) {
    return model->is_bonsai ? FR_OK
                            : fr_state_reset(&model->as.tflite, task->state, task->state_bytes);
}

static fr_status_t bind(const fr_node_t* node, const fr_slot_model_t* model,
                        const fr_task_config_t* task, fr_interpreter_t* interpreter) {
    const fr_status_t status = fr_interpreter_init(interpreter, &model->as.tflite,
                                                   node->config->arena, node->config->arena_bytes);
    return status == FR_OK ? fr_interpreter_bind_state(interpreter, task->state, task->state_bytes)
                           : status;
}

/// The output of a tree is its scores, 4 bytes each, little endian.
static fr_status_t test_tree(const fr_node_t* node, const fr_bonsai_t* tree, uint32_t seed,
                             uint8_t* digest) {
    int32_t scores[FR_CLASSES_MAX];
    uint8_t full[FR_SHA256_SIZE];
    fr_sha256_t sha;
    if (tree->input_count > node->config->arena_bytes) {
        return FR_ERROR_NO_SPACE;
    }
    fr_self_test_input(seed, node->config->arena, tree->input_count);
    const fr_status_t status = node->config->bonsai->scores(
        tree, (const int8_t*)node->config->arena, tree->input_count, scores);
    if (status != FR_OK) {
        return status;
    }
    fr_sha256_init(&sha);
    for (uint32_t i = 0; i < tree->score_count; ++i) {
        uint8_t bytes[4];
        fr_store32(bytes, (uint32_t)scores[i]);
        fr_sha256_update(&sha, bytes, sizeof bytes);
    }
    fr_sha256_final(&sha, full);
    memcpy(digest, full, FR_SELF_TEST_DIGEST_SIZE);
    return FR_OK;
}

fr_status_t fr_slot_model_test(const fr_node_t* node, const fr_slot_model_t* model,
                               const fr_task_config_t* task, uint32_t seed, uint8_t* digest) {
    fr_interpreter_t interpreter;
    if (model->is_bonsai) {
        return test_tree(node, &model->as.bonsai, seed, digest);
    }
    const fr_status_t status = bind(node, model, task, &interpreter);
    return status == FR_OK ? fr_self_test_run(&interpreter, seed, digest) : status;
}

static fr_status_t interpret(fr_interpreter_t* interpreter, const fr_view_t* input,
                             fr_classification_t* classification) {
    fr_tensor_t description;
    uint8_t* place = NULL;
    const uint8_t* output = NULL;
    size_t size = 0;
    fr_status_t status = fr_interpreter_input(interpreter, 0, &place, &size);
    if (status == FR_OK) {
        status = fr_model_output(interpreter->model, 0, &description);
    }
    if (status == FR_OK && size != input->size) {
        status = FR_ERROR_ARGUMENT;
    }
    if (status != FR_OK) {
        return status;
    }
    memcpy(place, input->bytes, size);
    status = fr_interpreter_invoke(interpreter);
    if (status == FR_OK) {
        status = fr_interpreter_output(interpreter, 0, &output, &size);
    }
    if (status == FR_OK) {
        status = fr_classify_output(&description, output, classification);
    }
    fr_interpreter_clear(interpreter);
    return status;
}

fr_status_t fr_slot_model_infer(const fr_node_t* node, const fr_slot_model_t* model,
                                const fr_task_config_t* task, const fr_view_t* input,
                                fr_classification_t* classification) {
    fr_interpreter_t interpreter;
    if (model->is_bonsai) {
        return node->config->bonsai->classify(&model->as.bonsai, (const int8_t*)input->bytes,
                                              input->size, classification);
    }
    const fr_status_t status = bind(node, model, task, &interpreter);
    return status == FR_OK ? interpret(&interpreter, input, classification) : status;
}
