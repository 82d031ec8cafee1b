// SPDX-License-Identifier: Apache-2.0
#include "wire/bundle.hpp"

#include <algorithm>

#include "frugal/limits.h"
#include "frugal/v1/bundle.pb.h"
#include "wire/bundle_provenance.hpp"
#include "wire/fields.hpp"
#include "wire/protobuf.hpp"

namespace frugal::wire {

using base::Bytes;
using base::ByteView;
using base::ErrorKind;
using base::Result;

namespace {

constexpr std::array<std::uint8_t, 8> kMagic = {'F', 'R', 'U', 'G', 'A', 'L', 'B', 1};
constexpr std::size_t kFamily = kMagic.size() - 1;  ///< what every format of bundle begins with
constexpr std::size_t kTextBytesMax = 1024;
constexpr std::size_t kLabelBytesMax = 64;
constexpr std::size_t kFilesMax = kBundleVariantsMax + kBundleBasesMax;
constexpr std::string_view kWholeRemedy =
    "Copy the bundle again from where it was built; if it was changed, build it anew.";

tl::unexpected<base::Error> damaged(std::string cause) {
    return base::fail(ErrorKind::kInvalidInput, "the bundle cannot be read", std::move(cause),
                      std::string(kWholeRemedy));
}

Bytes with_magic(ByteView body) {
    Bytes bytes(kMagic.size() + body.size());
    const auto after = std::copy(kMagic.begin(), kMagic.end(), bytes.begin());
    std::copy(body.begin(), body.end(), after);
    return bytes;
}

Result<void> check_magic(ByteView bytes) {
    if (bytes.size() < kMagic.size() ||
        !std::equal(kMagic.begin(), kMagic.begin() + kFamily, bytes.begin())) {
        return base::fail(ErrorKind::kInvalidInput, "this is no release bundle",
                          "its first bytes are not FRUGALB",
                          "Make one with frugalctl model build.");
    }
    if (bytes[kFamily] != kMagic[kFamily]) {
        return base::fail(ErrorKind::kUnsupported, "the bundle cannot be read",
                          "its format is " + std::to_string(bytes[kFamily]) +
                              "; this program reads format " + std::to_string(kMagic[kFamily]),
                          "Use the version of Frugal that made the bundle, or a later one.");
    }
    return {};
}

std::string read_text(Fields& fields, std::string_view name, const std::string& text,
                      std::size_t limit) {
    if (text.size() > limit) {
        fields.refuse(name, "longer than " + std::to_string(limit) + " bytes");
    }
    return text;
}

std::vector<std::string> read_labels(Fields& fields, const v1::ReleaseStatement& from) {
    if (from.labels_size() > static_cast<int>(FR_CLASSES_MAX)) {
        fields.refuse("labels", "more than " + std::to_string(FR_CLASSES_MAX));
        return {};
    }
    std::vector<std::string> labels;
    for (const auto& label : from.labels()) {
        labels.push_back(read_text(fields, "labels", label, kLabelBytesMax));
    }
    return labels;
}

std::vector<BundleVariant> read_variants(Fields& fields, const v1::ReleaseStatement& from) {
    std::vector<BundleVariant> variants;
    if (from.variants_size() < 1 || from.variants_size() > static_cast<int>(kBundleVariantsMax)) {
        fields.refuse("variants", "not 1 to " + std::to_string(kBundleVariantsMax));
        return variants;
    }
    for (const auto& variant : from.variants()) {
        fields.range<std::size_t>("variants.manifest", variant.manifest().size(), 1,
                                  FR_MANIFEST_SIZE_MAX);
        variants.push_back(
            {to_bytes(variant.manifest()),
             fields.fixed<64>("variants.manifest_signature", variant.manifest_signature()),
             read_provenance(fields, variant.provenance())});
    }
    return variants;
}

std::vector<BundleBase> read_bases(Fields& fields, const v1::ReleaseStatement& from) {
    std::vector<BundleBase> bases;
    if (from.restores() != 0 && from.bases_size() != 0) {
        fields.refuse("bases", "a permit to go back has none");
    }
    if (from.bases_size() > static_cast<int>(kBundleBasesMax)) {
        fields.refuse("bases", "more than " + std::to_string(kBundleBasesMax));
        return bases;
    }
    for (const auto& one : from.bases()) {
        bases.push_back({fields.name<base::ClassName>("bases.device_class", one.device_class()),
                         fields.fixed<32>("bases.model_digest", one.model_digest())});
    }
    return bases;
}

ReleaseStatement read(Fields& fields, const v1::ReleaseStatement& from) {
    return {.model = fields.name<base::ModelName>("model", from.model()),
            .release = fields.range("release", from.release(), 1U, std::uint32_t{INT32_MAX}),
            .counter = fields.range("counter", from.counter(), 1U, 0xFFFFFFFEU),
            .task = fields.range("task", from.task(), 1U, 255U),
            .task_name = read_text(fields, "task_name", from.task_name(), kLabelBytesMax),
            .labels = read_labels(fields, from),
            .restores = fields.range("restores", from.restores(), 0U, std::uint32_t{INT32_MAX}),
            .variants = read_variants(fields, from),
            .bases = read_bases(fields, from),
            .note = read_text(fields, "note", from.note(), kTextBytesMax),
            .tool = read_text(fields, "tool", from.tool(), kTextBytesMax)};
}

Bytes encode(const ReleaseStatement& from) {
    v1::ReleaseStatement to;
    to.set_model(from.model.text());
    to.set_release(from.release);
    to.set_counter(from.counter);
    to.set_task(from.task);
    to.set_task_name(from.task_name);
    for (const auto& label : from.labels) {
        to.add_labels(label);
    }
    to.set_restores(from.restores);
    for (const auto& variant : from.variants) {
        auto& added = *to.add_variants();
        set_bytes(*added.mutable_manifest(), variant.manifest);
        set_bytes(*added.mutable_manifest_signature(), variant.manifest_signature);
        put_provenance(variant.provenance, *added.mutable_provenance());
    }
    for (const auto& one : from.bases) {
        auto& added = *to.add_bases();
        added.set_device_class(one.device_class.text());
        set_bytes(*added.mutable_model_digest(), one.model_digest);
    }
    to.set_note(from.note);
    to.set_tool(from.tool);
    return with_magic(serialize(to));
}

}  // namespace

bool is_bundle(ByteView bytes) {
    return bytes.size() >= kFamily &&
           std::equal(kMagic.begin(), kMagic.begin() + kFamily, bytes.begin());
}

Result<ReleaseStatement> read_statement(ByteView signed_bytes) {
    if (auto checked = check_magic(signed_bytes); !checked) {
        return tl::unexpected(checked.error());
    }
    if (signed_bytes.size() > kStatementBytesMax) {
        return base::fail(ErrorKind::kLimit, "the bundle's statement is too long",
                          std::to_string(signed_bytes.size()) + " bytes, at most " +
                              std::to_string(kStatementBytesMax),
                          "Shorten recipes and notes.");
    }
    Fields fields("bundle statement");
    v1::ReleaseStatement proto;
    const google::protobuf::LogSilencer quiet;  // the error says it, in our words
    if (!parse(signed_bytes.subspan(kMagic.size()), proto)) {
        fields.refuse("bytes", "not a protobuf message of this type");
        return fields.error();
    }
    auto statement = read(fields, proto);
    if (fields.is_good() && !std::ranges::equal(encode(statement), signed_bytes)) {
        fields.refuse("bytes", "not the canonical encoding, or unknown fields");
    }
    if (!fields.is_good()) {
        return fields.error();
    }
    return statement;
}

Result<Bytes> encode_statement(const ReleaseStatement& statement) {
    auto bytes = encode(statement);
    if (auto checked = read_statement(bytes); !checked) {
        return tl::unexpected(checked.error());
    }
    return bytes;
}

Bytes write_bundle_file(const BundleFile& file) {
    v1::Bundle to;
    set_bytes(*to.mutable_statement(), ByteView(file.signed_bytes).subspan(kMagic.size()));
    set_bytes(*to.mutable_signature(), file.signature);
    to.set_key_id(file.key_id);
    for (const auto& one : file.files) {
        set_bytes(*to.add_files(), one);
    }
    return with_magic(serialize(to));
}

Result<BundleFile> read_bundle_file(ByteView bytes) {
    if (auto checked = check_magic(bytes); !checked) {
        return tl::unexpected(checked.error());
    }
    if (bytes.size() > kBundleBytesMax) {
        return base::fail(
            ErrorKind::kLimit, "the bundle is too large",
            std::to_string(bytes.size()) + " bytes, at most " + std::to_string(kBundleBytesMax),
            "Build it for fewer device classes.");
    }
    v1::Bundle from;
    if (!parse(bytes.subspan(kMagic.size()), from)) {
        return damaged("it is cut short, or bytes between its parts were changed");
    }
    if (from.files_size() > static_cast<int>(kFilesMax) ||
        from.signature().size() != core::Signature{}.size()) {
        return damaged("more than " + std::to_string(kFilesMax) +
                       " files, or a signature that has not 64 bytes");
    }
    BundleFile file;
    file.signed_bytes = with_magic(base::as_bytes(from.statement()));
    std::copy(from.signature().begin(), from.signature().end(), file.signature.begin());
    file.key_id = from.key_id();
    for (const auto& one : from.files()) {
        file.files.push_back(to_bytes(one));
    }
    if (!std::ranges::equal(write_bundle_file(file), bytes)) {
        return damaged("it is not the canonical encoding, or has unknown parts");
    }
    return file;
}

}  // namespace frugal::wire
