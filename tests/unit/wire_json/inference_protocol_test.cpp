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
    return {"image", type, {1, 2, 2}, "scores", 3};
}

/// Call "7", of a task with so many classes.
InferenceCall call(std::uint32_t classes = 3) {
    return {"7", 0, 0, classes};
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
                          {TensorType::kUint8, "UINT8", {0, 127, 128, 255}},
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
    const auto answer = read_inference_answer(answer_with("[0.125,0.75,0.125]"), model(), call());
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(answer->class_id, 1U);
    EXPECT_EQ(answer->confidence, 192U);
    EXPECT_EQ(read_inference_answer(answer_with("[0,0,1]"), model(), call())->confidence, 255U);
}

TEST(InferenceProtocol, RefusesAnAnswerOfAnotherNumberOfClasses) {
    struct Case {
        const char* case_name;
        std::uint32_t task;
        std::uint32_t metadata;
        bool is_taken;
    };
    const Case cases[] = {
        {"as both say", 3, 3, true},          {"as the task says", 3, 0, true},
        {"as the metadata says", 0, 3, true}, {"nobody says", 0, 0, true},
        {"more than the task", 2, 0, false},  {"fewer than the task", 4, 0, false},
        {"not the metadata's", 0, 4, false},  {"the task's, not the metadata's", 3, 4, true},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.case_name);
        auto asked = model();
        asked.classes = row.metadata;
        const auto answer = read_inference_answer(answer_with("[0,0,1]"), asked, call(row.task));
        ASSERT_EQ(answer.has_value(), row.is_taken);
        if (!answer) {
            EXPECT_EQ(answer.error().kind, base::ErrorKind::kInvalidInput);
            const auto told = answer.error().describe();
            EXPECT_NE(told.find("3 classes, the task has"), std::string::npos) << told;
            EXPECT_FALSE(answer.error().remedy.empty());
        }
    }
}

TEST(InferenceProtocol, MetadataMustNotContradictTheTasksClasses) {
    EXPECT_TRUE(check_model_classes(model(), 3));
    EXPECT_TRUE(check_model_classes(model(), 0));
    const auto refused = check_model_classes(model(), 10);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::kUnsupported);
    EXPECT_NE(refused.error().cause.find("3 classes, the task has 10"), std::string::npos);
}

TEST(InferenceProtocol, ReadsHowManyClassesAModelHas) {
    struct Case {
        const char* shape;
        std::uint32_t classes;
    };
    for (const auto& row :
         {Case{"[-1,3]", 3}, Case{"[1,1,7]", 7}, Case{"[10]", 10}, Case{"[-1]", 0},
          Case{"[-1,-1]", 0}, Case{"null", 0}, Case{"[1,4000000000]", 0}}) {
        SCOPED_TRACE(row.shape);
        std::string text(kMetadata);
        text.replace(text.find("[-1,3]"), 6, row.shape);
        const auto read = read_model_metadata(text);
        ASSERT_TRUE(read) << read.error().describe();
        EXPECT_EQ(read->classes, row.classes);
    }
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
        const auto answer = read_inference_answer(row.body, model(), call());
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().kind, base::ErrorKind::kInvalidInput);
    }
}

TEST(InferenceProtocol, RefusesTheAnswerToAnotherCall) {
    EXPECT_TRUE(read_inference_answer(answer_with("[0,0,1]"), model(), call()));
    EXPECT_FALSE(read_inference_answer(answer_with("[0,0,1]"), model(), {"8"}));
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
