// SPDX-License-Identifier: Apache-2.0
// The whole of a device's program around the node: static memory, a port, one loop. The functions
// declared `board_*` stand for your hardware and your MQTT client; everything else is real.
#include <string.h>

#include "frugal/node.h"
#include "frugal/wire.h"

#define ARENA_BYTES (16u * 1024u)
#define FLASH_BYTES (512u * 1024u)
#define INPUT_BYTES 784u

// Your board.
uint64_t board_now_ms(void);
void board_sleep_until_ms(uint64_t deadline_ms);
const uint8_t* board_flash(uint32_t offset);
bool board_flash_erase(uint32_t offset);
bool board_flash_program(uint32_t offset, const uint8_t* bytes, uint32_t size);
bool board_verify_es256(const uint8_t* public_key, const uint8_t* digest, const uint8_t* signature);
uint32_t board_random32(void);
bool board_mqtt_publish(const char* topic, const uint8_t* payload, size_t size, int qos);
void board_mqtt_subscribe(const char* topic);
void board_mqtt_unsubscribe(const char* topic);
bool board_sample(uint8_t* input, size_t size);
void board_act_on(uint32_t class_id);

/// What the MQTT client reports; filled in by it between two rounds of the loop.
typedef struct {
    bool is_up, has_come_up, has_gone_down;
    const char* topic;  ///< NULL: no message
    size_t topic_size;
    const uint8_t* payload;
    size_t payload_size;
} board_mqtt_event_t;
board_mqtt_event_t board_mqtt_poll(void);
extern const uint8_t board_release_key[65];  ///< point of release.pub: who may make models
extern const uint8_t board_policy_key[65];   ///< point of policy.pub: the gateway

static const char kSite[] = "mill-3";
static const char kDevice[] = "lamp-17";

static const uint8_t* flash_map(void* context, uint32_t offset) {
    (void)context;
    return board_flash(offset);
}

static fr_status_t flash_erase(void* context, uint32_t offset) {
    (void)context;
    return board_flash_erase(offset) ? FR_OK : FR_ERROR_STORAGE;
}

static fr_status_t flash_program(void* context, uint32_t offset, const uint8_t* bytes,
                                 uint32_t size) {
    (void)context;
    return board_flash_program(offset, bytes, size) ? FR_OK : FR_ERROR_STORAGE;
}

static bool verify_es256(void* context, const uint8_t public_key[65], const uint8_t digest[32],
                         const uint8_t signature[64]) {
    (void)context;
    return board_verify_es256(public_key, digest, signature);
}

static uint32_t random32(void* context) {
    (void)context;
    return board_random32();
}

static bool publish(void* context, fr_up_kind_t kind, const uint8_t* payload, size_t size) {
    char topic[FR_TOPIC_SIZE_MAX];
    (void)context;
    return fr_topic_up(topic, sizeof topic, kSite, kDevice, kind) != 0 &&
           board_mqtt_publish(topic, payload, size, kind == FR_UP_HELLO ? 1 : 0);
}

static void subscribe_shared(void* context, const uint8_t artifact[32]) {
    char topic[FR_TOPIC_SIZE_MAX];
    (void)context;
    if (fr_topic_shared_chunk(topic, sizeof topic, kSite, artifact) != 0) {
        board_mqtt_subscribe(topic);
    }
}

static void unsubscribe_shared(void* context, const uint8_t artifact[32]) {
    char topic[FR_TOPIC_SIZE_MAX];
    (void)context;
    if (fr_topic_shared_chunk(topic, sizeof topic, kSite, artifact) != 0) {
        board_mqtt_unsubscribe(topic);
    }
}

static void decided(void* context, const fr_decision_t* decision) {
    (void)context;
    board_act_on(decision->class_id);
}

static const fr_port_t kPort = {
    .flash = {.sector_size = 4096,
              .size = FLASH_BYTES,
              .map = flash_map,
              .erase = flash_erase,
              .program = flash_program},
    .verify_es256 = verify_es256,
    .random32 = random32,
    .publish = publish,
    .subscribe_shared = subscribe_shared,
    .unsubscribe_shared = unsubscribe_shared,
    .decided = decided,
};

static const fr_task_config_t kTasks[] = {
    {.task = 1, .input_bytes = INPUT_BYTES, .class_count = 10, .privacy = FR_PRIVACY_EDGE_ONLY}};

// The operators its models use: the linker leaves the others out.
static const fr_kernel_t* const kKernels[] = {
    &fr_kernel_convolution,     &fr_kernel_depthwise, &fr_kernel_average_pool, &fr_kernel_max_pool,
    &fr_kernel_fully_connected, &fr_kernel_reshape,   &fr_kernel_softmax};
static const fr_operator_set_t kOperators = {kKernels, sizeof kKernels / sizeof kKernels[0]};

// The encodings it takes: the smallest that its memory allows.
static const fr_profile_t* const kProfiles[] = {&fr_profile_1};
static const fr_profile_set_t kProfileSet = {kProfiles, sizeof kProfiles / sizeof kProfiles[0]};

static uint8_t arena[ARENA_BYTES];
static uint8_t input[INPUT_BYTES];
static fr_node_t node;

static const fr_node_config_t kConfig = {
    .site = kSite,
    .device = kDevice,
    .device_class = "m4",
    .release_public_key = board_release_key,
    .policy_public_key = board_policy_key,
    .tasks = kTasks,
    .task_count = 1,
    .operators = &kOperators,
    .profiles = &kProfileSet,
    .arena = arena,
    .arena_bytes = ARENA_BYTES,
    .slot_bytes = 96u * 1024u,
    .staging_bytes = 96u * 1024u,
    .block_bytes = 1024,
    .fetch_credit = 4,
    .decision_sectors = 4,
    .features_bytes_max = INPUT_BYTES,
};

static void on_link(const board_mqtt_event_t* event, uint64_t now_ms) {
    if (event->has_gone_down) {
        fr_node_on_disconnected(&node, now_ms);
    }
    if (event->has_come_up) {
        char topic[FR_TOPIC_SIZE_MAX];
        if (fr_topic_down(topic, sizeof topic, kSite, kDevice, FR_DOWN_KINDS) != 0) {
            board_mqtt_subscribe(topic);
        }
        fr_node_on_connected(&node, now_ms);
    }
}

static void on_message(const board_mqtt_event_t* event, uint64_t now_ms) {
    fr_down_kind_t kind;
    if (fr_topic_parse_down(event->topic, event->topic_size, kSite, kDevice, &kind) == FR_OK) {
        fr_node_on_message(&node, kind, event->payload, event->payload_size, now_ms);
    }
}

static void decide(uint64_t now_ms) {
    fr_submit_result_t result;
    const fr_submission_t submission = {.task = 1,
                                        .input = input,
                                        .input_size = sizeof input,
                                        .deadline_ms = 800,
                                        .privacy = FR_PRIVACY_EDGE_ONLY};
    // A model may not be there yet: then there is nothing to decide with.
    if (fr_node_submit(&node, &submission, now_ms, &result) != FR_OK) {
        memset(input, 0, sizeof input);
    }
}

int main(void) {
    if (fr_node_boot(&node, &kConfig, &kPort, board_now_ms()) != FR_OK) {
        return 1;
    }
    for (;;) {
        const board_mqtt_event_t event = board_mqtt_poll();
        on_link(&event, board_now_ms());
        if (event.topic != NULL) {
            on_message(&event, board_now_ms());
        }
        if (board_sample(input, sizeof input)) {
            decide(board_now_ms());
        }
        fr_node_tick(&node, board_now_ms());
        board_sleep_until_ms(fr_node_next_deadline(&node));
    }
}
