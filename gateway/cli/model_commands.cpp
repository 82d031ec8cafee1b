// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/api_client.hpp"
#include "cli/bundle_commands.hpp"
#include "cli/command.hpp"
#include "cli/compress_command.hpp"
#include "cli/export_command.hpp"
#include "cli/files.hpp"
#include "cli/fit_command.hpp"
#include "cli/fit_told.hpp"
#include "cli/form.hpp"
#include "cli/inspect_command.hpp"
#include "cli/json_path.hpp"
#include "cli/offline_model.hpp"
#include "cli/output.hpp"
#include "cli/pack_commands.hpp"
#include "cli/show_command.hpp"
#include "cli/task_name.hpp"

namespace frugal::cli {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

struct ImportOptions {
    std::string name;
    std::string task;
    std::vector<std::string> variants;
};

Result<std::vector<FormPart>> read_variants(const std::vector<std::string>& variants) {
    std::vector<FormPart> parts;
    for (const auto& variant : variants) {
        const auto equals = variant.find('=');
        if (equals == std::string::npos) {
            return fail(ErrorKind::kInvalidInput, "--variant " + variant + " names no file", {},
                        "Write --variant CLASS=FILE, e.g. --variant m4=model.tflite.");
        }
        auto bytes = read_bytes(variant.substr(equals + 1));
        if (!bytes) {
            return tl::unexpected(bytes.error());
        }
        parts.push_back({variant.substr(0, equals), std::move(*bytes)});
    }
    return parts;
}

Result<int> import(const Context& context, const ImportOptions& options) {
    const auto parts = read_variants(options.variants);
    if (!parts) {
        return tl::unexpected(parts.error());
    }
    const auto task = find_task(context, options.task);
    if (!task) {
        return tl::unexpected(task.error());
    }
    const auto imported = ApiClient(context).call(form_request(
        "POST", fmt::format("/api/v1/models?model={}&task={}", percent_encode(options.name), *task),
        *parts));
    if (!imported) {
        return tl::unexpected(imported.error());
    }
    say_misfits(context, options.name, number_at(*imported, "release"));
    if (context.json) {
        print_json("model-import", imported->as_object());
        return kExitDone;
    }
    const std::string release = fmt::format("{}@{}", options.name, number_at(*imported, "release"));
    fmt::print("imported, packed and signed as {}\n", release);
    say("Next: frugalctl rollout start " + release);
    return kExitDone;
}

Result<int> import_bundle(const Context& context, const std::string& path) {
    const auto bytes = read_bytes(path);
    if (!bytes) {
        return fail(bytes.error(),
                    "import takes a bundle file, or a model's name with --task and --variant");
    }
    const auto imported = ApiClient(context).call(
        {"POST", "/api/v1/bundles", std::string(kBundleType), std::string(base::as_text(*bytes))});
    if (!imported) {
        return tl::unexpected(imported.error());
    }
    say_misfits(context, text_at(*imported, "model"), number_at(*imported, "release"));
    if (context.json) {
        print_json("model-import", imported->as_object());
        return kExitDone;
    }
    const std::string release =
        fmt::format("{}@{}", text_at(*imported, "model"), number_at(*imported, "release"));
    fmt::print("verified, packed and imported as {}\n", release);
    say("Next: frugalctl rollout start " + release);
    return kExitDone;
}

Result<int> list(const Context& context) {
    const auto answer = ApiClient(context).call({"GET", "/api/v1/models", {}, {}});
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    if (context.json) {
        print_json("model-list", answer->as_object());
        return kExitDone;
    }
    std::vector<std::vector<std::string>> rows;
    for (const auto& release : list_at(*answer, "releases")) {
        for (const auto& variant : list_at(release, "variants")) {
            std::uint64_t smallest = 0;
            for (const auto& artifact : list_at(variant, "artifacts")) {
                const auto size = number_at(artifact, "size_bytes");
                smallest = smallest == 0 ? size : std::min(smallest, size);
            }
            rows.push_back(
                {fmt::format("{}@{}", text_at(release, "model"), text_at(release, "release")),
                 text_at(variant, "device_class"), text_at(release, "task"),
                 text_at(variant, "model_bytes"), std::to_string(smallest),
                 text_at(variant, "arena_bytes")});
        }
    }
    print_table({"release", "class", "task", "model B", "least on air B", "arena B"}, rows);
    return kExitDone;
}

void add_pack_commands(CLI::App& noun, Context& context) {
    auto packing = std::make_shared<PackArguments>();
    auto* pack = noun.add_subcommand("pack", "the fewest bytes for any file; needs no gateway");
    pack->add_option("file", packing->file)->required();
    pack->add_option("-o,--output", packing->out, "packed file")->required();
    pack->add_flag("--strip", packing->is_strip,
                   "leave out what no interpreter reads, where that packs smaller");
    pack->add_option("--profile", packing->profile,
                     "0: 0.8 KB of decoder RAM, 1: 1.6 KB, 2: 1.8 KB (default)")
        ->check(CLI::Range(0, 2));
    pack->add_option("--base", packing->base, "the file the device has: packs a delta if smaller");
    on_command(*pack, context, [&context, packing] { return pack_model(context, *packing); });
    auto unpacking = std::make_shared<PackArguments>();
    auto* unpack = noun.add_subcommand("unpack", "gives a packed file back, bit for bit");
    unpack->add_option("file", unpacking->file)->required();
    unpack->add_option("-o,--output", unpacking->out, "the file it was")->required();
    unpack->add_option("--base", unpacking->base, "the file a delta was made against");
    on_command(*unpack, context,
               [&context, unpacking] { return unpack_model(context, *unpacking); });
}

}  // namespace

void add_model_commands(CLI::App& root, Context& context) {
    auto* noun = root.add_subcommand("model", "model files and releases")->require_subcommand(1);
    auto file = std::make_shared<std::string>();
    auto input = std::make_shared<std::string>();
    auto* inspect = noun->add_subcommand(
        "inspect",
        "what a .tflite, a Bonsai tree or a release bundle holds, and what it fits; needs no "
        "gateway");
    auto public_key = std::make_shared<std::string>();
    inspect->add_option("file", *file)->required();
    inspect->add_option("--key", *public_key, "release.pub that a bundle must verify with");
    on_command(*inspect, context,
               [&context, file, public_key] { return inspect_model(context, *file, *public_key); });
    auto* run = noun->add_subcommand(
        "run", "run a .tflite or a Bonsai tree on raw input bytes; needs no gateway");
    run->add_option("file", *file)->required();
    run->add_option("--input", *input,
                    "raw bytes of all inputs, one after another; of any number of steps for a "
                    "streaming model")
        ->required();
    on_command(*run, context,
               [&context, file, input] { return run_model_file(context, *file, *input); });

    add_compress_command(*noun, context);
    add_pack_commands(*noun, context);
    add_export_command(*noun, context);
    add_bundle_commands(*noun, context);

    auto options = std::make_shared<ImportOptions>();
    auto* import_command = noun->add_subcommand(
        "import",
        "verify a release bundle; or check, pack and sign .tflite files and Bonsai trees as "
        "one release");
    import_command->add_option("name", options->name, "a bundle file; or the model's name")
        ->required();
    auto* task =
        import_command->add_option("--task", options->task, "name or number, of model files");
    import_command
        ->add_option("--variant", options->variants,
                     "CLASS=FILE for each device class; any=FILE fits all; several for one class "
                     "state their accuracy in 1/10000: m4@9105=FILE")
        ->needs(task);
    on_command(*import_command, context, [&context, options] {
        return options->variants.empty() ? import_bundle(context, options->name)
                                         : import(context, *options);
    });
    add_fit_command(*noun, context);
    add_show_command(*noun, context);
    on_command(*noun->add_subcommand("list", "releases and their variants"), context,
               [&context] { return list(context); });
}

}  // namespace frugal::cli
