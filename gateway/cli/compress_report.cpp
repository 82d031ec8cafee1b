// SPDX-License-Identifier: Apache-2.0
#include "cli/compress_report.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>
#include <boost/json/parse.hpp>

#include "base/hex.hpp"
#include "cli/json_path.hpp"
#include "crypto/sha256.hpp"

namespace frugal::cli {

using base::ErrorKind;
using base::fail;
using base::Result;
namespace json = boost::json;

namespace {

constexpr std::string_view kSchema = "frugal.cli/v1/model-compress";
constexpr double kMillion = 1e6;

std::optional<base::Digest> digest_at(const json::value& report, std::string_view key) {
    return base::digest_from_hex(text_at(report, key));
}

std::uint32_t ppm_at(const json::value& value, std::string_view key) {
    return static_cast<std::uint32_t>(
        std::lround(kMillion * std::clamp(real_at(value, key), 0.0, 1.0)));
}

tl::unexpected<base::Error> no_report(const std::string& where, const std::string& cause) {
    return fail(ErrorKind::kInvalidInput, where + ": not a whole report of model compress", cause,
                "Save the output of frugalctl --json model compress.");
}

/// 0 for what is no size of a file.
std::uint32_t bytes_at(const json::value& value, std::string_view key) {
    const std::uint64_t bytes = number_at(value, key);
    return bytes > UINT32_MAX ? 0 : static_cast<std::uint32_t>(bytes);
}

/// They are signed: a stage that says nothing is not let in.
Result<std::vector<wire::BuildStage>> stages_of(const json::value& report,
                                                const std::string& where) {
    std::vector<wire::BuildStage> stages{{"as given", bytes_at(report, "raw_bytes_before"),
                                          bytes_at(report, "packed_bytes_before")}};
    for (const auto& stage : list_at(report, "stages")) {
        stages.push_back({text_at(stage, "kind"), bytes_at(stage, "raw_bytes"),
                          bytes_at(stage, "packed_bytes")});
    }
    for (std::size_t i = 0; i < stages.size(); ++i) {
        if (stages[i].kind.empty() || stages[i].raw_bytes == 0 || stages[i].packed_bytes == 0) {
            return no_report(where, i == 0 ? "raw_bytes_before or packed_bytes_before is missing"
                                           : fmt::format("stage {} has no kind, raw_bytes or "
                                                         "packed_bytes",
                                                         i));
        }
    }
    return stages.size() > 1 ? Result<std::vector<wire::BuildStage>>(std::move(stages))
                             : no_report(where, "it has no stages");
}

wire::BuildEvaluation evaluation_of(const json::value& report) {
    constexpr double kSnrLimit = 10'000;  // decibels; a model that did not change has no finite one
    const auto& from = at_path(report, "evaluation");
    const double snr = std::clamp(real_at(from, "output_snr_db"), -kSnrLimit, kSnrLimit);
    return {.inputs = static_cast<std::uint32_t>(number_at(from, "inputs")),
            .agreement_ppm = ppm_at(from, "agreement"),
            .accuracy_before_ppm = ppm_at(from, "accuracy_before"),
            .accuracy_after_ppm = ppm_at(from, "accuracy_after"),
            .output_snr_centidb = static_cast<std::int32_t>(std::lround(100 * snr))};
}

}  // namespace

Result<CompressReport> read_compress_report(std::string_view text, const std::string& where) {
    boost::system::error_code code;
    const json::value report = json::parse(json::string_view(text.data(), text.size()), code);
    const auto made = code ? std::nullopt : digest_at(report, "output_sha256");
    if (!made || text_at(report, "schema") != kSchema) {
        return fail(ErrorKind::kInvalidInput, where + ": not a report of model compress",
                    code ? code.message()
                         : "its schema is not " + std::string(kSchema) + ", or it is an older one",
                    "Save the output of frugalctl --json model compress.");
    }
    CompressReport result{.output_digest = *made};
    auto& provenance = result.provenance;
    provenance.source_digest = digest_at(report, "source_sha256");
    provenance.calibration_digest = digest_at(report, "calibration_sha256");
    provenance.evaluation_digest = digest_at(report, "evaluation_sha256");
    provenance.labels_digest = digest_at(report, "labels_sha256");
    provenance.recipe = text_at(report, "recipe");
    provenance.recipe_text = text_at(report, "recipe_text");
    if (!provenance.recipe_text.empty()) {
        provenance.recipe_digest = crypto::sha256(base::as_bytes(provenance.recipe_text));
    }
    auto stages = stages_of(report, where);
    if (!stages) {
        return tl::unexpected(stages.error());
    }
    provenance.stages = std::move(*stages);
    provenance.evaluation = evaluation_of(report);
    result.accuracy_permyriad = (provenance.evaluation.accuracy_after_ppm + 50) / 100;
    return result;
}

}  // namespace frugal::cli
