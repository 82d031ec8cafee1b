// SPDX-License-Identifier: Apache-2.0
#include "codec/restored.h"

#include <stddef.h>

#include "codec/bits.h"
#include "codec/segments.h"

#define TOKENS 3u

static bool is_code_step(uint32_t step) {
    return step >= FR_STEP_CODE_COUNTS && step <= FR_STEP_CODED;
}

static bool front_is_sound(const fr_decoder_t* decoder) {
    const bool has_rows = decoder->profile->read_bin != NULL;
    return decoder->fault == FR_CODEC_FAULT_NONE && decoder->step > FR_STEP_BEGIN &&
           decoder->step <= FR_STEP_DONE && !(has_rows && is_code_step(decoder->step)) &&
           !(!has_rows &&
             (decoder->step == FR_STEP_PALETTE || fr_step_is_among_rows(decoder->step))) &&
           decoder->token_before < TOKENS && decoder->segment_kind <= FR_SEGMENT_MOVED &&
           decoder->near_before <= 1u && decoder->segments <= FR_CODEC_SEGMENTS_MAX;
}

static bool input_is_sound(const fr_decoder_t* decoder) {
    return decoder->input_held <= sizeof decoder->input &&
           decoder->input_used <= decoder->input_held && decoder->range >= FR_RANGE_MIN &&
           decoder->received <= decoder->header.stream_size &&
           decoder->received >= decoder->input_held;
}

static bool output_is_sound(const fr_decoder_t* decoder) {
    return decoder->pending_count <= sizeof decoder->pending &&
           decoder->produced <= decoder->header.decoded_size &&
           decoder->produced >= decoder->pending_count;
}

static bool run_is_in(const fr_decoder_t* decoder, uint32_t limit) {
    return decoder->run != 0 && decoder->run <= limit;
}

/// The vector that values are told from lies wholly before them, `words` at least.
static bool reference_is_sound(const fr_decoder_t* decoder, uint32_t words) {
    const uint32_t distance = decoder->distances[0];
    return distance <= fr_decoder_address(decoder) && distance / 4u >= words;
}

/// A tensor that begins at `start`.
static bool shape_is_sound(const fr_decoder_t* decoder, uint32_t start) {
    const uint32_t end = decoder->config.base_size + decoder->header.decoded_size;
    return start <= end &&
           fr_weight_shape_judge(&decoder->shape, end - start, start) == FR_CODEC_FAULT_NONE;
}

static bool code_is_sound(const fr_decoder_t* decoder) {
    const fr_huffman_t* code = &((const fr_codec_memory_0_t*)decoder->config.memory)->code;
    const uint32_t address = fr_decoder_address(decoder);
    uint32_t symbols = 0;
    if (decoder->step == FR_STEP_CODE_COUNTS) {
        return shape_is_sound(decoder, address);
    }
    if (!fr_huffman_is_complete(code, &symbols)) {
        return false;
    }
    if (decoder->step == FR_STEP_CODE_SYMBOLS) {
        return decoder->parameter == symbols && decoder->run < symbols &&
               shape_is_sound(decoder, address);
    }
    return run_is_in(decoder, fr_decoder_remaining(decoder)) &&
           decoder->shape.old_distance <= address;
}

/// The next weight's place says how many bytes of the tensor there are: as many as there are.
static bool place_is_sound(const fr_decoder_t* decoder, const fr_weight_tensor_t* tensor) {
    const uint32_t columns = tensor->shape.columns;
    const uint32_t address = fr_decoder_address(decoder);
    const bool is_at_start = decoder->step <= FR_STEP_PALETTE_VALUE;
    uint32_t done = tensor->row * columns + tensor->column;
    if (decoder->step == FR_STEP_ZERO_ROW) {
        if (!run_is_in(decoder, columns)) {
            return false;
        }
        done += columns - decoder->run;
    }
    return address >= tensor->start && address - tensor->start == done &&
           (!is_at_start || done == 0) && (decoder->step == FR_STEP_WEIGHT || tensor->column == 0);
}

static bool palette_is_sound(const fr_decoder_t* decoder, const fr_palette_t* palette) {
    return decoder->step != FR_STEP_PALETTE_VALUE ||
           run_is_in(decoder, FR_PALETTE_MAX - palette->count);
}

static bool rows_are_sound(const fr_decoder_t* decoder) {
    const fr_weight_rows_t* rows = (const fr_weight_rows_t*)decoder->config.memory;
    const fr_weight_tensor_t* tensor = &rows->tensor;
    if (!shape_is_sound(decoder, tensor->start) ||
        !fr_weight_tensor_is_sound(tensor, &decoder->shape, decoder->profile->rows_kept) ||
        !place_is_sound(decoder, tensor) || !palette_is_sound(decoder, &tensor->palette)) {
        return false;
    }
    if (decoder->step <= FR_STEP_PALETTE_VALUE) {
        return true;  // the model begins behind it
    }
    const fr_codec_memory_2_t* memory = (const fr_codec_memory_2_t*)decoder->config.memory;
    return fr_weight_model_is_sound(&rows->model, tensor) &&
           (decoder->profile->attach == NULL || fr_weight_mixer_is_sound(&memory->mixer));
}

/// A run that reached farther than the file would never end.
static bool step_is_sound(const fr_decoder_t* decoder) {
    const uint32_t left = fr_decoder_remaining(decoder);
    const uint32_t distance = decoder->distances[0];
    switch (decoder->step) {
        case FR_STEP_COPY:
        case FR_STEP_COPY_LENGTH:
            return distance != 0 && distance <= fr_decoder_address(decoder) &&
                   (decoder->step == FR_STEP_COPY_LENGTH || run_is_in(decoder, left));
        case FR_STEP_RAW:
            return run_is_in(decoder, left);
        case FR_STEP_COUNT:
            return decoder->segment_kind != FR_SEGMENT_WEIGHTS;
        case FR_STEP_DIMENSION:
            return decoder->run < FR_WEIGHT_NUMBERS;
        case FR_STEP_PALETTE:
            return shape_is_sound(decoder, fr_decoder_address(decoder));
        case FR_STEP_REFERENCE:
            return decoder->segment_kind >= FR_SEGMENT_PRODUCTS && run_is_in(decoder, left / 4u);
        case FR_STEP_INTEGER:
        case FR_STEP_FLOAT:
            return run_is_in(decoder, left / 4u);
        case FR_STEP_FACTOR:
        case FR_STEP_PRODUCT:
        case FR_STEP_SCALED:
            return decoder->segment_kind >= FR_SEGMENT_PRODUCTS && run_is_in(decoder, left / 4u) &&
                   reference_is_sound(decoder, decoder->run);
        case FR_STEP_MOVED:
            return run_is_in(decoder, left / 4u) && reference_is_sound(decoder, 1);
        case FR_STEP_DONE:
            return left == 0;
        default:
            return true;  // what follows is checked as it is read
    }
}

bool fr_decoder_is_sound(const fr_decoder_t* decoder) {
    if (!front_is_sound(decoder) || !input_is_sound(decoder) || !output_is_sound(decoder) ||
        !step_is_sound(decoder)) {
        return false;
    }
    if (is_code_step(decoder->step)) {
        return code_is_sound(decoder);
    }
    return !fr_step_is_among_rows(decoder->step) || rows_are_sound(decoder);
}
