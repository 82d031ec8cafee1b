// SPDX-License-Identifier: Apache-2.0
#include "cli/offline_model.hpp"

#include <fmt/format.h>
#include <boost/json/array.hpp>

#include "cli/files.hpp"
#include "cli/output.hpp"
#include "inference/run_model.hpp"

namespace frugal::cli {

using base::fail;
using base::Result;
namespace json = boost::json;

namespace {

json::array elements(const inference::RunTensor& tensor) {
    json::array array;
    const bool is_whole = tensor.type_name != "FLOAT32";
    for (const double value : tensor.data) {
        if (is_whole) {
            array.emplace_back(static_cast<std::int64_t>(value));
        } else {
            array.emplace_back(value);
        }
    }
    return array;
}

json::array outputs_json(const std::vector<inference::RunTensor>& tensors) {
    json::array outputs;
    for (const auto& tensor : tensors) {
        outputs.push_back(json::object{{"name", tensor.name},
                                       {"shape", array_of(tensor.shape)},
                                       {"type", tensor.type_name},
                                       {"scale", tensor.scale},
                                       {"zero_point", tensor.zero_point},
                                       {"data", elements(tensor)}});
    }
    return outputs;
}

/// `outputs` are those of the last step; `steps` has those of all, where there may be several.
json::object run_json(const std::string& path, const inference::RunOutput& run) {
    json::object object{{"file", path},
                        {"arena_bytes", run.arena_bytes},
                        {"state_bytes", run.state_bytes},
                        {"multiply_accumulates", run.work},
                        {"outputs", outputs_json(run.steps.back())}};
    if (run.state_bytes != 0 || run.steps.size() > 1) {
        json::array steps;
        for (const auto& outputs : run.steps) {
            steps.push_back(json::object{{"outputs", outputs_json(outputs)}});
        }
        object["steps"] = std::move(steps);
    }
    return object;
}

void print_run(const inference::RunOutput& run) {
    for (std::size_t step = 0; step < run.steps.size(); ++step) {
        if (run.steps.size() > 1) {
            fmt::print("step {}\n", step + 1);
        }
        for (const auto& tensor : run.steps[step]) {
            fmt::print("{} {} [{}]\n{}\n", tensor.name, tensor.type_name,
                       fmt::join(tensor.shape, ","), fmt::join(tensor.data, " "));
        }
    }
}

}  // namespace

Result<int> run_model_file(const Context& context, const std::string& path,
                           const std::string& input_path) {
    const auto bytes = read_bytes(path);
    if (!bytes) {
        return tl::unexpected(bytes.error());
    }
    const auto input = read_bytes(input_path);
    if (!input) {
        return tl::unexpected(input.error());
    }
    const auto run = inference::run_model(*bytes, *input);
    if (!run) {
        return fail(run.error(), path);
    }
    if (context.json) {
        print_json("model-run", run_json(path, *run));
    } else {
        print_run(*run);
    }
    return kExitDone;
}

}  // namespace frugal::cli
