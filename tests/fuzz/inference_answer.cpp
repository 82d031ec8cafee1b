// SPDX-License-Identifier: Apache-2.0
// Whatever an inference server says: metadata, answers and error bodies never crash the reader, and
// an answer that is taken has a class that exists.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "frugal/limits.h"
#include "wire/inference_protocol.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace frugal;
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const wire::InferenceModel model{"image", wire::TensorType::kInt8, {1, 4}, "scores"};
    for (const std::uint32_t classes : {0U, 3U}) {
        const auto answer = wire::read_inference_answer(text, model, {"7", 0, 0, classes});
        if (answer && answer->class_id >= (classes == 0 ? FR_CLASSES_MAX : classes)) {
            std::abort();
        }
    }
    if (const auto read = wire::read_model_metadata(text)) {
        std::int64_t elements = 1;
        for (const auto dimension : read->input_shape) {
            elements *= dimension;
        }
        if (elements < 1 || elements > FR_FEATURES_SIZE_MAX) {
            std::abort();
        }
    }
    (void)wire::inference_error_text(500, text);
    return 0;
}
