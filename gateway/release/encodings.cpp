// SPDX-License-Identifier: Apache-2.0
#include "release/encodings.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/any_class.hpp"
#include "frugal/codec.h"
#include "frugal/limits.h"
#include "model/codec/artifact.hpp"
#include "model/codec/codec.hpp"
#include "release/model_reading.hpp"

namespace frugal::release {

using base::Result;

namespace {

constexpr std::array<std::uint32_t, 3> kBlockSizes = {256, 1024, 4096};
/// A delta must save so many bytes to be worth its rows and the risk of a missing base.
constexpr std::size_t kDeltaGain = 64;
constexpr std::size_t kNoteBytesMax =
    1024;  // the catalogue takes no more: what does not fit is left out

void add_blob(std::vector<core::BlobRecord>& blobs, const base::Digest& digest, core::BlobKind kind,
              base::Bytes bytes) {
    const bool is_known = std::any_of(blobs.begin(), blobs.end(),
                                      [&](const auto& blob) { return blob.digest == digest; });
    if (!is_known) {
        blobs.push_back({digest, kind, std::make_shared<const base::Bytes>(std::move(bytes))});
    }
}

// Cuts one encoding for every block size.
Result<void> add_artifacts(Encodings& to, const model::Encoded& encoded,
                           const std::optional<base::Digest>& base_digest) {
    const auto decoder_ram = model::decoder_ram_bytes(encoded.stream);
    if (!decoder_ram) {
        return tl::unexpected(decoder_ram.error());
    }
    for (const std::uint32_t block_bytes : kBlockSizes) {
        auto artifact = model::build_artifact(encoded.stream, block_bytes);
        if (!artifact) {
            return tl::unexpected(artifact.error());
        }
        to.artifacts.push_back({.digest = artifact->digest,
                                .size_bytes = static_cast<std::uint32_t>(artifact->bytes.size()),
                                .block_bytes = block_bytes,
                                .list_digest = artifact->list_digest,
                                .base_digest = base_digest,
                                .decoder_profile = encoded.profile,
                                .decoder_ram_bytes = *decoder_ram,
                                .base_lag_bytes = encoded.base_lag_bytes});
        add_blob(to.blobs, artifact->digest, core::BlobKind::kArtifact, std::move(artifact->bytes));
    }
    return {};
}

/// A file, and where its tensors lie: found once, used for every profile.
struct Planned {
    explicit Planned(base::ByteView bytes) : file(bytes), parts(read_parts(bytes)) {}
    base::ByteView file;
    ModelParts parts;
};

struct PlannedBase {
    base::Digest digest;
    Planned model;
};

/// What a delta is compared with.
struct Full {
    std::uint8_t profile;
    std::size_t size_bytes;
};

/// The bases of a variant, each once although classes may share one.
std::vector<PlannedBase> bases_of(const std::vector<DeltaSource>& sources,
                                  const VariantSource& variant) {
    std::vector<PlannedBase> bases;
    for (const auto& base : sources) {
        const bool is_known =
            std::ranges::find(bases, base.digest, &PlannedBase::digest) != bases.end();
        const bool is_for_this =
            variant.device_class == base::any_class() || variant.device_class == base.device_class;
        if (is_for_this && !is_known && base.tflite != variant.tflite &&
            bases.size() < core::kDeltaBasesMax) {
            bases.push_back({base.digest, Planned(base.tflite)});
        }
    }
    return bases;
}

// A delta where it is smaller than the full encoding. One that reads its base from far behind is
// of no use to a device with one slot, which overwrites the base as it goes: then a second one.
Result<void> add_delta(Encodings& to, const Planned& variant, const PlannedBase& base,
                       const Full& full) {
    for (const std::size_t lag_max : {SIZE_MAX, std::size_t{FR_REACH_BYTES}}) {
        const auto delta = model::encode_with_statistics(
            variant.file, variant.parts.plan,
            {full.profile, base.model.file, base.model.parts.plan, lag_max});
        if (!delta) {
            return tl::unexpected(delta.error());
        }
        if (!delta->is_delta || delta->stream.size() + kDeltaGain > full.size_bytes) {
            return {};
        }
        if (auto added = add_artifacts(to, *delta, base.digest); !added) {
            return added;
        }
        if (delta->base_lag_bytes <= FR_REACH_BYTES) {
            return {};
        }
    }
    return {};
}

// One profile: the full encoding, and deltas for each base.
Result<std::size_t> add_profile(Encodings& to, const Planned& variant,
                                const std::vector<PlannedBase>& bases, std::uint8_t profile) {
    auto full = model::encode_with_statistics(variant.file, variant.parts.plan, {profile, {}, {}});
    if (!full) {
        return tl::unexpected(full.error());
    }
    if (auto added = add_artifacts(to, *full, std::nullopt); !added) {
        return tl::unexpected(added.error());
    }
    for (const auto& base : bases) {
        if (auto added = add_delta(to, variant, base, {profile, full->stream.size()}); !added) {
            return tl::unexpected(added.error());
        }
    }
    return full->stream.size();
}

// What the device's decoder can do decides which encoding it gets, so there is one for each.
Result<void> add_encodings(core::ImportRelease& import, core::VariantRecord& record,
                           const std::vector<DeltaSource>& sources, const VariantSource& variant) {
    const Planned planned(variant.tflite);
    record.stripped_bytes = planned.parts.stripped_bytes;
    const auto bases = bases_of(sources, variant);
    Encodings encodings{{}, std::move(import.blobs)};
    std::string sizes;
    for (std::uint8_t profile = 0; profile < FR_CODEC_PROFILES; ++profile) {
        const auto size = add_profile(encodings, planned, bases, profile);
        if (!size) {
            return tl::unexpected(size.error());
        }
        sizes += fmt::format("{}{}", sizes.empty() ? "" : "/", *size);
    }
    record.artifacts = std::move(encodings.artifacts);
    import.blobs = std::move(encodings.blobs);
    const auto line = fmt::format("{}{} {} -> {} bytes", import.note.empty() ? "" : ", ",
                                  variant.device_class.text(), variant.tflite.size(), sizes);
    if (import.note.size() + line.size() <= kNoteBytesMax) {
        import.note += line;
    }
    return {};
}

/// The payload of the full encoding that devices get; none for a profile the variant lacks.
std::optional<Full> full_of(const core::VariantRecord& variant, std::uint8_t profile) {
    for (const auto& artifact : variant.artifacts) {
        fr_artifact_layout_t layout{};
        if (!artifact.base_digest && artifact.decoder_profile == profile &&
            fr_artifact_layout(artifact.size_bytes, artifact.block_bytes, &layout) == FR_OK) {
            return Full{profile, artifact.size_bytes - layout.list_bytes};
        }
    }
    return std::nullopt;
}

}  // namespace

Result<Encodings> encode_deltas(const core::VariantRecord& variant, base::ByteView tflite,
                                const DeltaSource& base) {
    const Planned planned(tflite);
    const PlannedBase planned_base{base.digest, Planned(base.tflite)};
    Encodings encodings;
    for (std::uint8_t profile = 0; profile < FR_CODEC_PROFILES; ++profile) {
        const auto full = full_of(variant, profile);
        if (!full) {
            continue;
        }
        if (auto added = add_delta(encodings, planned, planned_base, *full); !added) {
            return tl::unexpected(added.error());
        }
    }
    return encodings;
}

Result<void> add_variant(core::ImportRelease& import, core::ManifestPointer manifest,
                         const VariantSource& variant, const std::vector<DeltaSource>& bases) {
    core::VariantRecord record;
    record.manifest = std::move(manifest);
    if (auto added = add_encodings(import, record, bases, variant); !added) {
        return added;
    }
    add_blob(import.blobs, record.manifest->content().model_digest, core::BlobKind::kSource,
             variant.tflite);
    import.source_bytes += variant.tflite.size();
    import.variants.push_back(std::move(record));
    return {};
}

}  // namespace frugal::release
