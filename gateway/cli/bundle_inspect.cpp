// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <boost/json/array.hpp>

#include "base/hex.hpp"
#include "cli/bundle_commands.hpp"
#include "cli/output.hpp"
#include "cli/plain_text.hpp"
#include "release/bundle_import.hpp"
#include "wire/bundle.hpp"
#include "wire/manifest.hpp"

namespace frugal::cli {

using base::fail;
using base::Result;
namespace json = boost::json;

namespace {

/// Everything in a bundle, read but not believed.
struct Contents {
    wire::BundleFile file;
    wire::ReleaseStatement statement;
    std::vector<core::ManifestContent> manifests;
};

Result<Contents> read_contents(base::ByteView bytes) {
    auto file = wire::read_bundle_file(bytes);
    if (!file) {
        return tl::unexpected(file.error());
    }
    auto statement = wire::read_statement(file->signed_bytes);
    if (!statement) {
        return tl::unexpected(statement.error());
    }
    Contents contents{std::move(*file), std::move(*statement), {}};
    for (const auto& variant : contents.statement.variants) {
        auto manifest = wire::inspect_manifest(variant.manifest);
        if (!manifest) {
            return fail(manifest.error().kind,
                        fmt::format("the manifest of variant {} cannot be read",
                                    contents.manifests.size() + 1),
                        manifest.error().describe(),
                        "Copy the bundle again from where it was built; name its public key with "
                        "--key to see whether it was changed.");
        }
        contents.manifests.push_back(std::move(*manifest));
    }
    return contents;
}

/// Signature, digests, and every manifest against its model.
Result<void> verify(base::ByteView bytes, const std::string& public_key) {
    const auto key = crypto::ReleasePublicKey::load(public_key);
    if (!key) {
        return fail(key.error(), "--key " + public_key);
    }
    const auto bundle = release::VerifiedBundle::open(bytes, *key);
    if (!bundle) {
        return tl::unexpected(bundle.error());
    }
    return bundle->is_permit() ? Result<void>{} : release::check_models(*bundle);
}

json::value digest_json(const std::optional<base::Digest>& digest) {
    return digest ? json::value(base::to_hex(*digest)) : json::value(nullptr);
}

/// 0 stands for unknown in a statement.
json::value known(double figure, double unit) {
    return figure == 0 ? json::value(nullptr) : json::value(figure / unit);
}

json::value evaluation_json(const wire::BuildEvaluation& from) {
    if (from.inputs == 0) {
        return nullptr;
    }
    return json::object{{"inputs", from.inputs},
                        {"agreement", from.agreement_ppm / 1e6},
                        {"accuracy_before", known(from.accuracy_before_ppm, 1e6)},
                        {"accuracy_after", known(from.accuracy_after_ppm, 1e6)},
                        {"output_snr_db", known(from.output_snr_centidb, 1e2)}};
}

/// What the author says the training data were, of the manifest itself: 32 bytes or none.
json::value data_json(const core::ManifestContent& manifest) {
    return manifest.data_digest.empty() ? json::value(nullptr)
                                        : json::value(base::to_hex(manifest.data_digest));
}

json::object provenance_json(const wire::Provenance& from) {
    json::array stages;
    for (const auto& stage : from.stages) {
        stages.push_back(json::object{{"kind", stage.kind},
                                      {"raw_bytes", stage.raw_bytes},
                                      {"packed_bytes", stage.packed_bytes}});
    }
    return {{"source_sha256", digest_json(from.source_digest)},
            {"calibration_sha256", digest_json(from.calibration_digest)},
            {"evaluation_sha256", digest_json(from.evaluation_digest)},
            {"labels_sha256", digest_json(from.labels_digest)},
            {"recipe", from.recipe},
            {"recipe_sha256", digest_json(from.recipe_digest)},
            {"recipe_text", from.recipe_text},
            {"stages", std::move(stages)},
            {"evaluation", evaluation_json(from.evaluation)}};
}

json::object contents_json(const std::string& path, std::size_t size, const Contents& contents) {
    json::array variants;
    for (std::size_t i = 0; i < contents.manifests.size(); ++i) {
        const auto& manifest = contents.manifests[i];
        variants.push_back(json::object{
            {"device_class", manifest.device_class.text()},
            {"model_sha256", base::to_hex(manifest.model_digest)},
            {"model_bytes", manifest.model_bytes},
            {"arena_bytes", manifest.arena_bytes},
            {"accuracy_permyriad", manifest.accuracy_permyriad},
            {"data_sha256", data_json(manifest)},
            {"provenance", provenance_json(contents.statement.variants[i].provenance)}});
    }
    const auto& statement = contents.statement;
    return {{"file", path},
            {"format", "bundle"},
            {"size_bytes", size},
            {"model", statement.model.text()},
            {"release", statement.release},
            {"counter", statement.counter},
            {"task", statement.task},
            {"task_name", statement.task_name},
            {"labels", array_of(statement.labels)},
            {"restores", statement.restores},
            {"note", statement.note},
            {"tool", statement.tool},
            {"key_id", fmt::format("{:08x}", contents.file.key_id)},
            {"bases", statement.bases.size()},
            {"variants", std::move(variants)}};
}

void print_digest(std::string_view title, const std::optional<base::Digest>& digest) {
    if (digest) {
        fmt::print("{:<12} SHA-256 {}\n", title, base::to_hex(*digest));
    }
}

void print_evaluation(const wire::Provenance& provenance) {
    const auto& evaluation = provenance.evaluation;
    if (!provenance.recipe.empty()) {
        fmt::print("recipe       {}\n", plain_text(provenance.recipe));
    }
    if (evaluation.inputs != 0) {
        const double snr_db = evaluation.output_snr_centidb / 1e2;
        fmt::print("agreement    {:.2f} % on {} inputs{}\n", evaluation.agreement_ppm / 1e4,
                   evaluation.inputs,
                   snr_db == 0 ? std::string() : fmt::format(", output SNR {:.1f} dB", snr_db));
    }
    if (evaluation.accuracy_after_ppm != 0) {
        fmt::print("accuracy     {:.2f} % before, {:.2f} % after\n",
                   evaluation.accuracy_before_ppm / 1e4, evaluation.accuracy_after_ppm / 1e4);
    }
}

void print_provenance(const core::ManifestContent& manifest, const wire::Provenance& provenance) {
    fmt::print("\n{}:\n", manifest.device_class.text());
    if (!manifest.data_digest.empty()) {
        fmt::print("data         SHA-256 {}\n", base::to_hex(manifest.data_digest));
    }
    print_digest("source", provenance.source_digest);
    print_digest("calibration", provenance.calibration_digest);
    print_digest("evaluation", provenance.evaluation_digest);
    print_digest("labels", provenance.labels_digest);
    if (manifest.data_digest.empty() && provenance == wire::Provenance{}) {
        fmt::print("its author does not say where it comes from\n");
        return;
    }
    print_evaluation(provenance);
    if (provenance.stages.empty()) {
        return;
    }
    std::vector<std::vector<std::string>> rows;
    for (const auto& stage : provenance.stages) {
        rows.push_back({stage.kind, grouped(stage.raw_bytes), grouped(stage.packed_bytes)});
    }
    print_table({"stage", "file B", "packed B"}, rows);
}

void print_contents(const std::string& path, std::size_t size, const Contents& contents) {
    const auto& statement = contents.statement;
    fmt::print("{}: {} of {}@{}, {} bytes\n", path,
               statement.restores != 0
                   ? fmt::format("a permit to go back to release {}", statement.restores)
                   : std::string("a release bundle"),
               statement.model.text(), statement.release, grouped(size));
    fmt::print("counter  {}\ntask     {} {}\nkey      {:08x}\n", statement.counter, statement.task,
               plain_text(statement.task_name), contents.file.key_id);
    if (!statement.note.empty()) {
        fmt::print("note     {}\n", plain_text(statement.note));
    }
    fmt::print("bases    {}\n\n", statement.bases.size());
    std::vector<std::vector<std::string>> rows;
    for (const auto& manifest : contents.manifests) {
        rows.push_back({manifest.device_class.text(), grouped(manifest.model_bytes),
                        grouped(manifest.arena_bytes),
                        manifest.accuracy_permyriad == 0
                            ? std::string("-")
                            : fmt::format("{:.2f}", manifest.accuracy_permyriad / 1e2),
                        base::to_hex(manifest.model_digest).substr(0, 16)});
    }
    print_table({"class", "model B", "arena B", "accuracy %", "SHA-256"}, rows);
    // A permit carries the earlier manifests and no story of its own.
    for (std::size_t i = 0; i < contents.manifests.size() && statement.restores == 0; ++i) {
        print_provenance(contents.manifests[i], statement.variants[i].provenance);
    }
}

}  // namespace

Result<int> inspect_bundle(const Context& context, const std::string& path, base::ByteView bytes,
                           const std::string& public_key) {
    const bool is_checked = !public_key.empty();
    const auto verified = is_checked ? verify(bytes, public_key) : Result<void>{};
    const auto contents = read_contents(bytes);
    if (!contents) {
        // That it was altered says more than the field where reading ended.
        return fail(verified ? contents.error() : verified.error(), path);
    }
    if (context.json) {
        auto object = contents_json(path, bytes.size(), *contents);
        object["verifies"] = is_checked ? json::value(verified.has_value()) : json::value(nullptr);
        print_json("model-inspect", std::move(object));
    } else {
        print_contents(path, bytes.size(), *contents);
        fmt::print("\n{}\n",
                   !is_checked ? "Not verified: name the public key with --key release.pub."
                   : verified  ? "Verified: signature, digests, and every manifest by its model."
                               : "DOES NOT VERIFY.");
    }
    if (!verified) {
        return fail(verified.error(), path);
    }
    return kExitDone;
}

}  // namespace frugal::cli
