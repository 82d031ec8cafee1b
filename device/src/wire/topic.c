// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "frugal/wire.h"

static const char* const kUpNames[FR_UP_KINDS] = {"hello",    "decisions", "fetch", "report",
                                                  "escalate", "health",    "bye"};
static const char* const kDownNames[FR_DOWN_SHARED_CHUNK] = {"desired", "chunk", "ack", "verdict",
                                                             "probe"};

static size_t text_size(const char* text) {
    size_t size = 0;
    while (text[size] != '\0') {
        ++size;
    }
    return size;
}

bool fr_id_is_valid(const char* id) {
    size_t size = 0;
    for (; id[size] != '\0'; ++size) {
        const char c = id[size];
        const bool is_fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        if (!is_fine || size >= FR_ID_SIZE_MAX) {
            return false;
        }
    }
    return size != 0;
}

typedef struct {
    char* text;
    size_t capacity;
    size_t size;
} topic_t;

/// Appends as much as fits; `size` counts on, so an overflow shows at the end.
static void add(topic_t* topic, const char* text) {
    for (; *text != '\0'; ++text) {
        if (topic->size + 1 < topic->capacity) {
            topic->text[topic->size] = *text;
        }
        topic->size += 1;
    }
}

static size_t finish(topic_t* topic) {
    if (topic->size + 1 > topic->capacity) {
        return 0;
    }
    topic->text[topic->size] = '\0';
    return topic->size;
}

static size_t device_topic(topic_t* topic, const char* site, const char* device,
                           const char* direction, const char* kind) {
    if (!fr_id_is_valid(site) || !fr_id_is_valid(device)) {
        return 0;
    }
    add(topic, "frugal/v1/");
    add(topic, site);
    add(topic, "/");
    add(topic, device);
    add(topic, direction);
    add(topic, kind);
    return finish(topic);
}

size_t fr_topic_up(char* topic, size_t capacity, const char* site, const char* device,
                   fr_up_kind_t kind) {
    topic_t out = {topic, capacity, 0};
    if ((uint32_t)kind >= FR_UP_KINDS) {
        return 0;
    }
    return device_topic(&out, site, device, "/up/", kUpNames[kind]);
}

size_t fr_topic_down(char* topic, size_t capacity, const char* site, const char* device,
                     fr_down_kind_t kind) {
    topic_t out = {topic, capacity, 0};
    if (kind == FR_DOWN_KINDS) {
        return device_topic(&out, site, device, "/down/", "+");
    }
    if ((uint32_t)kind >= FR_DOWN_SHARED_CHUNK) {
        return 0;
    }
    return device_topic(&out, site, device, "/down/", kDownNames[kind]);
}

size_t fr_topic_shared_chunk(char* topic, size_t capacity, const char* site,
                             const uint8_t artifact[FR_SHA256_SIZE]) {
    static const char kDigits[] = "0123456789abcdef";
    topic_t out = {topic, capacity, 0};
    if (!fr_id_is_valid(site)) {
        return 0;
    }
    add(&out, "frugal/v1/");
    add(&out, site);
    add(&out, "/all/chunk/");
    for (unsigned i = 0; i < FR_SHA256_SIZE; ++i) {
        const char digits[3] = {kDigits[artifact[i] >> 4], kDigits[artifact[i] & 15u], '\0'};
        add(&out, digits);
    }
    return finish(&out);
}

/// Takes `expected` off the front of the topic.
static bool skip(const char** topic, size_t* size, const char* expected) {
    const size_t count = text_size(expected);
    if (*size < count || memcmp(*topic, expected, count) != 0) {
        return false;
    }
    *topic += count;
    *size -= count;
    return true;
}

static bool is_hex_digest(const char* text, size_t size) {
    for (size_t i = 0; i < size; ++i) {
        const char c = text[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return false;
        }
    }
    return size == 2u * FR_SHA256_SIZE;
}

fr_status_t fr_topic_parse_down(const char* topic, size_t size, const char* site,
                                const char* device, fr_down_kind_t* kind) {
    if (!skip(&topic, &size, "frugal/v1/") || !skip(&topic, &size, site) ||
        !skip(&topic, &size, "/")) {
        return FR_ERROR_NOT_FOUND;
    }
    const char* shared = topic;
    size_t shared_size = size;
    if (skip(&shared, &shared_size, "all/chunk/") && is_hex_digest(shared, shared_size)) {
        *kind = FR_DOWN_SHARED_CHUNK;
        return FR_OK;
    }
    if (!skip(&topic, &size, device) || !skip(&topic, &size, "/down/")) {
        return FR_ERROR_NOT_FOUND;
    }
    for (uint32_t i = 0; i < FR_DOWN_SHARED_CHUNK; ++i) {
        if (size == text_size(kDownNames[i]) && memcmp(topic, kDownNames[i], size) == 0) {
            *kind = (fr_down_kind_t)i;
            return FR_OK;
        }
    }
    return FR_ERROR_NOT_FOUND;
}
