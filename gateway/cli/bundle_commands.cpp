// SPDX-License-Identifier: Apache-2.0
#include "cli/bundle_commands.hpp"

#include <algorithm>
#include <charconv>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/hex.hpp"
#include "cli/compress_report.hpp"
#include "cli/files.hpp"
#include "cli/fit_told.hpp"
#include "cli/output.hpp"
#include "crypto/sha256.hpp"
#include "release/bundle_builder.hpp"

namespace frugal::cli {

using base::Bytes;
using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

struct ClassFile {
    base::ClassName device_class;
    std::uint32_t accuracy_permyriad = 0;
    Bytes bytes;
};

/// "tiny=model.tflite" or "tiny@9105=model.tflite", the file read.
Result<ClassFile> read_class_file(const std::string& option, const std::string& text) {
    const auto equals = text.find('=');
    const auto at = std::min(text.find('@'), equals);
    auto name = base::ClassName::parse(text.substr(0, at));
    std::uint32_t accuracy = 0;
    bool is_accuracy_good = at == equals;
    if (!is_accuracy_good && equals != std::string::npos) {
        const char* end = text.data() + equals;
        const auto parsed = std::from_chars(text.data() + at + 1, end, accuracy);
        is_accuracy_good =
            parsed.ec == std::errc() && parsed.ptr == end && accuracy >= 1 && accuracy <= 10'000;
    }
    if (equals == std::string::npos || !name || !is_accuracy_good) {
        return fail(ErrorKind::kInvalidInput, option + " " + text + " is not CLASS=FILE", {},
                    "Write e.g. " + option +
                        " m4=FILE, or m4@9105=FILE with its accuracy in "
                        "1/10000; a class is a-z, 0-9 and -.");
    }
    auto bytes = read_bytes(text.substr(equals + 1));
    if (!bytes) {
        return tl::unexpected(bytes.error());
    }
    return ClassFile{*name, accuracy, std::move(*bytes)};
}

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> parts;
    for (std::size_t at = 0; at < text.size();) {
        const auto comma = std::min(text.find(',', at), text.size());
        parts.push_back(text.substr(at, comma - at));
        at = comma + 1;
    }
    return parts;
}

Result<release::BundleSource> empty_source(const BuildOptions& options) {
    const auto name = base::ModelName::parse(options.name);
    if (!name) {
        return fail(ErrorKind::kInvalidInput, "\"" + options.name + "\" is no model name",
                    "a name has 1 to 64 characters of a-z, 0-9 and -", "Choose another.");
    }
    return release::BundleSource{
        .release = {.model = *name,
                    .release = options.release,
                    .counter = options.counter == 0 ? options.release : options.counter,
                    .task = options.task,
                    .variants = {}},
        .provenance = {},
        .task_name = options.task_name,
        .labels = split(options.labels),
        .note = options.note,
        .tool = "frugalctl"};
}

Result<void> add_models(release::BundleSource& source, const BuildOptions& options) {
    for (const auto& text : options.variants) {
        auto file = read_class_file("--variant", text);
        if (!file) {
            return tl::unexpected(file.error());
        }
        source.release.variants.push_back(
            {file->device_class, std::move(file->bytes), file->accuracy_permyriad});
    }
    for (const auto& text : options.bases) {
        auto file = read_class_file("--base", text);
        if (!file) {
            return tl::unexpected(file.error());
        }
        const auto digest = crypto::sha256(file->bytes);
        source.release.bases.push_back({file->device_class, digest, std::move(file->bytes)});
    }
    return {};
}

/// Both would be signed: what is stated must be what was measured.
Result<void> take_accuracy(release::VariantSource& variant, std::uint32_t measured_permyriad,
                           const std::string& report) {
    const std::uint32_t stated = variant.accuracy_permyriad;
    if (stated == 0 || measured_permyriad == 0 || stated == measured_permyriad) {
        variant.accuracy_permyriad = std::max(stated, measured_permyriad);
        return {};
    }
    const std::string name = variant.device_class.text();
    return fail(ErrorKind::kConflict,
                fmt::format("--variant {}@{}: {} says another accuracy", name, stated, report),
                fmt::format("{:.2f} % is stated, accuracy_after of the report is {:.2f} %",
                            stated / 100.0, measured_permyriad / 100.0),
                fmt::format("Write {}=FILE, and that of the report is taken; or leave out --report "
                            "if the accuracy was measured with other samples.",
                            name));
}

/// A report belongs to the variants whose file it made.
Result<void> add_report(release::BundleSource& source, const std::string& path) {
    const auto text = read_bytes(path);
    const auto report = text ? read_compress_report(base::as_text(*text), path)
                             : Result<CompressReport>(tl::unexpected(text.error()));
    if (!report) {
        return tl::unexpected(report.error());
    }
    bool is_used = false;
    for (std::size_t i = 0; i < source.provenance.size(); ++i) {
        auto& variant = source.release.variants[i];
        if (crypto::sha256(variant.tflite) == report->output_digest) {
            source.provenance[i] = report->provenance;
            auto taken = take_accuracy(variant, report->accuracy_permyriad, path);
            if (!taken) {
                return taken;
            }
            is_used = true;
        }
    }
    if (!is_used) {
        return fail(ErrorKind::kConflict, path + ": the report is about another model",
                    "no variant has SHA-256 " + base::to_hex(report->output_digest),
                    "Give the report that was written with one of these files.");
    }
    return {};
}

Result<void> add_stories(release::BundleSource& source, const BuildOptions& options) {
    source.provenance.resize(source.release.variants.size());
    for (const auto& path : options.reports) {
        if (auto added = add_report(source, path); !added) {
            return added;
        }
    }
    if (!options.data.empty()) {
        const auto data = read_bytes(options.data);
        if (!data) {
            return tl::unexpected(data.error());
        }
        source.data_digest = crypto::sha256(*data);
    }
    return {};
}

std::vector<std::string> inputs_of(const BuildOptions& options) {
    std::vector<std::string> inputs{options.key, options.data};
    inputs.insert(inputs.end(), options.reports.begin(), options.reports.end());
    for (const auto* models : {&options.variants, &options.bases}) {
        for (const auto& text : *models) {
            inputs.push_back(text.substr(text.find('=') + 1));  // CLASS=FILE
        }
    }
    return inputs;
}

Result<int> write_bundle(const Context& context, const std::string& command,
                         const std::string& output, const Bytes& bytes,
                         const crypto::ReleaseKey& key) {
    if (auto written = write_bytes(output, bytes); !written) {
        return tl::unexpected(written.error());
    }
    const std::string key_id = fmt::format("{:08x}", key.key_id());
    if (context.json) {
        print_json(command, {{"output", output},
                             {"bytes", bytes.size()},
                             {"sha256", base::to_hex(crypto::sha256(bytes))},
                             {"key_id", key_id}});
    } else {
        fmt::print("{}: {} bytes, signed by key {}\n", output, grouped(bytes.size()), key_id);
    }
    return kExitDone;
}

}  // namespace

Result<int> build_bundle_file(const Context& context, const BuildOptions& options) {
    if (auto checked = check_output(options.output, inputs_of(options)); !checked) {
        return tl::unexpected(checked.error());
    }
    const auto key = crypto::ReleaseKey::load(options.key);
    if (!key) {
        return fail(key.error(), "--key " + options.key);
    }
    auto source = empty_source(options);
    if (!source) {
        return tl::unexpected(source.error());
    }
    if (auto added = add_models(*source, options); !added) {
        return tl::unexpected(added.error());
    }
    if (auto added = add_stories(*source, options); !added) {
        return tl::unexpected(added.error());
    }
    const auto bytes = release::build_bundle(*source, *key);
    if (!bytes) {
        return tl::unexpected(bytes.error());
    }
    for (const auto& variant : source->release.variants) {
        for (const auto& doubt : doubts_of(variant.device_class.text(), variant.tflite)) {
            say("warning: " + doubt);
        }
    }
    auto done = write_bundle(context, "model-build", options.output, *bytes, *key);
    if (done && !context.json) {
        say("Next, at the gateway: frugalctl model import " + options.output);
    }
    return done;
}

Result<int> permit_bundle_file(const Context& context, const PermitOptions& options) {
    if (auto checked = check_output(options.output, {options.key, options.bundle}); !checked) {
        return tl::unexpected(checked.error());
    }
    const auto key = crypto::ReleaseKey::load(options.key);
    if (!key) {
        return fail(key.error(), "--key " + options.key);
    }
    const auto bytes = read_bytes(options.bundle);
    if (!bytes) {
        return tl::unexpected(bytes.error());
    }
    const auto earlier = release::VerifiedBundle::open(*bytes, key->public_key());
    if (!earlier) {
        return fail(earlier.error(), options.bundle);
    }
    const auto permit =
        release::build_permit_bundle(*earlier, {options.release, options.counter}, *key);
    if (!permit) {
        return fail(permit.error(), options.bundle);
    }
    return write_bundle(context, "model-permit", options.output, *permit, *key);
}

void add_bundle_commands(CLI::App& model, Context& context) {
    auto options = std::make_shared<BuildOptions>();
    auto* build = model.add_subcommand(
        "build",
        "sign .tflite files and Bonsai trees as one release bundle with the author's key; no "
        "gateway");
    build->add_option("name", options->name, "model name")->required();
    build->add_option("--key", options->key, "release.key (frugalctl key generate)")->required();
    build->add_option("--task", options->task, "its number at the sites")
        ->required()
        ->check(CLI::Range(1, 255));
    build->add_option("--release", options->release, "number of the release")
        ->required()
        ->check(CLI::Range(1, INT32_MAX));
    build->add_option("--counter", options->counter, "anti-rollback counter; default: the release")
        ->check(CLI::Range(1, INT32_MAX));
    build
        ->add_option("--variant", options->variants,
                     "CLASS=FILE for each device class; any=FILE fits all; several for one class "
                     "state their accuracy in 1/10000: m4@9105=FILE")
        ->required();
    build->add_option("--base", options->bases,
                      "CLASS=FILE devices may run: makes deltas possible");
    build->add_option("--report", options->reports,
                      "output of frugalctl --json model compress; belongs to the file it made");
    build->add_option("--data", options->data, "a file about the training data: its SHA-256");
    build->add_option("--task-name", options->task_name, "the task must have this name at a site");
    build->add_option("--labels", options->labels, "and these classes, with commas");
    build->add_option("--note", options->note, "for people");
    build->add_option("-o,--output", options->output, "the bundle to write")->required();
    on_command(*build, context,
               [&context, options] { return build_bundle_file(context, *options); });

    auto permit_options = std::make_shared<PermitOptions>();
    auto* permit = model.add_subcommand(
        "permit", "sign a permit to go back to the release of an earlier bundle; no gateway");
    permit->add_option("bundle", permit_options->bundle, "the earlier bundle")->required();
    permit->add_option("--key", permit_options->key, "release.key")->required();
    permit->add_option("--release", permit_options->release, "as rollout rollback asks for")
        ->required();
    permit->add_option("--counter", permit_options->counter, "likewise")->required();
    permit->add_option("-o,--output", permit_options->output)->required();
    on_command(*permit, context,
               [&context, permit_options] { return permit_bundle_file(context, *permit_options); });
}

}  // namespace frugal::cli
