// SPDX-License-Identifier: Apache-2.0
#include "cli/pack_commands.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include <fmt/format.h>

#include <boost/json/array.hpp>

#include "cli/files.hpp"
#include "cli/output.hpp"
#include "cli/plain_text.hpp"
#include "frugal/codec.h"
#include "frugal/limits.h"
#include "inference/run_model.hpp"
#include "model/bonsai/bonsai.hpp"
#include "model/codec/codec.hpp"
#include "model/pack/pack.hpp"
#include "model/tflite/strip.hpp"
#include "model/tflite/summary.hpp"
#include "wire/bundle.hpp"

namespace frugal::cli {

using base::ErrorKind;
using base::fail;
using base::Result;
namespace json = boost::json;

namespace {

constexpr std::size_t kComparedInputs = 16;

/// The same inputs every time: a linear congruential sequence; floats of -2 to 2.
base::Bytes made_up_input(const model::ModelSummary& summary, std::uint32_t seed) {
    base::Bytes bytes;
    std::uint32_t state = seed * 2654435761U + 1U;
    const auto next = [&state] {
        state = state * 1664525U + 1013904223U;
        return static_cast<std::uint8_t>(state >> 24);
    };
    for (const auto index : summary.inputs) {
        const auto& tensor = summary.tensors.at(index);
        const bool is_float = tensor.type_name == "FLOAT32";
        for (std::uint64_t i = 0; i < tensor.size_bytes; i += is_float ? sizeof(float) : 1) {
            const std::uint8_t byte = next();
            const float number = (static_cast<float>(byte) - 128) / 64;
            const auto raw = std::bit_cast<std::array<std::uint8_t, sizeof(float)>>(number);
            if (is_float) {
                bytes.insert(bytes.end(), raw.begin(), raw.end());
            } else {
                bytes.push_back(byte);
            }
        }
    }
    return bytes;
}

struct Comparison {
    std::size_t inputs = 0;
    bool is_same = true;
    std::string obstacle{};  ///< why nothing was compared
};

bool has_same_outputs(const inference::RunOutput& one, const inference::RunOutput& other) {
    return std::ranges::equal(one.steps.back(), other.steps.back(), {},
                              &inference::RunTensor::bytes, &inference::RunTensor::bytes);
}

/// Runs both files on the same inputs, with the device's operators or the gateway's float ones.
Result<Comparison> compare(base::ByteView file, base::ByteView stripped) {
    Comparison comparison;
    const auto summary = model::read_model(file);
    if (!summary) {
        comparison.obstacle = summary.error().message;
        return comparison;
    }
    for (std::uint32_t seed = 1; seed <= kComparedInputs; ++seed) {
        const base::Bytes input = made_up_input(*summary, seed);
        const auto before = inference::run_model(file, input);
        if (!before) {
            comparison.obstacle = before.error().message;
            return comparison;
        }
        const auto after = inference::run_model(stripped, input);
        if (!after) {
            return tl::unexpected(after.error().with_context("strip: comparing both files"));
        }
        comparison.is_same = comparison.is_same && has_same_outputs(*before, *after);
        ++comparison.inputs;
    }
    return comparison;
}

struct Stripped {
    base::Bytes bytes;
    Comparison comparison;
    std::size_t packed_bytes = 0;  ///< of the stripped file
    bool is_used = false;          ///< not if the file as given packs smaller
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
                    "outputs differ", "Pack without --strip and report the model file.");
    }
    return Stripped{std::move(*bytes), *comparison};
}

/// Packs the stripped file, or the one given where that is smaller: as a delta against a base that
/// was never stripped, for one.
Result<model::PackReport> pack_smaller(base::ByteView file, std::optional<Stripped>& stripped,
                                       const model::PackOptions& options) {
    auto report = model::pack_file(file, options);
    if (!stripped) {
        return report;
    }
    auto other = model::pack_file(stripped->bytes, options);
    if (!other) {
        return other;
    }
    // The file as given may be too large to travel at all.
    stripped->packed_bytes = other->stream.size();
    stripped->is_used = !report || other->stream.size() <= report->stream.size();
    return stripped->is_used ? std::move(other) : std::move(report);
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
                        {"output", arguments.out},
                        {"raw_bytes", file_size},
                        {"packed_bytes", report.stream.size()},
                        {"bound_bytes", report.bound_bytes},
                        {"decoder_ram_bytes", report.decoder_ram_bytes},
                        {"profile", report.profile},
                        {"is_delta", report.is_delta},
                        {"segments", std::move(segments)}};
    if (arguments.is_strip && !stripped) {
        object["is_stripped"] = false;
    }
    if (stripped) {
        object["is_stripped"] = stripped->is_used;
        object["stripped_bytes"] = stripped->bytes.size();
        object["stripped_packed_bytes"] = stripped->packed_bytes;
        object["compared_inputs"] = stripped->comparison.inputs;
        object["not_compared"] = stripped->comparison.obstacle;
    }
    return object;
}

void print_report(const model::PackReport& report, std::size_t file_size,
                  const std::optional<Stripped>& stripped) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& segment : report.segments) {
        rows.push_back({segment.kind, short_name(segment.tensor), std::to_string(segment.raw_bytes),
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
        const auto& comparison = stripped->comparison;
        fmt::print(" ({})", comparison.inputs > 0
                                ? fmt::format("same outputs on {} inputs", comparison.inputs)
                                : "not compared: " + plain_text(comparison.obstacle));
    }
    if (stripped && !stripped->is_used) {
        fmt::print("; packed as given, for stripped it would take {}",
                   grouped(stripped->packed_bytes));
    }
    fmt::print(" -> {} packed ({}, profile {}), bound {:.0f}; the decoder needs {} bytes of RAM\n",
               grouped(report.stream.size()), report.is_delta ? "delta" : "full", report.profile,
               report.bound_bytes, grouped(report.decoder_ram_bytes));
}

// The decoder names its fault in a word, for devices; here a person mistook a file.
tl::unexpected<base::Error> cannot_unpack(const PackArguments& arguments, base::ByteView stream,
                                          const base::Error& why) {
    // A tree and a bundle begin with the same two letters.
    const bool is_packed = base::as_text(stream).starts_with("FR") && !model::is_bonsai(stream) &&
                           !wire::is_bundle(stream);
    if (!is_packed) {
        return fail(why.kind, arguments.file + ": is no packed file",
                    stream.empty() ? "it is empty" : "", "Name a file that model pack wrote.");
    }
    if (why.cause == fr_codec_fault_name(FR_CODEC_FAULT_BASE) && arguments.base.empty()) {
        return fail(why.kind, arguments.file + ": is a delta", "its base is not given",
                    "Give --base with the file it was packed against.");
    }
    if (why.cause == fr_codec_fault_name(FR_CODEC_FAULT_BASE)) {
        return fail(why.kind, arguments.base + ": is not the base of " + arguments.file,
                    "its SHA-256 is another", "Give --base with the file it was packed against.");
    }
    return fail(why.kind, arguments.file + ": the packed file is damaged", why.cause,
                "Copy it again, or pack the file anew.");
}

Result<base::Bytes> read_base(const PackArguments& arguments) {
    return arguments.base.empty() ? base::Bytes{} : read_bytes(arguments.base);
}

}  // namespace

Result<int> pack_model(const Context& context, const PackArguments& arguments) {
    if (auto checked = check_output(arguments.out, {arguments.file, arguments.base}); !checked) {
        return tl::unexpected(checked.error());
    }
    const auto file = read_bytes(arguments.file);
    if (!file) {
        return tl::unexpected(file.error());
    }
    const auto old = read_base(arguments);
    if (!old) {
        return tl::unexpected(old.error());
    }
    std::optional<Stripped> stripped;
    if (arguments.is_strip && model::is_bonsai(*file)) {
        say("note: a Bonsai tree holds nothing to strip; it is packed as it is");
    } else if (arguments.is_strip) {
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
    const auto report = pack_smaller(*file, stripped, options);
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
    if (auto checked = check_output(arguments.out, {arguments.file, arguments.base}); !checked) {
        return tl::unexpected(checked.error());
    }
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
        return cannot_unpack(arguments, *stream, file.error());
    }
    if (auto written = write_bytes(arguments.out, *file); !written) {
        return tl::unexpected(written.error());
    }
    if (context.json) {
        print_json("model-unpack", json::object{{"file", arguments.file},
                                                {"out", arguments.out},
                                                {"output", arguments.out},
                                                {"packed_bytes", stream->size()},
                                                {"raw_bytes", file->size()}});
    } else {
        fmt::print("{} bytes unpacked to {}\n", grouped(file->size()), arguments.out);
    }
    return kExitDone;
}

}  // namespace frugal::cli
