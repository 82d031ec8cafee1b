// SPDX-License-Identifier: Apache-2.0
#include "wire/manifest.hpp"

#include <algorithm>

#include "frugal/limits.h"
#include "frugal/v1/manifest.pb.h"
#include "wire/fields.hpp"
#include "wire/protobuf.hpp"

namespace frugal::wire {

namespace {

constexpr std::uint32_t kFormat = 1;

std::vector<std::uint32_t> read_operators(Fields& fields, const v1::Manifest& from) {
    if (from.operators_size() > static_cast<int>(FR_OPERATORS_MAX)) {
        fields.refuse("operators", "more than " + std::to_string(FR_OPERATORS_MAX));
        return {};
    }
    std::vector<std::uint32_t> operators(from.operators().begin(), from.operators().end());
    if (std::adjacent_find(operators.begin(), operators.end(), std::greater_equal<>()) !=
        operators.end()) {
        fields.refuse("operators", "not strictly ascending");
    }
    return operators;
}

std::vector<core::SelfTest> read_self_tests(Fields& fields, const v1::Manifest& from) {
    std::vector<core::SelfTest> tests;
    if (from.self_tests_size() > static_cast<int>(FR_SELF_TESTS_MAX)) {
        fields.refuse("self_tests", "more than " + std::to_string(FR_SELF_TESTS_MAX));
        return tests;
    }
    for (const auto& test : from.self_tests()) {
        tests.push_back(
            {.seed = test.seed(),
             .output_digest = fields.fixed<16>("self_tests.output_digest", test.output_digest())});
    }
    return tests;
}

core::ManifestContent read(Fields& fields, const v1::Manifest& from) {
    core::ManifestContent to{
        .model = fields.name<base::ModelName>("model", from.model()),
        .release = from.release(),
        .counter = fields.range("counter", from.counter(), 1U, 0xFFFFFFFEU),
        .task = fields.range("task", from.task(), 0U, 255U),
        .device_class = fields.name<base::ClassName>("device_class", from.device_class()),
        .runtime_abi = from.runtime_abi(),
        .model_digest = fields.fixed<32>("model_digest", from.model_digest()),
        .model_bytes = fields.range("model_bytes", from.model_bytes(), 1U, FR_ARTIFACT_SIZE_MAX),
        .arena_bytes = from.arena_bytes(),
        .operators = read_operators(fields, from),
        .input_bytes = from.input_bytes(),
        .output_classes = fields.range("output_classes", from.output_classes(), 1U, FR_CLASSES_MAX),
        .self_tests = read_self_tests(fields, from),
        .data_digest = to_bytes(from.data_digest()),
        .accuracy_permyriad =
            fields.range("accuracy_permyriad", from.accuracy_permyriad(), 0U, 10'000U),
        .state_bytes = from.state_bytes(),
        .multiply_accumulates = from.multiply_accumulates(),
    };
    if (!to.data_digest.empty() && to.data_digest.size() != FR_SHA256_SIZE) {
        fields.refuse("data_digest", "neither empty nor 32 bytes");
    }
    return to;
}

base::Bytes encode(const core::ManifestContent& from) {
    v1::Manifest to;
    to.set_format(kFormat);
    to.set_model(from.model.text());
    to.set_release(from.release);
    to.set_counter(from.counter);
    to.set_task(from.task);
    to.set_device_class(from.device_class.text());
    to.set_runtime_abi(from.runtime_abi);
    set_bytes(*to.mutable_model_digest(), from.model_digest);
    to.set_model_bytes(from.model_bytes);
    to.set_arena_bytes(from.arena_bytes);
    to.mutable_operators()->Add(from.operators.begin(), from.operators.end());
    to.set_input_bytes(from.input_bytes);
    to.set_output_classes(from.output_classes);
    for (const auto& test : from.self_tests) {
        auto& added = *to.add_self_tests();
        added.set_seed(test.seed);
        set_bytes(*added.mutable_output_digest(), test.output_digest);
    }
    set_bytes(*to.mutable_data_digest(), from.data_digest);
    to.set_accuracy_permyriad(from.accuracy_permyriad);
    to.set_state_bytes(from.state_bytes);
    to.set_multiply_accumulates(from.multiply_accumulates);
    return serialize(to);
}

}  // namespace

base::Result<core::ManifestContent> inspect_manifest(base::ByteView bytes) {
    Fields fields("manifest");
    fields.range<std::size_t>("size", bytes.size(), 1, FR_MANIFEST_SIZE_MAX);
    v1::Manifest proto;
    const google::protobuf::LogSilencer quiet;  // the error says it, in our words
    if (!fields.is_good() || !parse(bytes, proto)) {
        fields.refuse("bytes", "not a protobuf message of this type");
        return fields.error();
    }
    if (proto.format() != kFormat) {
        return base::fail(base::ErrorKind::kUnsupported, "manifest.format",
                          "format " + std::to_string(proto.format()) + " is not built in",
                          "Use a gateway of the version that made the manifest");
    }
    auto content = read(fields, proto);
    if (fields.is_good() && !std::ranges::equal(encode(content), bytes)) {
        fields.refuse("bytes", "not the canonical encoding, or unknown fields");
    }
    if (!fields.is_good()) {
        return fields.error();
    }
    return content;
}

base::Result<base::Bytes> encode_manifest(const core::ManifestContent& content) {
    auto bytes = encode(content);
    if (bytes.size() > FR_MANIFEST_SIZE_MAX) {
        return base::fail(base::ErrorKind::kLimit, "manifest of " + content.model.text(),
                          "longer than " + std::to_string(FR_MANIFEST_SIZE_MAX) + " bytes",
                          "Name fewer operators or self-tests");
    }
    const auto checked = inspect_manifest(bytes);
    if (!checked) {
        return base::fail(checked.error(), "manifest of " + content.model.text());
    }
    return bytes;
}

base::Result<core::VerifiedManifest> parse_manifest(core::SignedBlob blob) {
    auto content = inspect_manifest(blob.content());
    if (!content) {
        return tl::unexpected<base::Error>(content.error());
    }
    return core::VerifiedManifest(std::move(*content), std::move(blob));
}

}  // namespace frugal::wire
