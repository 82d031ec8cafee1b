// SPDX-License-Identifier: Apache-2.0
#include "wire/json_sizes.hpp"

#include <map>

#include <fmt/format.h>
#include <boost/json/object.hpp>

#include "frugal/limits.h"
#include "wire/json_values.hpp"

namespace frugal::wire {

namespace {

namespace json = boost::json;

class SizeTable {
public:
    /// 0 stands for unknown.
    json::object& add(std::string_view kind, const std::string& stage, std::uint32_t file_bytes,
                      std::uint32_t packed_bytes) {
        raw_bytes_ = rows_.empty() ? file_bytes : raw_bytes_;
        const std::uint32_t bytes = packed_bytes != 0 ? packed_bytes : file_bytes;
        json::object row;
        row["kind"] = kind;
        row["stage"] = stage;
        row["file_bytes"] = file_bytes != 0 ? json::value(file_bytes) : json::value(nullptr);
        row["packed_bytes"] = packed_bytes != 0 ? json::value(packed_bytes) : json::value(nullptr);
        row["ratio"] = bytes != 0 ? json::value(static_cast<double>(raw_bytes_) / bytes)
                                  : json::value(nullptr);
        row["base_digest"] = nullptr;
        rows_.push_back(std::move(row));
        return rows_.back().as_object();
    }

    json::array take() { return std::move(rows_); }

private:
    std::uint32_t raw_bytes_ = 0;
    json::array rows_;
};

/// The stream alone. Where blocks have a list of digests, the list's digest is not that of all.
std::uint32_t payload_of(const core::ArtifactRecord& artifact) {
    const bool has_list = artifact.block_bytes != 0 && artifact.list_digest != artifact.digest;
    const auto blocks = has_list ? (artifact.size_bytes - 1) / artifact.block_bytes + 1 : 0;
    return artifact.size_bytes - blocks * FR_BLOCK_DIGEST_SIZE;
}

using Smallest = std::map<std::optional<std::uint32_t>, const core::ArtifactRecord*>;

/// The smallest artifact in full for each profile, and the smallest delta (key absent).
Smallest smallest_of(const std::vector<core::ArtifactRecord>& artifacts) {
    Smallest smallest;
    for (const auto& artifact : artifacts) {
        const auto key =
            artifact.base_digest ? std::nullopt : std::optional(artifact.decoder_profile);
        auto& least = smallest.emplace(key, &artifact).first->second;
        least = payload_of(artifact) < payload_of(*least) ? &artifact : least;
    }
    return smallest;
}

json::value digest_json(const std::optional<base::Digest>& digest) {
    return digest ? json::value(json_of(*digest)) : json::value(nullptr);
}

template <typename Number>
json::value known(bool is_known, Number number) {
    return is_known ? json::value(number) : json::value(nullptr);
}

}  // namespace

json::array sizes_of(const core::VariantRecord& variant, const Provenance* provenance) {
    SizeTable table;
    const std::uint32_t model_bytes =
        variant.manifest ? variant.manifest->content().model_bytes : 0;
    if (provenance != nullptr && !provenance->stages.empty()) {
        for (const auto& stage : provenance->stages) {
            table.add("stage", stage.kind, stage.raw_bytes, stage.packed_bytes);
        }
    } else {
        table.add("stage", "as given", model_bytes, 0);
    }
    const auto smallest = smallest_of(variant.artifacts);
    for (const auto& [profile, artifact] : smallest) {
        if (profile) {
            table.add("encoding", fmt::format("in full, profile {}", *profile), 0,
                      payload_of(*artifact));
        }
    }
    if (const auto delta = smallest.find(std::nullopt); delta != smallest.end()) {
        auto& row = table.add("delta", "smallest delta", 0, payload_of(*delta->second));
        row["base_digest"] = json_of(*delta->second->base_digest);
    }
    return table.take();
}

json::value json_of(const Provenance* provenance) {
    if (provenance == nullptr) {
        return nullptr;
    }
    const auto& evaluation = provenance->evaluation;
    const bool is_evaluated = evaluation.inputs != 0;
    return json::object{{"source_digest", digest_json(provenance->source_digest)},
                        {"calibration_digest", digest_json(provenance->calibration_digest)},
                        {"evaluation_digest", digest_json(provenance->evaluation_digest)},
                        {"labels_digest", digest_json(provenance->labels_digest)},
                        {"recipe", provenance->recipe},
                        {"recipe_digest", digest_json(provenance->recipe_digest)},
                        {"recipe_text", provenance->recipe_text},
                        {"evaluated_inputs", evaluation.inputs},
                        {"agreement_ppm", known(is_evaluated, evaluation.agreement_ppm)},
                        {"accuracy_before_ppm", known(evaluation.accuracy_before_ppm != 0,
                                                      evaluation.accuracy_before_ppm)},
                        {"accuracy_after_ppm",
                         known(evaluation.accuracy_after_ppm != 0, evaluation.accuracy_after_ppm)},
                        {"output_snr_db", known(is_evaluated && evaluation.output_snr_centidb != 0,
                                                evaluation.output_snr_centidb / 1e2)}};
}

}  // namespace frugal::wire
