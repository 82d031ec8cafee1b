// SPDX-License-Identifier: Apache-2.0
#include "inference/run_model.hpp"

#include <bit>
#include <cstring>

#include "inference/loaded_model.hpp"
#include "inference/run_bonsai.hpp"
#include "model/bonsai/bonsai.hpp"
#include "model/tflite/names.hpp"

namespace frugal::inference {

namespace {

double element(const fr_tensor_t& tensor, base::ByteView bytes, std::size_t index) {
    switch (tensor.type) {
        case FR_TENSOR_INT8:
            return static_cast<std::int8_t>(bytes[index]);
        case FR_TENSOR_UINT8:
            return bytes[index];
        case FR_TENSOR_INT32: {
            std::int32_t value = 0;
            std::memcpy(&value, bytes.data() + 4 * index, sizeof value);
            return value;
        }
        default: {
            float value = 0;
            std::memcpy(&value, bytes.data() + 4 * index, sizeof value);
            return value;
        }
    }
}

RunTensor read_output(const Port& port, base::ByteView bytes) {
    RunTensor output;
    output.name = port.name;
    output.type_name = model::tensor_type_name(port.tensor.type);
    output.shape.assign(port.tensor.shape, port.tensor.shape + port.tensor.rank);
    output.bytes.assign(bytes.begin(), bytes.end());
    for (std::size_t i = 0; i < port.tensor.element_count; ++i) {
        output.data.push_back(element(port.tensor, bytes, i));
    }
    if (port.tensor.scale_count == 1) {
        output.scale = std::bit_cast<float>(port.tensor.scale_bits);
        output.zero_point = port.tensor.zero_point;
    }
    return output;
}

std::vector<RunTensor> read_outputs(const LoadedModel& model) {
    std::vector<RunTensor> outputs;
    for (std::uint32_t port = 0; port < model.outputs().size(); ++port) {
        outputs.push_back(read_output(model.outputs()[port], model.output(port)));
    }
    return outputs;
}

}  // namespace

base::Result<RunOutput> run_model(base::ByteView model, base::ByteView input) {
    if (model::is_bonsai(model)) {
        return run_bonsai(model, input);
    }
    auto loaded = LoadedModel::load(base::Bytes(model.begin(), model.end()));
    if (!loaded) {
        return tl::unexpected(loaded.error());
    }
    RunOutput result;
    result.arena_bytes = loaded->arena_size();
    result.state_bytes = loaded->state_size();
    result.work = loaded->work();
    const std::size_t size = loaded->input_size();
    const bool is_sequence =
        loaded->state_size() != 0 && !input.empty() && input.size() % size == 0;
    const std::size_t step = is_sequence ? size : input.size();
    do {
        auto ran = loaded->run(input.first(step));
        if (!ran) {
            return tl::unexpected(ran.error());
        }
        result.steps.push_back(read_outputs(*loaded));
        input = input.subspan(step);
    } while (!input.empty());
    return result;
}

}  // namespace frugal::inference
