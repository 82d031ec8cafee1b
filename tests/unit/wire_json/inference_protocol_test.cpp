// SPDX-License-Identifier: Apache-2.0
#include "wire/inference_protocol.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace frugal::wire {
namespace {

constexpr std::string_view kMetadata =
    R"({"name":"digits","platform":"p","inputs":[{"name":"image","datatype":"INT8",)"
    R"("shape":[-1,2,2]}],"outputs":[{"name":"scores","datatype":"FP32","shape":[-1,3]}]})";

InferenceModel model(TensorType type = TensorType::kInt8) {
    return {"image", type, {1, 2, 2}, "scores"};
}

std::string answer_with(std::string_view data, std::string_view shape = "[1,3]",
                        std::string_view name = "scores", std::string_view type = "FP32") {
    return "{\"model_name\":\"digits\",\"id\":\"7\",\"outputs\":[{\"name\":\"" + std::string(name) +
           "\",\"shape\":" + std::string(shape) + ",\"datatype\":\"" + std::string(type) +
           "\",\"data\":" + std::string(data) + "}]}";
}

TEST(InferenceProtocol, ReadsWhatAModelTakes) {
    const auto read = read_model_metadata(kMetadata);
    ASSERT_TRUE(read) << read.error().describe();
    EXPECT_EQ(*read, model());
}

TEST(InferenceProtocol, SaysTheInputInTheModelsType) {
    struct Case {
        TensorType type;
        const char* name;
        std::vector<double> data;
    };
    const Case cases[] = {{TensorType::kInt8, "INT8", {-128, -1, 0, 127}},
                          {TensorType::kUint8, "UINT8", {128, 255, 0, 127}},
                          {TensorType::kFloat32, "FP32", {0, 127.0 / 255, 128.0 / 255, 1}}};
    for (const auto& row : cases) {
        SCOPED_TRACE(row.name);
        const base::Bytes input = {0x80, 0xff, 0x00, 0x7f};
        const auto text = inference_request(model(row.type), {}, {"ab", 3, 5000}, input);
        ASSERT_TRUE(text);
        const auto request = boost::json::parse(*text);
        EXPECT_EQ(request.at("id"), "ab");
        EXPECT_EQ(request.at("parameters").at("priority"), 3);
        EXPECT_EQ(request.at("parameters").at("timeout"), 5000);
        const auto& tensor = request.at("inputs").at(0);
        EXPECT_EQ(tensor.at("name"), "image");
        EXPECT_EQ(tensor.at("datatype"), row.name);
        EXPECT_EQ(boost::json::serialize(tensor.at("shape")), "[1,2,2]");
        for (std::size_t i = 0; i < 4; ++i) {
            EXPECT_NEAR(tensor.at("data").at(i).to_number<double>(), row.data[i], 1e-9);
        }
    }
}

TEST(InferenceProtocol, RefusesAnInputOfAnotherSize) {
    EXPECT_FALSE(inference_request(model(), {}, {"ab"}, base::Bytes{1, 2, 3}));
}

TEST(InferenceProtocol, TakesTheLikeliestClass) {
    const auto answer = read_inference_answer(answer_with("[0.125,0.75,0.125]"), model(), "7");
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(answer->class_id, 1U);
    EXPECT_EQ(answer->confidence, 192U);
    EXPECT_EQ(read_inference_answer(answer_with("[0,0,1]"), model(), "7")->confidence, 255U);
}

struct OddCase {
    const char* case_name;
    std::string body;
};

TEST(InferenceProtocol, RefusesWhatIsNoAnswer) {
    const OddCase cases[] = {
        {"nothing", ""},
        {"no JSON", "class 2"},
        {"no object", "[1]"},
        {"no outputs", R"({"id":"7"})"},
        {"another output", answer_with("[0,0,1]", "[1,3]", "other")},
        {"wrong shape", answer_with("[0,0,1]", "[1,4]")},
        {"no shape", answer_with("[0,0,1]", "null")},
        {"huge shape", answer_with("[0,0,1]", "[4000000000,4000000000]")},
        {"negative shape", answer_with("[0,0,1]", "[-1,-3]")},
        {"one class", answer_with("[1]", "[1,1]")},
        {"text", answer_with(R"(["a","b","c"])")},
        {"infinite", answer_with("[0,0,1e400]")},
        {"below 0", answer_with("[0.5,-0.5,1]")},
        {"logits", answer_with("[0.9,0.9,0.9]")},
        {"integers", answer_with("[0,0,1]", "[1,3]", "scores", "INT64")},
        {"deep", std::string(50, '[') + std::string(50, ']')},
        {"large", answer_with("[0,0,1]") + std::string(kInferenceAnswerBytesMax, ' ')},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.case_name);
        const auto answer = read_inference_answer(row.body, model(), "7");
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().kind, base::ErrorKind::kInvalidInput);
    }
}

TEST(InferenceProtocol, RefusesTheAnswerToAnotherCall) {
    EXPECT_TRUE(read_inference_answer(answer_with("[0,0,1]"), model(), "7"));
    EXPECT_FALSE(read_inference_answer(answer_with("[0,0,1]"), model(), "8"));
}

TEST(InferenceProtocol, RefusesModelsItCannotAsk) {
    const auto with = [](std::string_view from, std::string_view to) {
        std::string text(kMetadata);
        text.replace(text.find(from), from.size(), to);
        return text;
    };
    for (const auto& text : {with("INT8", "BYTES"), with("[-1,2,2]", "[-1,-1,2]"),
                             with("[-1,2,2]", "[]"), with("[-1,2,2]", "[1,5000]"),
                             with("\"inputs\"", "\"input\""), with("\"image\"", "\"\"")}) {
        SCOPED_TRACE(text);
        const auto read = read_model_metadata(text);
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().kind, base::ErrorKind::kUnsupported);
    }
}

TEST(InferenceProtocol, ShowsWhatTheServerSaysInOneLine) {
    EXPECT_EQ(inference_error_text(404, R"({"error":"model x\nnot found"})"),
              "404: model x not found");
    EXPECT_EQ(inference_error_text(500, "<html>"), "500");
    EXPECT_EQ(model_path("a b/../c"), "/v2/models/a%20b%2F..%2Fc");
}

}  // namespace
}  // namespace frugal::wire
