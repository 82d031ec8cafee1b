// SPDX-License-Identifier: Apache-2.0
// Release bundles on a workstation: `frugalctl model build`, `model permit`, and what
// `model inspect` says of a bundle. Need no gateway. Read and write files, print; everything else
// is gateway/release.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "cli/command.hpp"

namespace frugal::cli {

/// The content type of a bundle or permit.
inline constexpr std::string_view kBundleType = "application/vnd.frugal.bundle";

struct BuildOptions {
    std::string name;
    std::string key;
    std::uint32_t task = 0;
    std::uint32_t release = 0;
    std::uint32_t counter = 0;          ///< 0: as the release
    std::vector<std::string> variants;  ///< CLASS=FILE
    std::vector<std::string> bases;     ///< CLASS=FILE
    std::vector<std::string> reports;   ///< files of `model compress --json`
    std::string data;                   ///< a file about the training data; empty: none
    std::string task_name;
    std::string labels;  ///< with commas; empty: any
    std::string note;
    std::string output;
};

struct PermitOptions {
    std::string bundle;
    std::string key;
    std::uint32_t release = 0;
    std::uint32_t counter = 0;
    std::string output;
};

base::Result<int> build_bundle_file(const Context& context, const BuildOptions& options);
base::Result<int> permit_bundle_file(const Context& context, const PermitOptions& options);

/// Prints what a bundle holds; with a public key (PEM file; empty: none) also whether everything in
/// it verifies, and fails if not.
base::Result<int> inspect_bundle(const Context& context, const std::string& path,
                                 base::ByteView bytes, const std::string& public_key);

/// Hangs `build` and `permit` under `frugalctl model`.
void add_bundle_commands(CLI::App& model, Context& context);

}  // namespace frugal::cli
