// SPDX-License-Identifier: Apache-2.0
// What `frugalctl model compress` reads beside the model: calibration inputs, labels and recipes.
// The first byte says which. A result that fits the model, or an error that says something.
#include "model/compress/recipe.hpp"
#include "model/compress/samples_file.hpp"

namespace {

template <typename T>
void check(const frugal::base::Result<T>& result) {
    if (!result && result.error().message.empty()) {
        __builtin_trap();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const frugal::base::ByteView bytes(input + 1, size - 1);
    if (input[0] % 3 == 0) {
        const frugal::model::InputFormat format{6, 6, 9, 0.1F, -3};
        const auto inputs = frugal::model::parse_inputs(bytes, format, "inputs");
        check(inputs);
        for (const auto& one : inputs ? *inputs : std::vector<frugal::base::Bytes>{}) {
            if (one.size() != format.size_bytes) {
                __builtin_trap();
            }
        }
    } else if (input[0] % 3 == 1) {
        check(frugal::model::parse_labels(bytes, "labels"));
    } else {
        check(frugal::model::parse_recipe(frugal::base::as_text(bytes), "recipe"));
    }
    return 0;
}
