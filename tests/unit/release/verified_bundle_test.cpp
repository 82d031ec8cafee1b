// SPDX-License-Identifier: Apache-2.0
#include "release/verified_bundle.hpp"

#include <functional>

#include "unit/release/author.hpp"

namespace frugal::release {
namespace {

using base::Bytes;
using base::ErrorKind;

base::Result<VerifiedBundle> open(const Bytes& bytes) {
    return VerifiedBundle::open(bytes, author_key().public_key());
}

TEST(VerifiedBundle, GivesBackWhatTheAuthorSigned) {
    const auto bundle = open(fashion_bundle());
    ASSERT_TRUE(bundle) << bundle.error().describe();
    EXPECT_EQ(bundle->statement().model.text(), "fashion");
    EXPECT_EQ(bundle->statement().release, 3u);
    EXPECT_EQ(bundle->statement().counter, 5u);
    EXPECT_EQ(bundle->key_id(), author_key().key_id());
    ASSERT_EQ(bundle->manifests().size(), 2u);
    for (const auto& manifest : bundle->manifests()) {
        const auto* file = bundle->file(manifest->content().model_digest);
        ASSERT_NE(file, nullptr);
        EXPECT_EQ(file->size(), manifest->content().model_bytes);
    }
    EXPECT_EQ(bundle->file(base::Digest{}), nullptr);
}

TEST(VerifiedBundle, RefusesAForeignKey) {
    const auto stranger = crypto::ReleaseKey::generate();
    const auto bundle = VerifiedBundle::open(fashion_bundle(), stranger->public_key());
    ASSERT_FALSE(bundle);
    EXPECT_EQ(bundle.error().kind, ErrorKind::kDenied);
    EXPECT_NE(bundle.error().describe().find("another key"), std::string::npos);
}

TEST(VerifiedBundle, RefusesEveryTruncation) {
    const Bytes whole = fashion_bundle();
    for (std::size_t size = 0; size < whole.size(); size += size < 2000 ? 7 : 997) {
        EXPECT_FALSE(open(Bytes(whole.begin(), whole.begin() + static_cast<long>(size)))) << size;
    }
}

TEST(VerifiedBundle, RefusesAChangedByteAnywhere) {
    const Bytes whole = fashion_bundle();
    for (std::size_t at = 0; at < whole.size(); at += at < 2000 ? 3 : 499) {
        Bytes changed = whole;
        changed[at] ^= 0x20;
        EXPECT_FALSE(open(changed)) << "byte " << at;
    }
}

TEST(VerifiedBundle, RefusesBytesAfterItsEnd) {
    Bytes longer = fashion_bundle();
    longer.push_back(0);
    EXPECT_FALSE(open(longer));
    Bytes with_unknown_field = fashion_bundle();
    with_unknown_field.insert(with_unknown_field.end(), {0x78, 0x01});  // field 15, varint 1
    const auto opened = open(with_unknown_field);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().describe().find("canonical"), std::string::npos);
}

TEST(VerifiedBundle, NamesALaterFormat) {
    Bytes later = fashion_bundle();
    later[7] = 2;
    EXPECT_EQ(open(later).error().kind, ErrorKind::kUnsupported);
    EXPECT_NE(open(Bytes(100, 'x')).error().describe().find("no release bundle"),
              std::string::npos);
}

TEST(VerifiedBundle, RefusesOneThatIsTooLarge) {
    Bytes large = fashion_bundle();
    large.resize(wire::kBundleBytesMax + 1);
    EXPECT_EQ(open(large).error().kind, ErrorKind::kLimit);
}

TEST(VerifiedBundle, APermitHasNoBases) {
    const auto earlier = open(fashion_bundle());
    ASSERT_TRUE(earlier);
    const auto permit = build_permit_bundle(*earlier, {5, 8}, author_key());
    ASSERT_TRUE(permit) << permit.error().describe();
    const auto file = wire::read_bundle_file(*permit);
    ASSERT_TRUE(file);
    auto statement = *wire::read_statement(file->signed_bytes);
    statement.bases.push_back({class_named("m4"), base::Digest{7}});
    const auto with_base = wire::encode_statement(statement);
    ASSERT_FALSE(with_base);
    EXPECT_NE(with_base.error().describe().find("bases"), std::string::npos)
        << with_base.error().describe();
}

struct Contradiction {
    std::string case_name;
    std::string said;
    std::function<void(wire::ReleaseStatement&, wire::BundleFile&)> change;
};

class SignedContradiction : public testing::TestWithParam<Contradiction> {};

TEST_P(SignedContradiction, IsRefused) {
    const auto bundle = open(resigned(fashion_bundle(), GetParam().change));
    ASSERT_FALSE(bundle);
    EXPECT_NE(bundle.error().describe().find(GetParam().said), std::string::npos)
        << bundle.error().describe();
}

INSTANTIATE_TEST_SUITE_P(
    All, SignedContradiction,
    testing::Values(Contradiction{"AnotherCounter", "contradicts itself",
                                  [](auto& statement, auto&) { statement.counter = 9; }},
                    Contradiction{"AnotherTask", "contradicts itself",
                                  [](auto& statement, auto&) { statement.task = 2; }},
                    Contradiction{"OneClassTwice", "does not state its accuracy",
                                  [](auto& statement, auto&) {
                                      statement.variants.push_back(statement.variants[0]);
                                  }},
                    Contradiction{"AModelLeftOut", "not whole",
                                  [](auto&, auto& file) { file.files.pop_back(); }},
                    Contradiction{"AModelTooMany", "not whole",
                                  [](auto&, auto& file) {
                                      file.files.push_back({1, 2, 3});
                                  }},
                    Contradiction{
                        "ModelsExchanged", "not the one that was signed",
                        [](auto&, auto& file) { std::swap(file.files[0], file.files[1]); }},
                    Contradiction{"ManifestOfAStranger", "signature is wrong",
                                  [](auto& statement, auto&) {
                                      statement.variants[0].manifest_signature[5] ^= 1;
                                  }}),
    [](const auto& one) { return one.param.case_name; });

}  // namespace
}  // namespace frugal::release
