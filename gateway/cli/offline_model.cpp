// SPDX-License-Identifier: Apache-2.0
#include "cli/offline_model.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>

#include <fmt/format.h>
#include <boost/json/array.hpp>

#include "cli/output.hpp"
#include "inference/run_model.hpp"
#include "model/tflite/summary.hpp"

namespace frugal::cli {

using base::ErrorKind;
using base::fail;
using base::Result;
namespace json = boost::json;

namespace {

constexpr std::streamsize kFileSizeMax = 64 * 1024 * 1024;

template <typename Values>
json::array array_of(const Values& values) {
    json::array array;
    for (const auto& value : values) {
        array.emplace_back(value);
    }
    return array;
}

std::string shape_text(const std::vector<std::int32_t>& shape) {
    return fmt::format("[{}]", fmt::join(shape, ","));
}

json::object tensor_json(const model::TensorSummary& tensor) {
    json::object object{{"index", tensor.index},
                        {"name", tensor.name},
                        {"shape", array_of(tensor.shape)},
                        {"type", tensor.type_name},
                        {"size_bytes", tensor.size_bytes}};
    if (!tensor.quantization.scales.empty()) {
        object["quantization"] =
            json::object{{"scales", array_of(tensor.quantization.scales)},
                         {"zero_points", array_of(tensor.quantization.zero_points)},
                         {"dimension", tensor.quantization.dimension}};
    }
    return object;
}

json::object summary_json(const std::string& path, const model::ModelSummary& summary) {
    json::array operators;
    for (const auto& one : summary.operators) {
        operators.push_back(json::object{{"code", one.code},
                                         {"name", one.name},
                                         {"version", one.version},
                                         {"count", one.count},
                                         {"built_in", one.is_built_in}});
    }
    json::array weights;
    for (const auto& one : summary.weights) {
        weights.push_back(json::object{{"tensor", one.tensor},
                                       {"operator", one.operator_index},
                                       {"layout", model::to_string(one.layout)},
                                       {"shape", array_of(one.shape)},
                                       {"offset", one.range.offset},
                                       {"size_bytes", one.range.size}});
    }
    const auto tensors_of = [&](const std::vector<std::uint32_t>& indexes) {
        json::array array;
        for (const auto index : indexes) {
            array.push_back(tensor_json(summary.tensors.at(index)));
        }
        return array;
    };
    json::array tensors;
    for (const auto& tensor : summary.tensors) {
        tensors.push_back(tensor_json(tensor));
    }
    return {{"file", path},
            {"size_bytes", summary.file_size_bytes},
            {"description", summary.description},
            {"subgraphs", summary.subgraph_count},
            {"runnable", summary.is_runnable},
            {"missing", array_of(summary.missing)},
            {"arena_bytes", summary.arena_bytes},
            {"multiply_accumulates", summary.work},
            {"weight_bytes", summary.weight_bytes},
            {"operators", operators},
            {"inputs", tensors_of(summary.inputs)},
            {"outputs", tensors_of(summary.outputs)},
            {"weights", weights},
            {"tensors", tensors}};
}

void print_ports(std::string_view title, const model::ModelSummary& summary,
                 const std::vector<std::uint32_t>& indexes) {
    for (const auto index : indexes) {
        const auto& tensor = summary.tensors.at(index);
        std::string quantization;
        if (tensor.quantization.scales.size() == 1 && !tensor.quantization.zero_points.empty()) {
            quantization =
                fmt::format("  scale {:.6g}, zero point {}", tensor.quantization.scales[0],
                            tensor.quantization.zero_points[0]);
        }
        fmt::print("{:<8} {} {} {}{}\n", title, tensor.type_name, shape_text(tensor.shape),
                   tensor.name, quantization);
    }
}

void print_summary(const std::string& path, const model::ModelSummary& summary) {
    fmt::print("{}: {} bytes, of them {} weights\n", path, grouped(summary.file_size_bytes),
               grouped(summary.weight_bytes));
    print_ports("input", summary, summary.inputs);
    print_ports("output", summary, summary.outputs);
    fmt::print("arena    {} bytes\nwork     {} multiply-accumulates\n\n",
               grouped(summary.arena_bytes), grouped(summary.work));
    std::vector<std::vector<std::string>> rows;
    for (const auto& one : summary.operators) {
        rows.push_back({one.name, std::to_string(one.version), std::to_string(one.count),
                        one.is_built_in ? "yes" : "no"});
    }
    print_table({"operator", "version", "count", "built in"}, rows);
    if (summary.is_runnable) {
        fmt::print("\nThe device runtime runs this model.\n");
        return;
    }
    fmt::print("\nThe device runtime cannot run this model:\n");
    for (const auto& one : summary.missing) {
        fmt::print("  {}\n", one);
    }
}

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

Result<base::Bytes> read_bytes(const std::string& path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    const auto size = static_cast<std::streamsize>(file.tellg());
    if (!file || size < 0) {
        return fail(ErrorKind::kNotFound, path + ": cannot read the file", std::strerror(errno),
                    "Check the name and your right to read it.");
    }
    if (size > kFileSizeMax) {
        return fail(ErrorKind::kLimit, path + ": longer than 64 MiB", {}, "Is it the right file?");
    }
    base::Bytes bytes(static_cast<std::size_t>(size));
    file.seekg(0);
    if (!file.read(reinterpret_cast<char*>(bytes.data()), size)) {
        return fail(ErrorKind::kUnavailable, path + ": reading stopped half-way");
    }
    return bytes;
}

Result<int> inspect_model(const Context& context, const std::string& path) {
    const auto bytes = read_bytes(path);
    if (!bytes) {
        return tl::unexpected(bytes.error());
    }
    const auto summary = model::read_model(*bytes);
    if (!summary) {
        return fail(summary.error(), path);
    }
    if (context.json) {
        print_json("model-inspect", summary_json(path, *summary));
    } else {
        print_summary(path, *summary);
    }
    return kExitDone;
}

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
