// SPDX-License-Identifier: Apache-2.0
#include "wire/bundle_provenance.hpp"

#include "wire/protobuf.hpp"

namespace frugal::wire {

namespace {

constexpr std::uint32_t kMillion = 1'000'000;
constexpr std::size_t kNameBytesMax = 128;

std::string read_text(Fields& fields, std::string_view name, const std::string& text,
                      std::size_t limit) {
    if (text.size() > limit) {
        fields.refuse(name, "longer than " + std::to_string(limit) + " bytes");
    }
    return text;
}

std::vector<BuildStage> read_stages(Fields& fields, const v1::Provenance& from) {
    std::vector<BuildStage> stages;
    if (from.stages_size() > static_cast<int>(kStagesMax)) {
        fields.refuse("stages", "more than " + std::to_string(kStagesMax));
        return stages;
    }
    for (const auto& stage : from.stages()) {
        stages.push_back({read_text(fields, "stages.kind", stage.kind(), kNameBytesMax),
                          stage.raw_bytes(), stage.packed_bytes()});
    }
    return stages;
}

BuildEvaluation read_evaluation(Fields& fields, const v1::BuildEvaluation& from) {
    return {.inputs = from.inputs(),
            .agreement_ppm =
                fields.range("evaluation.agreement_ppm", from.agreement_ppm(), 0U, kMillion),
            .accuracy_before_ppm = fields.range("evaluation.accuracy_before_ppm",
                                                from.accuracy_before_ppm(), 0U, kMillion),
            .accuracy_after_ppm = fields.range("evaluation.accuracy_after_ppm",
                                               from.accuracy_after_ppm(), 0U, kMillion),
            .output_snr_centidb = from.output_snr_centidb()};
}

void put_digest(const std::optional<base::Digest>& from, std::string& to) {
    if (from) {
        set_bytes(to, *from);
    }
}

}  // namespace

Provenance read_provenance(Fields& fields, const v1::Provenance& from) {
    return {
        .source_digest = fields.optional_digest("source_digest", from.source_digest()),
        .calibration_digest =
            fields.optional_digest("calibration_digest", from.calibration_digest()),
        .evaluation_digest = fields.optional_digest("evaluation_digest", from.evaluation_digest()),
        .labels_digest = fields.optional_digest("labels_digest", from.labels_digest()),
        .recipe = read_text(fields, "recipe", from.recipe(), kNameBytesMax),
        .recipe_digest = fields.optional_digest("recipe_digest", from.recipe_digest()),
        .recipe_text = read_text(fields, "recipe_text", from.recipe_text(), kRecipeBytesMax),
        .stages = read_stages(fields, from),
        .evaluation = read_evaluation(fields, from.evaluation())};
}

void put_provenance(const Provenance& from, v1::Provenance& to) {
    put_digest(from.source_digest, *to.mutable_source_digest());
    put_digest(from.calibration_digest, *to.mutable_calibration_digest());
    put_digest(from.evaluation_digest, *to.mutable_evaluation_digest());
    put_digest(from.labels_digest, *to.mutable_labels_digest());
    to.set_recipe(from.recipe);
    put_digest(from.recipe_digest, *to.mutable_recipe_digest());
    to.set_recipe_text(from.recipe_text);
    for (const auto& stage : from.stages) {
        auto& added = *to.add_stages();
        added.set_kind(stage.kind);
        added.set_raw_bytes(stage.raw_bytes);
        added.set_packed_bytes(stage.packed_bytes);
    }
    auto& evaluation = *to.mutable_evaluation();
    evaluation.set_inputs(from.evaluation.inputs);
    evaluation.set_agreement_ppm(from.evaluation.agreement_ppm);
    evaluation.set_accuracy_before_ppm(from.evaluation.accuracy_before_ppm);
    evaluation.set_accuracy_after_ppm(from.evaluation.accuracy_after_ppm);
    evaluation.set_output_snr_centidb(from.evaluation.output_snr_centidb);
}

}  // namespace frugal::wire
