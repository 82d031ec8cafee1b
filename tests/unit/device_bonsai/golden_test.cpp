// SPDX-License-Identifier: Apache-2.0
// The project's own Bonsai models: the scores of pseudo-random inputs have the digest that the
// Python implementation wrote down when it made them.
#include <fstream>
#include <iterator>

#include "frugal/sha256.h"
#include "unit/device_bonsai/small_tree.hpp"

namespace frugal::test {
namespace {

constexpr int kInputs = 64;
const std::string kFolder = std::string(FRUGAL_SOURCE_DIR) + "/device-sim/models/";

std::string read_text(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// xorshift32, the top byte of each state.
std::string digest_of(const fr_bonsai_t& model) {
    std::uint32_t state = 1;
    Bytes all;
    std::vector<std::int8_t> input(model.input_count);
    for (int i = 0; i < kInputs; ++i) {
        for (std::int8_t& element : input) {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            element = static_cast<std::int8_t>(state >> 24);
        }
        std::int32_t scores[FR_CLASSES_MAX];
        EXPECT_EQ(fr_bonsai_scores(&model, input.data(), input.size(), scores), FR_OK);
        for (int row = 0; row < model.score_count; ++row) {
            for (int shift = 0; shift < 32; shift += 8) {
                all.push_back(
                    static_cast<std::uint8_t>(static_cast<std::uint32_t>(scores[row]) >> shift));
            }
        }
    }
    std::uint8_t digest[FR_SHA256_SIZE];
    fr_sha256(all.data(), all.size(), digest);
    std::string text;
    for (std::uint8_t byte : digest) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

/// The text of `"key": "text"` from `position` on, which moves behind it; empty at the end.
std::string next_text(const std::string& json, const std::string& key, std::size_t& position) {
    const std::string head = "\"" + key + "\": \"";
    const auto found = json.find(head, position);
    if (found == std::string::npos) {
        return {};
    }
    const auto begin = found + head.size();
    position = json.find('"', begin);
    return json.substr(begin, position - begin);
}

TEST(BonsaiGoldenTest, BothImplementationsGiveTheSameScores) {
    const std::string figures = read_text(kFolder + "bonsai.json");
    std::size_t position = 0;
    int count = 0;
    for (auto file = next_text(figures, "file", position); !file.empty();
         file = next_text(figures, "file", position)) {
        const std::string text = read_text(kFolder + file);
        Bytes bytes(text.begin(), text.end());
        EXPECT_LE(bytes.size(), 2048u) << file;
        EXPECT_EQ(digest_of(opened(bytes)), next_text(figures, "golden", position)) << file;
        ++count;
    }
    EXPECT_EQ(count, 2);
}

}  // namespace
}  // namespace frugal::test
