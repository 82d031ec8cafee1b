// SPDX-License-Identifier: Apache-2.0
#include "nanopb_roundtrip.h"

#include <string.h>

#include "frugal/v1/downlink.pb.h"
#include "frugal/v1/manifest.pb.h"
#include "frugal/v1/uplink.pb.h"
#include "pb_decode.h"
#include "pb_encode.h"

typedef struct {
    uint8_t bytes[4096];
    size_t size;
} content_t;

typedef union {
    frugal_v1_Hello hello;
    frugal_v1_Decisions decisions;
    frugal_v1_Fetch fetch;
    frugal_v1_Report report;
    frugal_v1_Escalate escalate;
    frugal_v1_Health health;
    frugal_v1_Bye bye;
    frugal_v1_Desired desired;
    frugal_v1_Chunk chunk;
    frugal_v1_Ack ack;
    frugal_v1_Verdict verdict;
    frugal_v1_Probe probe;
    frugal_v1_Manifest manifest;
} message_t;

typedef struct {
    const char* name;
    const pb_msgdesc_t* fields;
} kind_t;

static const kind_t kinds[] = {
    {"Hello", frugal_v1_Hello_fields},       {"Decisions", frugal_v1_Decisions_fields},
    {"Fetch", frugal_v1_Fetch_fields},       {"Report", frugal_v1_Report_fields},
    {"Escalate", frugal_v1_Escalate_fields}, {"Health", frugal_v1_Health_fields},
    {"Bye", frugal_v1_Bye_fields},           {"Desired", frugal_v1_Desired_fields},
    {"Chunk", frugal_v1_Chunk_fields},       {"Ack", frugal_v1_Ack_fields},
    {"Verdict", frugal_v1_Verdict_fields},   {"Probe", frugal_v1_Probe_fields},
    {"Manifest", frugal_v1_Manifest_fields}};

static bool take_content(pb_istream_t* stream, const pb_field_iter_t* field, void** argument) {
    (void)field;
    content_t* content = *argument;
    if (stream->bytes_left > sizeof content->bytes) {
        return false;
    }
    content->size = stream->bytes_left;
    return pb_read(stream, content->bytes, content->size);
}

static bool give_content(pb_ostream_t* stream, const pb_field_iter_t* field,
                         void* const* argument) {
    const content_t* content = *argument;
    return pb_encode_tag_for_field(stream, field) &&
           pb_encode_string(stream, content->bytes, content->size);
}

static pb_callback_t* callback_of(const char* name, message_t* message) {
    if (strcmp(name, "Escalate") == 0) {
        return &message->escalate.features;
    }
    return strcmp(name, "Chunk") == 0 ? &message->chunk.content : NULL;
}

size_t nanopb_roundtrip(const char* name, const uint8_t* bytes, size_t size, uint8_t* out,
                        size_t capacity) {
    message_t message;
    content_t content;
    const pb_msgdesc_t* fields = NULL;
    memset(&message, 0, sizeof message);
    memset(&content, 0, sizeof content);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; ++i) {
        if (strcmp(kinds[i].name, name) == 0) {
            fields = kinds[i].fields;
        }
    }
    pb_callback_t* callback = callback_of(name, &message);
    if (callback != NULL) {
        callback->funcs.decode = take_content;
        callback->arg = &content;
    }
    pb_istream_t input = pb_istream_from_buffer(bytes, size);
    if (fields == NULL || !pb_decode(&input, fields, &message)) {
        return 0;
    }
    if (callback != NULL) {
        callback->funcs.encode = give_content;
        callback->arg = &content;
    }
    pb_ostream_t output = pb_ostream_from_buffer(out, capacity);
    return pb_encode(&output, fields, &message) ? output.bytes_written : 0;
}
