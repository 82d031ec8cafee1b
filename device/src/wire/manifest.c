// SPDX-License-Identifier: Apache-2.0
#include "frugal/wire.h"
#include "wire/reader.h"

#define MANIFEST_FORMAT 1u
#define OUTPUT_DIGEST_SIZE 16u

typedef struct {
    uint32_t format;
    uint32_t accuracy_permyriad;
    uint32_t multiply_accumulates;
    fr_view_t data_digest;
    fr_manifest_t manifest;
} manifest_fields_t;

#define MEMBER(member) ((uint16_t)offsetof(manifest_fields_t, member))

static const fr_field_t kSelfTestFields[] = {
    {1, FR_FIELD_FIXED32, 0, 0, 0, 0},
    {2, FR_FIELD_BYTES,
     (uint16_t)(offsetof(fr_manifest_t, self_tests[0].output_digest) -
                offsetof(fr_manifest_t, self_tests[0])),
     OUTPUT_DIGEST_SIZE, 0, 0},
};
static const fr_message_table_t kSelfTest = {kSelfTestFields, 2,
                                             (uint16_t)sizeof(((fr_manifest_t*)0)->self_tests[0])};

static const fr_field_t kFields[] = {
    {1, FR_FIELD_UINT32, MEMBER(format), MANIFEST_FORMAT, 0, 0},
    {2, FR_FIELD_CONTENT, MEMBER(manifest.model), FR_ID_SIZE_MAX, 0, 0},
    {3, FR_FIELD_UINT32, MEMBER(manifest.release), 0, 0, 0},
    {4, FR_FIELD_UINT32, MEMBER(manifest.counter), 0, 0, 0},
    {5, FR_FIELD_UINT32, MEMBER(manifest.task), 0, 0, 0},
    {6, FR_FIELD_CONTENT, MEMBER(manifest.device_class), FR_ID_SIZE_MAX, 0, 0},
    {7, FR_FIELD_UINT32, MEMBER(manifest.runtime_abi), 0, 0, 0},
    {8, FR_FIELD_BYTES, MEMBER(manifest.model_digest), FR_SHA256_SIZE, 0, 0},
    {9, FR_FIELD_UINT32, MEMBER(manifest.model_bytes), 0, 0, 0},
    {10, FR_FIELD_UINT32, MEMBER(manifest.arena_bytes), 0, 0, 0},
    {11, FR_FIELD_NUMBERS, MEMBER(manifest.operators), FR_OPERATORS_MAX,
     MEMBER(manifest.operator_count), 0},
    {12, FR_FIELD_UINT32, MEMBER(manifest.input_bytes), 0, 0, 0},
    {13, FR_FIELD_UINT32, MEMBER(manifest.output_classes), FR_CLASSES_MAX, 0, 0},
    {16, FR_FIELD_MESSAGES, MEMBER(manifest.self_tests), FR_SELF_TESTS_MAX,
     MEMBER(manifest.self_test_count), &kSelfTest},
    {17, FR_FIELD_BYTES, MEMBER(data_digest), FR_SHA256_SIZE, 0, 0},
    {18, FR_FIELD_UINT32, MEMBER(accuracy_permyriad), 10000, 0, 0},
    {19, FR_FIELD_UINT32, MEMBER(manifest.state_bytes), 0, 0, 0},
    {20, FR_FIELD_UINT32, MEMBER(multiply_accumulates), 0, 0, 0},
};
static const fr_message_table_t kManifest = {kFields, sizeof kFields / sizeof kFields[0],
                                             (uint16_t)sizeof(manifest_fields_t)};

static bool self_tests_are_whole(const fr_manifest_t* manifest) {
    for (uint32_t i = 0; i < manifest->self_test_count; ++i) {
        if (manifest->self_tests[i].seed == 0 || manifest->self_tests[i].output_digest.size == 0) {
            return false;
        }
    }
    return true;
}

/// Both names are ids on the wire; protobuf's own decoders refuse text that is not UTF-8.
static bool is_id(fr_view_t name) {
    for (size_t i = 0; i < name.size; ++i) {
        const uint8_t c = name.bytes[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) {
            return false;
        }
    }
    return name.size != 0;
}

static bool operators_ascend(const fr_manifest_t* manifest) {
    for (uint32_t i = 1; i < manifest->operator_count; ++i) {
        if (manifest->operators[i] <= manifest->operators[i - 1]) {
            return false;
        }
    }
    return true;
}

fr_status_t fr_manifest_decode(fr_manifest_t* manifest, const uint8_t* bytes, size_t size) {
    manifest_fields_t fields;
    const fr_status_t status = fr_read_message(&kManifest, &fields, bytes, size);
    if (status != FR_OK) {
        return status;
    }
    *manifest = fields.manifest;
    const bool is_whole = fields.format == MANIFEST_FORMAT && is_id(manifest->model) &&
                          manifest->counter != 0 && is_id(manifest->device_class) &&
                          manifest->model_digest.size != 0 && manifest->model_bytes != 0 &&
                          manifest->input_bytes != 0 && manifest->output_classes >= 2;
    return is_whole && operators_ascend(manifest) && self_tests_are_whole(manifest)
               ? FR_OK
               : FR_ERROR_MALFORMED;
}
