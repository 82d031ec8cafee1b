// SPDX-License-Identifier: Apache-2.0
#include "cli/inspect_command.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/json/array.hpp>

#include "cli/bundle_commands.hpp"
#include "cli/files.hpp"
#include "cli/output.hpp"
#include "inference/loaded_model.hpp"
#include "inference/operator_support.hpp"
#include "model/bonsai/bonsai.hpp"
#include "model/fit/device_class.hpp"
#include "model/tflite/layer_weights.hpp"
#include "model/tflite/summary.hpp"
#include "wire/bundle.hpp"

namespace frugal::cli {

using base::fail;
using base::Result;
namespace json = boost::json;

namespace {

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

/// Everything there is to say about a .tflite.
struct Inspection {
    model::ModelSummary summary;
    std::vector<model::LayerWeights> layers;
    bool runs_on_gateway = false;
    std::vector<inference::OperatorSupport> support;  ///< empty: not known

    bool is_measured() const { return summary.is_runnable || runs_on_gateway; }
};

Inspection inspect(model::ModelSummary summary, const base::Bytes& bytes) {
    Inspection inspection{std::move(summary), {}, false, inference::operator_support(bytes)};
    inspection.layers = model::weigh_layers(inspection.summary, bytes);
    const auto loaded = inference::LoadedModel::load(bytes);
    inspection.runs_on_gateway = loaded.has_value();
    if (loaded && !inspection.summary.is_runnable) {
        inspection.summary.arena_bytes = loaded->arena_size();
        inspection.summary.state_bytes = loaded->state_size();
        inspection.summary.work = loaded->work();
    }
    return inspection;
}

/// The least of all places of the operator: "device", "gateway" or "nothing"; empty if the runtime
/// does not come to ask, for something else in the model stops it before.
std::string_view runs_on(const Inspection& inspection, const model::OperatorSummary& one) {
    if (inspection.support.empty()) {
        return {};
    }
    const auto all = [&](bool inference::OperatorSupport::*who) {
        return std::ranges::all_of(
            one.places, [&](std::uint32_t place) { return inspection.support.at(place).*who; });
    };
    return all(&inference::OperatorSupport::on_device)    ? "device"
           : all(&inference::OperatorSupport::on_gateway) ? "gateway"
                                                          : "nothing";
}

/// Mean over all constants, each element counting the same.
template <typename Bits>
double weighted_bits(const std::vector<model::LayerWeights>& layers, Bits bits) {
    double total = 0;
    double elements = 0;
    for (const auto& one : layers) {
        const auto count = static_cast<double>(one.elements);
        total += count * bits(one);
        elements += count;
    }
    return elements == 0 ? 0 : total / elements;
}

double bits_per_weight(const std::vector<model::LayerWeights>& layers) {
    return weighted_bits(layers, [](const auto& one) { return one.stored_bits; });
}

double entropy_per_weight(const std::vector<model::LayerWeights>& layers) {
    return weighted_bits(layers, [](const auto& one) { return one.entropy_bits; });
}

json::array layers_json(const std::vector<model::LayerWeights>& layers) {
    json::array array;
    for (const auto& one : layers) {
        array.push_back(json::object{{"tensor", one.tensor},
                                     {"operator", one.operator_index},
                                     {"operator_name", one.operator_name},
                                     {"elements", one.elements},
                                     {"stored_bytes", one.stored_bytes},
                                     {"stored_bits", one.stored_bits},
                                     {"entropy_bits", one.entropy_bits},
                                     {"bound_bytes", one.bound_bytes}});
    }
    return array;
}

template <typename Summary>
json::array fits_json(const Summary& summary) {
    json::array array;
    for (const auto& device : model::device_classes()) {
        const auto reasons = model::reasons_against(summary, device);
        array.push_back(json::object{
            {"class", device.name}, {"fits", reasons.empty()}, {"reasons", array_of(reasons)}});
    }
    return array;
}

json::object summary_json(const std::string& path, const Inspection& inspection) {
    const model::ModelSummary& summary = inspection.summary;
    json::array operators;
    for (const auto& one : summary.operators) {
        const auto place = runs_on(inspection, one);
        operators.push_back(
            json::object{{"code", one.code},
                         {"name", one.name},
                         {"version", one.version},
                         {"count", one.count},
                         {"built_in", place == "device"},
                         {"runs_on", place.empty() ? json::value() : json::value(place)}});
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
            {"format", "tflite"},
            {"size_bytes", summary.file_size_bytes},
            {"description", summary.description},
            {"subgraphs", summary.subgraph_count},
            {"runnable", summary.is_runnable},
            {"gateway_runnable", inspection.runs_on_gateway},
            {"missing", array_of(summary.missing)},
            {"arena_bytes", summary.arena_bytes},
            {"arena_is_estimate", !inspection.is_measured()},
            {"state_bytes", summary.state_bytes},
            {"multiply_accumulates",
             inspection.is_measured() ? json::value(summary.work) : json::value(nullptr)},
            {"weight_bytes", summary.weight_bytes},
            {"operators", operators},
            {"inputs", tensors_of(summary.inputs)},
            {"outputs", tensors_of(summary.outputs)},
            {"weights", weights},
            {"bits_per_weight", bits_per_weight(inspection.layers)},
            {"layers", layers_json(inspection.layers)},
            {"fits", fits_json(summary)},
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

void print_layers(const Inspection& inspection) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& one : inspection.layers) {
        const auto& tensor = inspection.summary.tensors.at(one.tensor);
        rows.push_back({std::to_string(one.operator_index), one.operator_name, tensor.type_name,
                        shape_text(tensor.shape), grouped(one.stored_bytes),
                        fmt::format("{:.2f}", one.stored_bits),
                        fmt::format("{:.2f}", one.entropy_bits), grouped(one.bound_bytes)});
    }
    print_table({"layer", "operator", "type", "weights", "bytes", "bits", "entropy", "bound"},
                rows);
    fmt::print("{:.2f} bits a weight stored, {:.2f} by the entropy of single values\n\n",
               bits_per_weight(inspection.layers), entropy_per_weight(inspection.layers));
}

template <typename Summary>
void print_fits(const Summary& summary) {
    for (const auto& device : model::device_classes()) {
        const auto reasons = model::reasons_against(summary, device);
        fmt::print("{:<6} {}\n", device.name,
                   reasons.empty() ? std::string("fits")
                                   : fmt::format("no: {}", fmt::join(reasons, "; ")));
    }
}

void print_summary(const std::string& path, const Inspection& inspection) {
    const model::ModelSummary& summary = inspection.summary;
    fmt::print("{}: {} bytes, of them {} weights\n", path, grouped(summary.file_size_bytes),
               grouped(summary.weight_bytes));
    print_ports("input", summary, summary.inputs);
    print_ports("output", summary, summary.outputs);
    fmt::print("arena    {} bytes{}\n", grouped(summary.arena_bytes),
               summary.is_runnable        ? ""
               : inspection.is_measured() ? " on the gateway"
                                          : ", estimated: the largest activations of one moment");
    if (summary.state_bytes != 0) {
        fmt::print("state    {} bytes, kept between inferences\n", grouped(summary.state_bytes));
    }
    fmt::print("work     {}\n\n", inspection.is_measured()
                                      ? grouped(summary.work) + " multiply-accumulates"
                                      : std::string("not known: nothing here runs the model"));
    std::vector<std::vector<std::string>> rows;
    for (const auto& one : summary.operators) {
        const auto place = runs_on(inspection, one);
        rows.push_back({one.name, std::to_string(one.version), std::to_string(one.count),
                        place.empty() ? "not known" : std::string(place)});
    }
    print_table({"operator", "version", "count", "runs on"}, rows);
    fmt::print("\n");
    print_layers(inspection);
    print_fits(summary);
    if (summary.is_runnable) {
        fmt::print("\nThe device runtime runs this model.\n");
        return;
    }
    fmt::print("\nThe device runtime cannot run this model:\n");
    for (const auto& one : summary.missing) {
        fmt::print("  {}\n", one);
    }
    if (inspection.runs_on_gateway) {
        fmt::print("The gateway runs it.\n");
    }
}

constexpr int kBonsaiStackBytes = 600;  // frugal/bonsai.h

json::object bonsai_json(const std::string& path, const model::BonsaiSummary& summary) {
    const json::object input{{"name", "input"},
                             {"shape", json::array{summary.inputs}},
                             {"type", "INT8"},
                             {"size_bytes", summary.inputs}};
    return {{"file", path},
            {"format", "bonsai"},
            {"size_bytes", summary.file_size_bytes},
            {"header_bytes", summary.header_bytes},
            {"projection_bytes", summary.projection_bytes},
            {"tree_bytes", summary.tree_bytes},
            {"projection_weights", summary.projection_weights},
            {"projection_elements", summary.projection_elements},
            {"features", summary.features},
            {"depth", summary.depth},
            {"nodes", summary.nodes},
            {"classes", summary.classes},
            {"multiply_accumulates", summary.work},
            {"arena_bytes", summary.inputs},
            {"arena_is_estimate", false},
            {"state_bytes", 0},
            {"stack_bytes_max", kBonsaiStackBytes},
            {"fits", fits_json(summary)},
            {"inputs", json::array{input}}};
}

void print_bonsai(const std::string& path, const model::BonsaiSummary& summary) {
    fmt::print("{}: a Bonsai tree in {} bytes\n", path, grouped(summary.file_size_bytes));
    fmt::print("input      INT8 [{}], zero point {}\n", summary.inputs, summary.input_zero);
    fmt::print("classes    {}\n", summary.classes);
    fmt::print("header     {} bytes\n", summary.header_bytes);
    fmt::print(
        "projection {} bytes: {} of {} weights into {} features, {:.2f} bits a weight kept\n",
        grouped(summary.projection_bytes), grouped(summary.projection_weights),
        grouped(summary.projection_elements), summary.features,
        summary.projection_weights == 0 ? 0.0
                                        : 8.0 * static_cast<double>(summary.projection_bytes) /
                                              static_cast<double>(summary.projection_weights));
    fmt::print("tree       {} bytes: depth {}, {} nodes, 8 bits a weight\n",
               grouped(summary.tree_bytes), summary.depth, summary.nodes);
    fmt::print("arena      {} bytes, one input, for the self-test after a transfer\n",
               grouped(summary.inputs));
    fmt::print("work       {} multiply-accumulates; less than {} bytes of stack\n\n",
               grouped(summary.work), kBonsaiStackBytes);
    print_fits(summary);
    fmt::print("\nThe device library runs this model (frugal/bonsai.h).\n");
}

Result<int> inspect_bonsai(const Context& context, const std::string& path, base::ByteView bytes) {
    const auto summary = model::read_bonsai(bytes);
    if (!summary) {
        return fail(summary.error(), path);
    }
    if (context.json) {
        print_json("model-inspect", bonsai_json(path, *summary));
    } else {
        print_bonsai(path, *summary);
    }
    return kExitDone;
}

}  // namespace

Result<int> inspect_model(const Context& context, const std::string& path,
                          const std::string& public_key) {
    const auto bytes = read_bytes(path);
    if (!bytes) {
        return tl::unexpected(bytes.error());
    }
    if (wire::is_bundle(*bytes)) {
        return inspect_bundle(context, path, *bytes, public_key);
    }
    if (!public_key.empty()) {
        return fail(base::ErrorKind::kInvalidInput, path + ": --key has nothing to verify here",
                    "it is no release bundle; nothing else is signed",
                    "Leave out --key, or name the bundle that model build wrote.");
    }
    if (model::is_bonsai(*bytes)) {
        return inspect_bonsai(context, path, *bytes);
    }
    auto summary = model::read_model(*bytes);
    if (!summary) {
        return fail(summary.error(), path);
    }
    const Inspection inspection = inspect(std::move(*summary), *bytes);
    if (context.json) {
        print_json("model-inspect", summary_json(path, inspection));
    } else {
        print_summary(path, inspection);
    }
    return kExitDone;
}

}  // namespace frugal::cli
