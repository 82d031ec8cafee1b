// SPDX-License-Identifier: Apache-2.0
#include "cli/export_command.hpp"

#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/files.hpp"
#include "cli/output.hpp"
#include "model/export/c_source.hpp"

namespace frugal::cli {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

Result<int> export_model(const Context& context, const std::string& path,
                         const std::string& output) {
    const std::filesystem::path source(output);
    if (source.extension() != ".c") {
        return fail(ErrorKind::kInvalidInput, output + " is no name of a C file", {},
                    "Write -o NAME.c; NAME.h is written beside it.");
    }
    const std::filesystem::path header = std::filesystem::path(source).replace_extension(".h");
    for (const auto& written : {source.string(), header.string()}) {
        if (auto checked = check_output(written, {path}); !checked) {
            return tl::unexpected(checked.error());
        }
    }
    const auto bytes = read_bytes(path);
    if (!bytes) {
        return tl::unexpected(bytes.error());
    }
    const auto text = model::export_c(*bytes, source.stem().string());
    if (!text) {
        return fail(text.error(), path);
    }
    Result<void> written = write_bytes(source.string(), base::as_bytes(text->source));
    if (written) {
        written = write_bytes(header.string(), base::as_bytes(text->header));
    }
    if (!written) {
        return tl::unexpected(written.error());
    }
    if (context.json) {
        print_json("model-export", {{"file", path},
                                    {"source", source.string()},
                                    {"header", header.string()},
                                    {"size_bytes", bytes->size()}});
    } else {
        fmt::print("wrote {} and {}\n", source.string(), header.string());
    }
    return kExitDone;
}

}  // namespace

void add_export_command(CLI::App& noun, Context& context) {
    auto* command =
        noun.add_subcommand("export", "write a model as C for a firmware; needs no gateway");
    auto file = std::make_shared<std::string>();
    auto source = std::make_shared<std::string>();
    command->add_option("file", *file, "a .tflite or a Bonsai container")->required();
    command
        ->add_flag_function(
            "--c", [](std::int64_t) {}, "as a C99 source and header, the only form there is")
        ->required();
    command->add_option("-o,--output", *source, "NAME.c; NAME.h is written beside it")->required();
    on_command(*command, context,
               [&context, file, source] { return export_model(context, *file, *source); });
}

}  // namespace frugal::cli
