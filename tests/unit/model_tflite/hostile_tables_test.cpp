// SPDX-License-Identifier: Apache-2.0
// Files that FlatBuffers' verifier lets pass: options whose fields lie elsewhere, lists of fields
// that are too short, lists with gaps, bytes at an odd address.
#include <flatbuffers/flatbuffers.h>

#include <algorithm>

#include "model/tflite/graph.hpp"
#include "model/tflite/layers.hpp"
#include "model/tflite/strip.hpp"
#include "model/tflite/summary.hpp"
#include "unit/device_runtime/run_support.hpp"

namespace frugal::model {
namespace {

using base::ErrorKind;
using test::activation;
using test::bias;
using test::Bytes;
using test::ModelSpec;
using test::weights;

using Tables = flatbuffers::Vector<flatbuffers::Offset<flatbuffers::Table>>;

// Offsets in lists of fields, by the public format.
constexpr flatbuffers::voffset_t kSubgraphs = 8;
constexpr flatbuffers::voffset_t kTensors = 4;
constexpr flatbuffers::voffset_t kOperators = 10;
constexpr flatbuffers::voffset_t kOptions = 12;
constexpr flatbuffers::voffset_t kQuantization = 12;

/// A convolution with all its options, and softmax whose one option is a float.
ModelSpec model_spec() {
    test::Noise noise(7);
    ModelSpec spec;
    spec.tensors = {activation({1, 4, 4, 2}, 0.1f, -3),
                    weights({3, 3, 3, 2}, noise.values(54, -9, 9), {0.1f, 0.2f, 0.3f}),
                    bias({1, 2, 3}, 0.01f), activation({1, 2, 2, 3}, 0.2f, 5),
                    activation({1, 2, 2, 3}, 1.0f / 256, -128)};
    spec.tensors[0].name = "image";
    spec.operators = {
        {3, 3, {0, 1, 2}, {3}, 1, {{0, 1, 1}, {1, 4, 2}, {2, 4, 2}, {3, 1, 1}, {4, 4, 1}}, ""},
        {25, 2, {3}, {4}, 9, {{0, 4, test::float_bits(1.5f)}}, ""}};
    spec.inputs = {0};
    spec.outputs = {4};
    return spec;
}

/// A file that is changed where its tables lie.
class HostileTables : public testing::Test {
protected:
    HostileTables() : file_(write_model(model_spec())) {}

    static const flatbuffers::Table* subgraph_of(const Bytes& file) {
        const auto* root = flatbuffers::GetRoot<flatbuffers::Table>(file.data());
        return root->GetPointer<const Tables*>(kSubgraphs)->Get(0);
    }

    const flatbuffers::Table* entry(flatbuffers::voffset_t list, std::uint32_t index) const {
        return subgraph_of(file_)->GetPointer<const Tables*>(list)->Get(index);
    }

    const flatbuffers::Table* options(std::uint32_t index) const {
        return entry(kOperators, index)->GetPointer<const flatbuffers::Table*>(kOptions);
    }

    /// Writes 16 bits into the table's list of fields: 0 its size, 1 the table's, 2 + i field i.
    void put(const flatbuffers::Table* table, std::size_t word, std::uint16_t value) {
        const auto at = static_cast<std::size_t>(table->GetVTable() - file_.data()) + 2 * word;
        std::memcpy(file_.data() + at, &value, sizeof value);
    }

    void expect_refused_as_damaged(const std::string& expected) {
        const auto stripped = strip_model(file_);
        ASSERT_FALSE(stripped);
        EXPECT_EQ(stripped.error().kind, ErrorKind::kInvalidInput);
        EXPECT_NE(stripped.error().describe().find(expected), std::string::npos)
            << stripped.error().describe();
    }

    Bytes file_;
};

TEST_F(HostileTables, GoodOptionsAreReadAlike) {
    const auto layers = read_layers(file_);
    ASSERT_TRUE(layers && layers->size() == 1);
    EXPECT_FALSE(layers->at(0).window.is_same_padding);
    EXPECT_EQ(layers->at(0).window.stride_width, 2U);
    const auto stripped = strip_model(file_);
    ASSERT_TRUE(stripped) << stripped.error().describe();
    ASSERT_LT(stripped->size(), file_.size());
    const auto before = read_graph(file_);
    const auto after = read_graph(*stripped);
    ASSERT_TRUE(before && after);
    for (std::size_t i = 0; i < before->operators.size(); ++i) {
        ASSERT_EQ(after->operators[i].options.size(), before->operators[i].options.size());
        for (std::size_t k = 0; k < before->operators[i].options.size(); ++k) {
            EXPECT_EQ(after->operators[i].options[k].bits, before->operators[i].options[k].bits);
        }
    }
}

TEST_F(HostileTables, AListOfFieldsWithoutItsHeadHasNone) {
    put(options(0), 0, 0);
    const auto layers = read_layers(file_);
    ASSERT_TRUE(layers && layers->size() == 1);
    EXPECT_EQ(layers->at(0).window.stride_width, 1U);
    const auto graph = read_graph(file_);
    ASSERT_TRUE(graph);
    EXPECT_TRUE(graph->operators[0].options.empty());
    const auto stripped = strip_model(file_);
    ASSERT_TRUE(stripped) << stripped.error().describe();
    EXPECT_TRUE(read_graph(*stripped)->operators[0].options.empty());
}

TEST_F(HostileTables, QuantizationWithoutFieldsIsNoReasonToLookBeyond) {
    put(entry(kTensors, 0)->GetPointer<const flatbuffers::Table*>(kQuantization), 0, 2);
    const auto stripped = strip_model(file_);
    ASSERT_TRUE(stripped) << stripped.error().describe();
    EXPECT_TRUE(read_graph(*stripped)->tensors[0].quantization.scales.empty());
}

TEST_F(HostileTables, AFieldOutsideTheFileIsRefused) {
    put(options(0), 2 + 1, 0xFFF0);
    expect_refused_as_damaged("strip: field 1 lies outside its options");
    EXPECT_EQ(read_layers(file_)->at(0).window.stride_width, 1U);
    EXPECT_EQ(read_graph(file_)->operators[0].options.size(), 4U);
}

TEST_F(HostileTables, AFieldBehindItsTableIsRefused) {
    put(options(1), 1, 4);
    expect_refused_as_damaged("strip: field 0 lies outside its options");
    EXPECT_TRUE(read_graph(file_)->operators[1].options.empty());
}

TEST_F(HostileTables, AFieldOnTheHeadOfItsTableIsRefused) {
    put(options(0), 2, 2);
    expect_refused_as_damaged("strip: field 0 lies outside its options");
}

struct DamageCase {
    const char* name;
    flatbuffers::voffset_t list;  ///< of the subgraph
    std::uint32_t entry;
    flatbuffers::voffset_t field;
    std::uint32_t offset;  ///< written there
    const char* says;
};

class DamagedOffsets : public HostileTables, public testing::WithParamInterface<DamageCase> {};

TEST_P(DamagedOffsets, AreToldByTableAndField) {
    const auto& one = GetParam();
    const auto* table = entry(one.list, one.entry);
    const auto at = reinterpret_cast<const std::uint8_t*>(table) - file_.data() +
                    table->GetOptionalFieldOffset(one.field);
    std::memcpy(file_.data() + at, &one.offset, sizeof one.offset);
    const auto read = read_model(file_);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().kind, ErrorKind::kInvalidInput);
    EXPECT_NE(read.error().message.find(one.says), std::string::npos) << read.error().describe();
    EXPECT_FALSE(read.error().remedy.empty());
}

const DamageCase kDamage[] = {
    {"beyond", kTensors, 1, kQuantization, 1U << 20, "subgraph 0, tensor 1: its quantization"},
    {"negative", kOperators, 1, kOptions, 0xFFFFFFFF, "subgraph 0, operator 1: its options"},
    {"itself", kTensors, 0, 10, 0, "subgraph 0, tensor 0: its name leads to itself"},
    {"odd", kOperators, 0, 6, 1, "subgraph 0, operator 0: its inputs at byte"},
};

INSTANTIATE_TEST_SUITE_P(Offsets, DamagedOffsets, testing::ValuesIn(kDamage),
                         [](const auto& one) { return one.param.name; });

TEST_F(HostileTables, ACutFileIsSaidToBeCut) {
    file_.resize(file_.size() - 40);
    const auto read = read_model(file_);
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().cause.find("cut short"), std::string::npos) << read.error().describe();
    EXPECT_NE(read.error().message.find(std::to_string(file_.size())), std::string::npos);
}

TEST_F(HostileTables, AnEntryThatLeadsToItselfIsMissing) {
    const auto* tensors = subgraph_of(file_)->GetPointer<const Tables*>(kTensors);
    const auto at = static_cast<std::size_t>(tensors->Data() - file_.data());
    std::fill_n(file_.begin() + static_cast<std::ptrdiff_t>(at), 4, std::uint8_t{0});
    const auto read = read_model(file_);
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().describe().find("subgraph 0, tensor 0 is missing"), std::string::npos)
        << read.error().describe();
}

TEST_F(HostileTables, BytesAtAnOddAddressAreReadAlike) {
    Bytes shifted(file_.size() + 1);
    std::copy(file_.begin(), file_.end(), shifted.begin() + 1);
    const base::ByteView odd = base::ByteView(shifted).subspan(1);
    EXPECT_EQ(strip_model(odd).value(), strip_model(file_).value());
    const auto layers = read_layers(odd);
    ASSERT_TRUE(layers && layers->size() == 1);
    EXPECT_EQ(layers->at(0).weights.offset, read_layers(file_)->at(0).weights.offset);
    EXPECT_EQ(write_graph(read_graph(odd).value()), write_graph(read_graph(file_).value()));
    const auto one = read_model(odd);
    const auto other = read_model(file_);
    ASSERT_FALSE(one || other) << "its shapes do not fit its operator";
    EXPECT_EQ(one.error().describe(), other.error().describe());
}

}  // namespace
}  // namespace frugal::model
