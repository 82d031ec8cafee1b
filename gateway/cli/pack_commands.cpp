// SPDX-License-Identifier: Apache-2.0
#include "cli/pack_commands.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>

#include "cli/files.hpp"
#include "cli/output.hpp"
#include "frugal/limits.h"
#include "inference/run_model.hpp"
#include "model/codec/codec.hpp"
#include "model/pack/pack.hpp"
#include "model/tflite/strip.hpp"
#include "model/tflite/summary.hpp"

namespace frugal::cli {

using base::ErrorKind;
using base::fail;
using base::Result;
namespace json = boost::json;

namespace {

constexpr std::size_t kComparedInputs = 16;

std::uint64_t input_size(const model::ModelSummary& summary) {
    std::uint64_t size = 0;
    for (const auto index : summary.inputs) {
        size += summary.tensors.at(index).size_bytes;
    }
    return size;
}

/// The same inputs every time: a linear congruential sequence.
base::Bytes made_up_input(std::size_t size, std::uint32_t seed) {
    base::Bytes bytes(size);
    std::uint32_t state = seed * 2654435761U + 1U;
    for (auto& byte : bytes) {
        state = state * 1664525U + 1013904223U;
        byte = static_cast<std::uint8_t>(state >> 24);
    }
    return bytes;
}

struct Comparison {
    std::size_t inputs = 0;  ///< 0: not runnable here
    bool is_same = true;
};

Result<bool> agree(base::ByteView one, base::ByteView other, base::ByteView input) {
    const auto first = inference::run_model(one, input);
    const auto second = inference::run_model(other, input);
    if (!first || !second) {
        return tl::unexpected(first ? second.error() : first.error());
    }
    const auto& left = first->steps.back();
    const auto& right = second->steps.back();
    bool is_same = left.size() == right.size();
    for (std::size_t i = 0; is_same && i < left.size(); ++i) {
        is_same = left[i].bytes == right[i].bytes;
    }
    return is_same;
}

/// Runs both files on the same inputs, where the device runtime can.
Result<Comparison> compare(base::ByteView file, base::ByteView stripped) {
    Comparison comparison;
    const auto summary = model::read_model(file);
    if (!summary || !summary->is_runnable) {
        return comparison;
    }
    for (std::uint32_t seed = 1; seed <= kComparedInputs; ++seed) {
        const auto same = agree(file, stripped, made_up_input(input_size(*summary), seed));
        if (!same) {
            return tl::unexpected(same.error().with_context("strip: comparing both files"));
        }
        comparison.is_same = comparison.is_same && *same;
        ++comparison.inputs;
    }
    return comparison;
}

struct Stripped {
    base::Bytes bytes;
    Comparison comparison;
};

Result<Stripped> strip(base::ByteView file) {
    auto bytes = model::strip_model(file);
    if (!bytes) {
        return tl::unexpected(bytes.error());
    }
    const auto comparison = compare(file, *bytes);
    if (!comparison) {
        return tl::unexpected(comparison.error());
    }
    if (!comparison->is_same) {
        return fail(ErrorKind::kInternal, "strip: the stripped file computes something else",
                    "outputs differ", "pack without --strip and report the model file");
    }
    return Stripped{std::move(*bytes), *comparison};
}

json::object report_json(const PackArguments& arguments, const model::PackReport& report,
                         std::size_t file_size, const std::optional<Stripped>& stripped) {
    json::array segments;
    for (const auto& segment : report.segments) {
        json::object one{{"kind", segment.kind},
                         {"tensor", segment.tensor},
                         {"offset", segment.offset},
                         {"raw_bytes", segment.raw_bytes},
                         {"coded_bytes", segment.coded_bytes},
                         {"bound_bytes", segment.bound_bytes}};
        if (segment.kind == "weights") {
            one["bits_per_weight"] =
                8.0 * segment.coded_bytes / static_cast<double>(segment.raw_bytes);
        }
        segments.push_back(std::move(one));
    }
    json::object object{{"file", arguments.file},
                        {"out", arguments.out},
                        {"raw_bytes", file_size},
                        {"packed_bytes", report.stream.size()},
                        {"bound_bytes", report.bound_bytes},
                        {"decoder_ram_bytes", report.decoder_ram_bytes},
                        {"profile", report.profile},
                        {"is_delta", report.is_delta},
                        {"segments", std::move(segments)}};
    if (stripped) {
        object["stripped_bytes"] = stripped->bytes.size();
        object["compared_inputs"] = stripped->comparison.inputs;
    }
    return object;
}

void print_report(const model::PackReport& report, std::size_t file_size,
                  const std::optional<Stripped>& stripped) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& segment : report.segments) {
        rows.push_back({segment.kind, segment.tensor, std::to_string(segment.raw_bytes),
                        fmt::format("{:.1f}", segment.coded_bytes),
                        fmt::format("{:.1f}", segment.bound_bytes),
                        segment.kind == "weights"
                            ? fmt::format("{:.3f}", 8.0 * segment.coded_bytes /
                                                        static_cast<double>(segment.raw_bytes))
                            : ""});
    }
    print_table({"segment", "tensor", "raw B", "coded B", "bound B", "bits/weight"}, rows);
    fmt::print("\n{} bytes", grouped(file_size));
    if (stripped) {
        fmt::print(", stripped {}", grouped(stripped->bytes.size()));
        if (stripped->comparison.inputs > 0) {
            fmt::print(" (same outputs on {} inputs)", stripped->comparison.inputs);
        }
    }
    fmt::print(" -> {} packed ({}, profile {}), bound {:.0f}; the decoder needs {} bytes of RAM\n",
               grouped(report.stream.size()), report.is_delta ? "delta" : "full", report.profile,
               report.bound_bytes, grouped(report.decoder_ram_bytes));
}

Result<base::Bytes> read_base(const PackArguments& arguments) {
    return arguments.base.empty() ? base::Bytes{} : read_bytes(arguments.base);
}

}  // namespace

Result<int> pack_model(const Context& context, const PackArguments& arguments) {
    const auto file = read_bytes(arguments.file);
    if (!file) {
        return tl::unexpected(file.error());
    }
    const auto old = read_base(arguments);
    if (!old) {
        return tl::unexpected(old.error());
    }
    std::optional<Stripped> stripped;
    if (arguments.is_strip) {
        auto result = strip(*file);
        if (!result) {
            return tl::unexpected(result.error().with_context(arguments.file));
        }
        stripped = std::move(*result);
    }
    model::PackOptions options{std::nullopt, *old};
    if (arguments.profile >= 0) {
        options.profile = static_cast<std::uint8_t>(arguments.profile);
    }
    const auto report = model::pack_file(stripped ? stripped->bytes : *file, options);
    if (!report) {
        return tl::unexpected(report.error().with_context(arguments.file));
    }
    if (auto written = write_bytes(arguments.out, report->stream); !written) {
        return tl::unexpected(written.error());
    }
    if (context.json) {
        print_json("model-pack", report_json(arguments, *report, file->size(), stripped));
    } else {
        print_report(*report, file->size(), stripped);
    }
    return kExitDone;
}

Result<int> unpack_model(const Context& context, const PackArguments& arguments) {
    const auto stream = read_bytes(arguments.file);
    if (!stream) {
        return tl::unexpected(stream.error());
    }
    const auto old = read_base(arguments);
    if (!old) {
        return tl::unexpected(old.error());
    }
    const auto file = model::decode(*stream, FR_ARTIFACT_SIZE_MAX, *old);
    if (!file) {
        return tl::unexpected(file.error().with_context(arguments.file));
    }
    if (auto written = write_bytes(arguments.out, *file); !written) {
        return tl::unexpected(written.error());
    }
    if (context.json) {
        print_json("model-unpack", json::object{{"file", arguments.file},
                                                {"out", arguments.out},
                                                {"packed_bytes", stream->size()},
                                                {"raw_bytes", file->size()}});
    } else {
        fmt::print("{} bytes unpacked to {}\n", grouped(file->size()), arguments.out);
    }
    return kExitDone;
}

}  // namespace frugal::cli
