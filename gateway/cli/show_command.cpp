// SPDX-License-Identifier: Apache-2.0
#include "cli/show_command.hpp"

#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/api_client.hpp"
#include "cli/json_path.hpp"
#include "cli/output.hpp"
#include "cli/plain_text.hpp"
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

/// Whatever of it is known.
void print_provenance(const json::value& variant) {
    const auto line = [&](std::string_view title, std::string_view key) {
        if (const auto text = text_at(variant, key); !text.empty()) {
            fmt::print("{:<12} {}\n", title, plain_text(text));
        }
    };
    const auto percent = [&](std::string_view key) { return real_at(variant, key) / 1e4; };
    line("data", "data_digest");
    line("source", "provenance.source_digest");
    line("calibration", "provenance.calibration_digest");
    line("evaluation", "provenance.evaluation_digest");
    line("labels", "provenance.labels_digest");
    line("recipe", "provenance.recipe");
    if (const auto inputs = number_at(variant, "provenance.evaluated_inputs"); inputs != 0) {
        const double snr_db = real_at(variant, "provenance.output_snr_db");
        fmt::print("agreement    {:.2f} % on {} inputs{}\n", percent("provenance.agreement_ppm"),
                   inputs,
                   snr_db == 0 ? std::string() : fmt::format(", output SNR {:.1f} dB", snr_db));
    }
    const auto told = [&](std::string_view key) {
        return at_path(variant, key).is_null() ? "-" : fmt::format("{:.2f} %", percent(key));
    };
    if (!at_path(variant, "provenance.accuracy_after_ppm").is_null()) {
        fmt::print("accuracy     {} before, {} after\n", told("provenance.accuracy_before_ppm"),
                   told("provenance.accuracy_after_ppm"));
    }
}

/// "MODEL@NUMBER" of the newest of the model's releases with this model; empty if none has it.
std::string release_with(const json::value& releases, std::string_view digest) {
    std::string name;
    for (const auto& release : list_at(releases, "releases")) {
        for (const auto& variant : list_at(release, "variants")) {
            if (text_at(variant, "model_digest") == digest) {
                name = text_at(release, "model") + "@" + text_at(release, "release");
            }
        }
    }
    return name;
}

/// The author's chain, then what travels.
void print_sizes(const json::value& releases, const json::value& variant) {
    std::vector<std::vector<std::string>> stages;
    std::vector<std::vector<std::string>> travels;
    for (const auto& row : list_at(variant, "sizes")) {
        const auto base = release_with(releases, text_at(row, "base_digest"));
        const auto ratio =
            at_path(row, "ratio").is_null() ? "" : fmt::format("{:.2f}", real_at(row, "ratio"));
        auto stage = text_at(row, "stage") + (base.empty() ? "" : ", from " + base);
        if (text_at(row, "kind") == "stage") {
            stages.push_back({std::move(stage), bytes_text(row, "file_bytes"),
                              bytes_text(row, "packed_bytes"), ratio});
        } else {
            travels.push_back({std::move(stage), bytes_text(row, "packed_bytes"), ratio});
        }
    }
    print_table({"stage", "file B", "packed B", "ratio"}, stages);
    fmt::print("\n");
    print_table({"what travels", "packed B", "ratio"}, travels);
}

void print_variant(const json::value& releases, const json::value& variant) {
    fmt::print("\n{}: {} bytes, arena {}\n", text_at(variant, "device_class"),
               grouped(number_at(variant, "model_bytes")),
               grouped(number_at(variant, "arena_bytes")));
    if (const auto accuracy = real_at(variant, "accuracy_permyriad"); accuracy > 0) {
        fmt::print("accuracy {:.2f} %, as its author states it\n", accuracy / 1e2);
    }
    print_provenance(variant);
    print_sizes(releases, variant);
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
            print_variant(*answer, variant);
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
