// SPDX-License-Identifier: Apache-2.0
#include "wire/json_sizes.hpp"

#include <map>

#include <fmt/format.h>
#include <boost/json/object.hpp>

#include "wire/json_values.hpp"

namespace frugal::wire {

namespace {

namespace json = boost::json;

class SizeTable {
public:
    /// 0 stands for unknown.
    void add(const std::string& stage, std::uint32_t file_bytes, std::uint32_t packed_bytes) {
        raw_bytes_ = rows_.empty() ? file_bytes : raw_bytes_;
        const std::uint32_t bytes = packed_bytes != 0 ? packed_bytes : file_bytes;
        json::object row;
        row["stage"] = stage;
        row["file_bytes"] = file_bytes != 0 ? json::value(file_bytes) : json::value(nullptr);
        row["packed_bytes"] = packed_bytes != 0 ? json::value(packed_bytes) : json::value(nullptr);
        row["ratio"] = bytes != 0 ? json::value(static_cast<double>(raw_bytes_) / bytes)
                                  : json::value(nullptr);
        rows_.push_back(std::move(row));
    }

    json::array take() { return std::move(rows_); }

private:
    std::uint32_t raw_bytes_ = 0;
    json::array rows_;
};

/// The smallest artifact in full for each profile, and the smallest delta (key absent).
std::map<std::optional<std::uint32_t>, std::uint32_t> smallest_of(
    const std::vector<core::ArtifactRecord>& artifacts) {
    std::map<std::optional<std::uint32_t>, std::uint32_t> smallest;
    for (const auto& artifact : artifacts) {
        const auto key =
            artifact.base_digest ? std::nullopt : std::optional(artifact.decoder_profile);
        const auto [entry, is_new] = smallest.emplace(key, artifact.size_bytes);
        entry->second = std::min(entry->second, artifact.size_bytes);
    }
    return smallest;
}

json::value digest_json(const std::optional<base::Digest>& digest) {
    return digest ? json::value(json_of(*digest)) : json::value(nullptr);
}

}  // namespace

json::array sizes_of(const core::VariantRecord& variant, const Provenance* provenance) {
    SizeTable table;
    const std::uint32_t model_bytes =
        variant.manifest ? variant.manifest->content().model_bytes : 0;
    if (provenance != nullptr && !provenance->stages.empty()) {
        for (const auto& stage : provenance->stages) {
            table.add(stage.kind, stage.raw_bytes, stage.packed_bytes);
        }
    } else {
        table.add("as given", model_bytes, 0);
    }
    if (variant.stripped_bytes != 0) {
        table.add("stripped", variant.stripped_bytes, 0);
    }
    const auto smallest = smallest_of(variant.artifacts);
    for (const auto& [profile, bytes] : smallest) {
        if (profile) {
            table.add(fmt::format("encoded, profile {}", *profile), 0, bytes);
        }
    }
    if (const auto delta = smallest.find(std::nullopt); delta != smallest.end()) {
        table.add("smallest delta", 0, delta->second);
    }
    return table.take();
}

json::value json_of(const Provenance* provenance) {
    if (provenance == nullptr) {
        return nullptr;
    }
    const auto& evaluation = provenance->evaluation;
    return json::object{{"source_digest", digest_json(provenance->source_digest)},
                        {"calibration_digest", digest_json(provenance->calibration_digest)},
                        {"evaluation_digest", digest_json(provenance->evaluation_digest)},
                        {"labels_digest", digest_json(provenance->labels_digest)},
                        {"recipe", provenance->recipe},
                        {"recipe_digest", digest_json(provenance->recipe_digest)},
                        {"recipe_text", provenance->recipe_text},
                        {"evaluated_inputs", evaluation.inputs},
                        {"agreement_ppm", evaluation.agreement_ppm},
                        {"accuracy_before_ppm", evaluation.accuracy_before_ppm},
                        {"accuracy_after_ppm", evaluation.accuracy_after_ppm},
                        {"output_snr_db", evaluation.output_snr_centidb / 1e2}};
}

}  // namespace frugal::wire
