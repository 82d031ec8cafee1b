// SPDX-License-Identifier: Apache-2.0
#include "cli/show_command.hpp"

#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/api_client.hpp"
#include "cli/json_path.hpp"
#include "cli/output.hpp"
#include "cli/release_option.hpp"

namespace frugal::cli {

using base::ErrorKind;
using base::fail;
using base::Result;
namespace json = boost::json;

namespace {

std::string bytes_text(const json::value& row, std::string_view key) {
    return at_path(row, key).is_null() ? "" : grouped(number_at(row, key));
}

void print_variant(const json::value& variant) {
    fmt::print("\n{}: {} bytes, arena {}\n", text_at(variant, "device_class"),
               grouped(number_at(variant, "model_bytes")),
               grouped(number_at(variant, "arena_bytes")));
    if (const auto recipe = text_at(variant, "provenance.recipe"); !recipe.empty()) {
        fmt::print("recipe {}, agreement {:.2f} % on {} inputs, source {}\n", recipe,
                   static_cast<double>(number_at(variant, "provenance.agreement_ppm")) / 1e4,
                   number_at(variant, "provenance.evaluated_inputs"),
                   text_at(variant, "provenance.source_digest").substr(0, 16));
    }
    std::vector<std::vector<std::string>> rows;
    for (const auto& row : list_at(variant, "sizes")) {
        rows.push_back(
            {text_at(row, "stage"), bytes_text(row, "file_bytes"), bytes_text(row, "packed_bytes"),
             at_path(row, "ratio").is_null() ? "" : fmt::format("{:.2f}", real_at(row, "ratio"))});
    }
    print_table({"stage", "file B", "packed B", "ratio"}, rows);
}

Result<int> show(const Context& context, const std::string& text) {
    const auto name = read_release(text);
    if (!name) {
        return tl::unexpected(name.error());
    }
    const auto answer =
        ApiClient(context).call({"GET", "/api/v1/models/" + name->model.text(), {}, {}});
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    for (const auto& release : list_at(*answer, "releases")) {
        if (number_at(release, "release") != name->number) {
            continue;
        }
        if (context.json) {
            print_json("model-show", release.as_object());
            return kExitDone;
        }
        fmt::print("{}: counter {}, task {}, signed by {}\n", text, text_at(release, "counter"),
                   text_at(release, "task"),
                   at_path(release, "is_signed_elsewhere") == json::value(true) ? "its author"
                                                                                : "this gateway");
        for (const auto& variant : list_at(release, "variants")) {
            print_variant(variant);
        }
        return kExitDone;
    }
    return fail(ErrorKind::kNotFound, "there is no release " + text, {},
                "frugalctl model list shows them.");
}

}  // namespace

void add_show_command(CLI::App& model, Context& context) {
    auto name = std::make_shared<std::string>();
    auto* command = model.add_subcommand(
        "show", "a release: its variants, how small each stage made them, where they come from");
    command->add_option("release", *name, "MODEL@NUMBER")->required();
    on_command(*command, context, [&context, name] { return show(context, *name); });
}

}  // namespace frugal::cli
