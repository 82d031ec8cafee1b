// SPDX-License-Identifier: Apache-2.0
// Test support: an author with a key, models of the project, and bundles made of them.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "crypto/sha256.hpp"
#include "release/bundle_builder.hpp"
#include "support/model_files.hpp"
#include "wire/manifest.hpp"

namespace frugal::release {

inline base::ClassName class_named(std::string_view name) {
    return *base::ClassName::parse(name);
}

/// One key for all tests of a program.
inline const crypto::ReleaseKey& author_key() {
    static const auto key = crypto::ReleaseKey::generate();
    return *key;
}

/// As many as the models of the project tell apart.
inline std::vector<std::string> ten_labels() {
    return {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
}

/// fashion@3, counter 5, task 1: a model for class tiny and one for m4.
inline BundleSource fashion_source() {
    BundleSource source{.release = {.model = *base::ModelName::parse("fashion"),
                                    .release = 3,
                                    .counter = 5,
                                    .task = 1,
                                    .variants = {}},
                        .provenance = std::vector<wire::Provenance>(2)};
    source.release.variants.push_back(
        {class_named("tiny"), test::project_model("fashion-tiny-1.tflite")});
    source.release.variants.push_back(
        {class_named("m4"), test::project_model("fashion-small-1.tflite")});
    return source;
}

inline base::Bytes fashion_bundle() {
    static const auto bundle = build_bundle(fashion_source(), author_key());
    EXPECT_TRUE(bundle) << bundle.error().describe();
    return bundle.value_or(base::Bytes());
}

/// The bundle with another statement, signed again by the author: what a faulty tool would make.
template <typename Change>
base::Bytes resigned(const base::Bytes& bundle, Change change) {
    auto file = *wire::read_bundle_file(bundle);
    auto statement = *wire::read_statement(file.signed_bytes);
    change(statement, file);
    file.signed_bytes = *wire::encode_statement(statement);
    file.signature = *author_key().sign(file.signed_bytes);
    return wire::write_bundle_file(file);
}

/// A manifest of the statement changed and signed again.
template <typename Change>
void change_manifest(wire::BundleVariant& variant, Change change) {
    auto content = *wire::inspect_manifest(variant.manifest);
    change(content);
    variant.manifest = *wire::encode_manifest(content);
    variant.manifest_signature = *author_key().sign(variant.manifest);
}

}  // namespace frugal::release
