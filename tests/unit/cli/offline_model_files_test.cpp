// SPDX-License-Identifier: Apache-2.0
// What `model pack --strip` proves of a file, and what `model compress` takes as inputs and labels.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "cli/compress_inputs.hpp"
#include "cli/pack_commands.hpp"
#include "unit/device_runtime/streaming_models.hpp"
#include "unit/model_compress/float_network.hpp"

namespace frugal::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

class OfflineModelFiles : public testing::Test {
protected:
    OfflineModelFiles() {
        std::string name = (fs::temp_directory_path() / "frugal-model-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~OfflineModelFiles() override { fs::remove_all(folder_); }

    std::string file(const std::string& name, base::ByteView bytes) const {
        const auto path = (folder_ / name).string();
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size()));
        return path;
    }

    /// What pack --strip says of the model.
    json::value strip(const base::Bytes& model) const {
        Context context;
        context.json = true;
        const PackArguments arguments{.file = file("model.tflite", model),
                                      .out = (folder_ / "packed").string(),
                                      .base = {},
                                      .is_strip = true};
        testing::internal::CaptureStdout();
        const auto done = pack_model(context, arguments);
        const auto told = testing::internal::GetCapturedStdout();
        EXPECT_TRUE(done) << done.error().describe();
        return done ? json::parse(told) : json::value();
    }

    fs::path folder_;
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

}  // namespace
}  // namespace frugal::cli
