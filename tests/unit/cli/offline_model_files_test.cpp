// SPDX-License-Identifier: Apache-2.0
// What `model pack --strip` proves of a file, and what `model compress` takes as inputs and labels.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "cli/compress_inputs.hpp"
#include "cli/pack_commands.hpp"
#include "support/temporary_directory.hpp"
#include "unit/device_runtime/streaming_models.hpp"
#include "unit/model_compress/float_network.hpp"

namespace frugal::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

class OfflineModelFiles : public testing::Test {
protected:
    std::string file(const std::string& name, base::ByteView bytes) const {
        const auto path = (folder_ / name).string();
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size()));
        return path;
    }

    /// What pack --strip says of the model.
    json::value strip(const base::Bytes& model, const std::string& base = {}) const {
        return pack({.file = file("model.tflite", model),
                     .out = (folder_ / "packed").string(),
                     .base = base,
                     .is_strip = true});
    }

    static json::value pack(const PackArguments& arguments) {
        Context context;
        context.json = true;
        testing::internal::CaptureStdout();
        const auto done = pack_model(context, arguments);
        const auto told = testing::internal::GetCapturedStdout();
        EXPECT_TRUE(done) << done.error().describe();
        return done ? json::parse(told) : json::value();
    }

    const tests::TemporaryDirectory directory_;
    const fs::path& folder_ = directory_.path();
};

TEST_F(OfflineModelFiles, StrippedFloatModelsAreComparedByRunningToo) {
    const auto told = strip(test::convolutional_file());
    EXPECT_EQ(told.at("compared_inputs").to_number<int>(), 16);
    EXPECT_EQ(told.at("not_compared"), "");
}

TEST_F(OfflineModelFiles, AModelThatNothingRunsIsToldAsNotCompared) {
    test::ModelSpec spec = test::delay_model();
    spec.operators.back().version = 99;
    const auto told = strip(test::write_model(spec));
    EXPECT_EQ(told.at("compared_inputs").to_number<int>(), 0);
    EXPECT_NE(told.at("not_compared").as_string().find("CONCATENATION"), json::string::npos)
        << told.at("not_compared");
}

TEST_F(OfflineModelFiles, LabelsAreAsManyAsTheInputsOfTheFile) {
    const model::InputFormat format{2, 2, 9, 0.5F, 1, {1, 2}};
    const auto inputs = read_inputs(file("inputs", base::Bytes(8, 1)), format, 3);
    ASSERT_TRUE(inputs) << inputs.error().describe();
    EXPECT_EQ(inputs->all, 4U);
    model::Samples samples{inputs->taken, {}};
    ASSERT_EQ(samples.inputs.size(), 3U);
    ASSERT_TRUE(read_labels(file("four", base::as_bytes("1\n0\n1\n1\n")), inputs->all, samples));
    EXPECT_EQ(samples.labels, (std::vector<std::uint32_t>{1, 0, 1}));
    for (const auto* text : {"1\n0\n1\n", "1\n0\n1\n1\n0\n", ""}) {
        const auto read = read_labels(file("other", base::as_bytes(text)), inputs->all, samples);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().kind, base::ErrorKind::kInvalidInput);
    }
    EXPECT_TRUE(read_labels("", inputs->all, samples)) << "no labels were given";
}

TEST_F(OfflineModelFiles, InputsOfAllFilesOfAFolderAreCounted) {
    const model::InputFormat format{2, 2, 9, 0.5F, 1, {1, 2}};
    file("b", base::Bytes(4, 2));
    file("a", base::Bytes(2, 1));
    const auto inputs = read_inputs(folder_.string(), format, 2);
    ASSERT_TRUE(inputs) << inputs.error().describe();
    EXPECT_EQ(inputs->all, 3U);
    EXPECT_EQ(inputs->taken, (std::vector<base::Bytes>{{1, 1}, {2, 2}}));
}

TEST_F(OfflineModelFiles, StrippingNeverPacksLarger) {
    const auto model = test::convolutional_file();
    const auto alone = strip(model);
    EXPECT_TRUE(alone.at("is_stripped").as_bool());
    EXPECT_EQ(alone.at("packed_bytes"), alone.at("stripped_packed_bytes"));
    // Against itself the file as given is a delta of next to nothing.
    const auto told = strip(model, file("base.tflite", model));
    EXPECT_FALSE(told.at("is_stripped").as_bool());
    EXPECT_LT(told.at("packed_bytes").to_number<int>(),
              told.at("stripped_packed_bytes").to_number<int>());
    const auto plain = pack({.file = (folder_ / "model.tflite").string(),
                             .out = (folder_ / "plain").string(),
                             .base = (folder_ / "base.tflite").string()});
    EXPECT_EQ(told.at("packed_bytes"), plain.at("packed_bytes"));
    EXPECT_EQ(fs::file_size(folder_ / "packed"), fs::file_size(folder_ / "plain"));
}

class OfFolder : public OfflineModelFiles {
protected:
    base::Result<Inputs> read() const {
        return read_inputs((folder_ / "inputs").string(), {2, 2, 9, 0.5F, 1, {1, 2}}, 0);
    }
    void SetUp() override { fs::create_directory(folder_ / "inputs"); }
};

TEST_F(OfFolder, WhatIsNoInputIsLeftOutAndTold) {
    file("inputs/a", base::Bytes(4, 2));
    file("inputs/.hidden", base::Bytes(4, 9));
    file("inputs/labels.txt", base::as_bytes("1\n0\n"));
    fs::create_directory(folder_ / "inputs" / "more");
    file("inputs/more/b", base::Bytes(4, 7));
    const auto inputs = read();
    ASSERT_TRUE(inputs) << inputs.error().describe();
    EXPECT_EQ(inputs->all, 2U);
    ASSERT_EQ(inputs->left_out.size(), 3U);
    EXPECT_NE(inputs->left_out[0].find(".hidden: left out, it is hidden"), std::string::npos);
    EXPECT_NE(inputs->left_out[1].find("--labels"), std::string::npos);
    EXPECT_NE(inputs->left_out[2].find("it is a folder"), std::string::npos);
}

TEST_F(OfFolder, WithoutInputsItIsRefused) {
    EXPECT_EQ(read().error().cause, "it is empty");
    fs::create_directory(folder_ / "inputs" / "cats");
    EXPECT_NE(read().error().cause.find("cats: left out"), std::string::npos);
}

TEST_F(OfFolder, CompressedFilesAndPicturesAreNoRawBytes) {
    for (const std::string& begin : {std::string("\x1f\x8b\x08\0", 4), std::string("\x89PNG\r\n"),
                                     std::string("PK\x03\x04"), std::string("\xff\xd8\xff\xe0")}) {
        const auto path = file("inputs/a", base::as_bytes(begin));  // of a fitting length
        const auto inputs = read();
        ASSERT_FALSE(inputs) << begin;
        EXPECT_EQ(inputs.error().kind, base::ErrorKind::kInvalidInput);
        EXPECT_NE(inputs.error().message.find("inputs/a: is "), std::string::npos);
        EXPECT_FALSE(inputs.error().remedy.empty());
        model::Samples samples{{{1, 1}}, {}};
        EXPECT_NE(read_labels(path, 1, samples).error().message.find(": is "), std::string::npos);
    }
}

TEST_F(OfFolder, IdxLabelsAreNoInputs) {
    file("inputs/labels", base::Bytes{0, 0, 8, 1, 0, 0, 0, 5, 1, 0, 1, 1, 0});
    const auto inputs = read();
    ASSERT_FALSE(inputs);
    EXPECT_NE(inputs.error().remedy.find("looks like labels"), std::string::npos)
        << inputs.error().describe();
}

}  // namespace
}  // namespace frugal::cli
