// SPDX-License-Identifier: Apache-2.0
// A release bundle (proto/BUNDLE.md): bytes to be signed from what an author states, the file
// around them, and back. Pure functions and plain values, any thread. Says nothing about trust:
// read_bundle_file() checks form and limits, gateway/release everything else. Never looks into a
// model.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/signed_blob.hpp"

namespace frugal::wire {

inline constexpr std::size_t kBundleBytesMax = 32 * 1024 * 1024;
inline constexpr std::size_t kStatementBytesMax = 256 * 1024;
inline constexpr std::size_t kBundleVariantsMax = 32;
inline constexpr std::size_t kBundleBasesMax = 16;
inline constexpr std::size_t kStagesMax = 32;
inline constexpr std::size_t kRecipeBytesMax = 16 * 1024;

/// A file after one stage of its recipe.
struct BuildStage {
    std::string kind;
    std::uint32_t raw_bytes = 0;
    std::uint32_t packed_bytes = 0;  ///< 0: unknown
    bool operator==(const BuildStage&) const = default;
};

struct BuildEvaluation {
    std::uint32_t inputs = 0;
    std::uint32_t agreement_ppm = 0;
    std::uint32_t accuracy_before_ppm = 0;  ///< 0: unknown
    std::uint32_t accuracy_after_ppm = 0;   ///< 0: unknown
    std::int32_t output_snr_centidb = 0;    ///< 0: unknown
    bool operator==(const BuildEvaluation&) const = default;
};

/// How a variant came to be; what is not known is empty.
struct Provenance {
    std::optional<base::Digest> source_digest{};
    std::optional<base::Digest> calibration_digest{};
    std::optional<base::Digest> evaluation_digest{};
    std::optional<base::Digest> labels_digest{};
    std::string recipe{};
    std::optional<base::Digest> recipe_digest{};
    std::string recipe_text{};
    std::vector<BuildStage> stages{};
    BuildEvaluation evaluation{};
    bool operator==(const Provenance&) const = default;
};

struct BundleVariant {
    base::Bytes manifest{};
    core::Signature manifest_signature{};
    Provenance provenance{};
    bool operator==(const BundleVariant&) const = default;
};

struct BundleBase {
    base::ClassName device_class;
    base::Digest model_digest{};
    bool operator==(const BundleBase&) const = default;
};

/// What the author signs.
struct ReleaseStatement {
    base::ModelName model;
    std::uint32_t release = 0;
    std::uint32_t counter = 0;
    std::uint32_t task = 0;
    std::string task_name{};            ///< empty: any
    std::vector<std::string> labels{};  ///< empty: any
    std::uint32_t restores = 0;         ///< a permit: the release to go back to; 0: a release
    std::vector<BundleVariant> variants{};
    std::vector<BundleBase> bases{};
    std::string note{};
    std::string tool{};
    bool operator==(const ReleaseStatement&) const = default;
};

/// A bundle's parts, nothing verified.
struct BundleFile {
    base::Bytes signed_bytes{};  ///< magic and statement: what the signature covers
    core::Signature signature{};
    std::uint32_t key_id = 0;
    std::vector<base::Bytes> files{};
};

/// Whether the bytes begin as a bundle does.
bool is_bundle(base::ByteView bytes);

/// The exact bytes to sign, magic included. kInvalidInput for a field out of range, kLimit for a
/// statement above kStatementBytesMax.
base::Result<base::Bytes> encode_statement(const ReleaseStatement& statement);

/// Reads what encode_statement() made. kInvalidInput names the field.
base::Result<ReleaseStatement> read_statement(base::ByteView signed_bytes);

base::Bytes write_bundle_file(const BundleFile& file);

/// kInvalidInput (no bundle, cut short, bytes that are not canonical), kUnsupported (a later
/// format), kLimit.
base::Result<BundleFile> read_bundle_file(base::ByteView bytes);

}  // namespace frugal::wire
