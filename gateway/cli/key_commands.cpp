// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/command.hpp"
#include "cli/output.hpp"
#include "crypto/release_key.hpp"

namespace frugal::cli {

namespace {

namespace fs = std::filesystem;
using base::ErrorKind;
using base::fail;
using base::Result;

// A key is never written over: what it signed could not be followed up any more.
Result<void> must_be_new(const fs::path& path) {
    std::error_code error;
    if (fs::exists(fs::symlink_status(path, error))) {
        return fail(ErrorKind::kConflict, path.string() + " exists already",
                    "a key is never replaced: devices that trust it would be lost",
                    "Choose another name, or remove that file yourself.");
    }
    return {};
}

Result<int> generate(const Context& context, const fs::path& path) {
    const fs::path public_path = fs::path(path).replace_extension(".pub");
    if (public_path == path) {
        return fail(ErrorKind::kInvalidInput, path.string() + " is the public half's name", {},
                    "Name the private half, e.g. release.key.");
    }
    for (const auto& file : {path, public_path}) {
        if (auto checked = must_be_new(file); !checked) {
            return tl::unexpected(checked.error());
        }
    }
    auto key = crypto::ReleaseKey::generate();
    if (!key) {
        return tl::unexpected(key.error());
    }
    if (auto saved = key->save(path); !saved) {
        return tl::unexpected(saved.error());
    }
    if (auto saved = key->public_key().save(public_path); !saved) {
        return tl::unexpected(saved.error());
    }
    const std::string key_id = fmt::format("{:08x}", key->key_id());
    if (context.json) {
        print_json(
            "key-generate",
            {{"key", path.string()}, {"public_key", public_path.string()}, {"key_id", key_id}});
        return kExitDone;
    }
    fmt::print("key {}\nprivate  {}   (keep it; only its owner can read it)\npublic   {}\n", key_id,
               path.string(), public_path.string());
    return kExitDone;
}

}  // namespace

void add_key_commands(CLI::App& root, Context& context) {
    auto* noun = root.add_subcommand("key", "keys that sign releases and policies; no gateway");
    noun->require_subcommand(1);
    auto file = std::make_shared<std::string>();
    auto* command = noun->add_subcommand(
        "generate", "make an ES256 key: FILE.key, and FILE.pub for devices and gateways");
    command->add_option("file", *file, "the private half, e.g. release.key")->required();
    on_command(*command, context, [&context, file] { return generate(context, *file); });
}

}  // namespace frugal::cli
