// SPDX-License-Identifier: Apache-2.0
// A decoder taken out of its memory between two polls, and put back elsewhere, goes on as if
// nothing had happened.
#include <gtest/gtest.h>

#include <random>

#include "support/model_files.hpp"
#include "unit/model_codec/changed_decoder.hpp"
#include "unit/model_codec/stored_delta.hpp"

namespace {

using frugal::base::Bytes;
using frugal::test::ChangedDecoder;
using frugal::test::Place;
using frugal::test::project_model;
using frugal::test::StoredDelta;

constexpr int kStepMoved = 14;   // FR_STEP_MOVED, which is the decoder's own business
constexpr int kStepWeight = 21;  // FR_STEP_WEIGHT, likewise

class Suspend : public testing::TestWithParam<std::uint8_t>, protected StoredDelta {
protected:
    Suspend()
        : StoredDelta(GetParam(), project_model("fashion-small-1.tflite"),
                      project_model("fashion-small-2.tflite")) {}

    void SetUp() override { ASSERT_FALSE(stream.empty()); }
};

TEST_P(Suspend, GoesOnElsewhere) {
    auto place = std::make_unique<Place>();
    auto config = config_at(*place);
    ASSERT_EQ(fr_decoder_init(place->decoder(), &config), FR_OK);
    std::size_t step = 1;
    while (slot.bytes.size() < file.size()) {
        ASSERT_TRUE(decode(*place->decoder(), std::min(step, left())));
        step = step * 5 % 1021 + 1;
        fr_decoder_suspend(place->decoder());
        auto other = std::make_unique<Place>();
        other->bytes = place->bytes;
        std::fill(place->bytes.begin(), place->bytes.end(), std::uint8_t{0xA5});
        auto elsewhere = config_at(*other);
        ASSERT_EQ(fr_decoder_resume(other->decoder(), &elsewhere), FR_OK);
        std::swap(place, other);
        if (step % 7 != 0) {
            continue;
        }
        // Suspended at the same place, the same bytes: none of them tells where it was.
        fr_decoder_suspend(place->decoder());
        const Bytes once = place->bytes;
        ASSERT_EQ(fr_decoder_resume(place->decoder(), &elsewhere), FR_OK);
        fr_decoder_suspend(place->decoder());
        ASSERT_EQ(place->bytes, once);
        ASSERT_EQ(fr_decoder_resume(place->decoder(), &elsewhere), FR_OK);
    }
    EXPECT_EQ(slot.bytes, file);
    EXPECT_EQ(at, stream.size());
    EXPECT_EQ(fr_decoder_finish(place->decoder()), FR_OK);
}

TEST_P(Suspend, IsRefusedWithLessThanItHad) {
    Place place;
    auto config = config_at(place);
    ASSERT_EQ(fr_decoder_init(place.decoder(), &config), FR_OK);
    ASSERT_TRUE(decode(*place.decoder(), 3000));
    fr_decoder_suspend(place.decoder());
    auto less = config;
    less.read_base = nullptr;
    EXPECT_EQ(fr_decoder_resume(place.decoder(), &less), FR_ERROR_ARGUMENT);
    less = config;
    less.decoded_size_max = static_cast<std::uint32_t>(file.size()) - 1;
    EXPECT_EQ(fr_decoder_resume(place.decoder(), &less), FR_ERROR_ARGUMENT);
    less = config;
    less.memory_bytes = 16;
    EXPECT_EQ(fr_decoder_resume(place.decoder(), &less), FR_ERROR_NO_SPACE);
    less = config;
    const fr_profile_set_t none{nullptr, 0};
    less.profiles = &none;
    EXPECT_EQ(fr_decoder_resume(place.decoder(), &less), FR_ERROR_UNSUPPORTED);
    EXPECT_EQ(fr_decoder_resume(place.decoder(), &config), FR_OK);
}

TEST_P(Suspend, IsRefusedBeforeItHasBegun) {
    Place place;
    const auto config = config_at(place);
    ASSERT_EQ(fr_decoder_init(place.decoder(), &config), FR_OK);
    fr_decoder_suspend(place.decoder());
    EXPECT_EQ(fr_decoder_resume(place.decoder(), &config), FR_ERROR_MALFORMED);
}

TEST_P(Suspend, FollowsNoPointerThatWasStored) {
    Place place;
    auto config = config_at(place);
    ASSERT_EQ(fr_decoder_init(place.decoder(), &config), FR_OK);
    while (place.decoder()->step != kStepWeight && slot.bytes.size() + 1 < file.size()) {
        ASSERT_TRUE(decode(*place.decoder(), 1));
    }
    fr_decoder_suspend(place.decoder());
    auto& rows = *static_cast<fr_weight_rows_t*>(place.memory());
    const bool has_rows = place.decoder()->step == kStepWeight;
    ASSERT_EQ(has_rows, GetParam() != 0);
    const fr_weight_mixing_t nowhere{};
    if (has_rows) {
        rows.model.mixing = &nowhere;  // four calls of address 0
        rows.model.mixer = nullptr;
    }
    place.decoder()->call_output = place.bytes.data();
    place.decoder()->profile = nullptr;
    ASSERT_EQ(fr_decoder_resume(place.decoder(), &config), FR_OK);
    ASSERT_TRUE(decode(*place.decoder(), left()));
    EXPECT_EQ(slot.bytes, file);
}

TEST_P(Suspend, AnyBytesAreRefusedOrStayInsideTheirBounds) {
    Place place;
    const auto config = config_at(place);
    ASSERT_EQ(fr_decoder_init(place.decoder(), &config), FR_OK);
    std::mt19937 random(GetParam() + 1U);
    std::uint32_t accepted = 0;
    std::uint32_t refused = 0;
    while (slot.bytes.size() < file.size()) {
        ASSERT_TRUE(decode(*place.decoder(), std::min<std::size_t>(1 + random() % 700, left())));
        fr_decoder_suspend(place.decoder());
        const auto stored = place.bytes;
        ASSERT_EQ(fr_decoder_resume(place.decoder(), &config), FR_OK);
        for (int i = 0; i < 60; ++i) {
            Bytes changed = stored;
            for (auto count = 1 + random() % 4; count != 0; --count) {
                const auto front = random() % 3 != 0 ? sizeof(fr_decoder_t) : changed.size();
                changed[random() % front] = static_cast<std::uint8_t>(random());
            }
            ChangedDecoder changed_decoder(changed, config);
            if (!changed_decoder.resume()) {
                ++refused;
                continue;
            }
            ++accepted;
            ASSERT_TRUE(changed_decoder.run(stream, at))
                << "after " << slot.bytes.size() << " bytes";
        }
    }
    EXPECT_GT(accepted, 500U);
    EXPECT_GT(refused, 300U);
}

TEST_P(Suspend, EveryByteOfAStateMayBeAnything) {
    Place place;
    const auto config = config_at(place);
    ASSERT_EQ(fr_decoder_init(place.decoder(), &config), FR_OK);
    ASSERT_TRUE(decode(*place.decoder(), file.size() / 2));
    fr_decoder_suspend(place.decoder());
    const auto stored = place.bytes;
    for (std::size_t where = 0; where < stored.size(); ++where) {
        for (const std::uint8_t value : {0x00, 0x01, 0x7F, 0x80, 0xFF}) {
            auto changed = stored;
            changed[where] = value;
            ChangedDecoder changed_decoder(changed, config);
            ASSERT_TRUE(!changed_decoder.resume() || changed_decoder.run(stream, at)) << where;
        }
    }
}

/// Words that differ from those of the base by ever more.
Bytes words(std::uint32_t growth) {
    Bytes bytes;
    std::mt19937 random(9);
    std::uint32_t value = 0;
    for (std::uint32_t i = 0; i < 100; ++i) {
        value += 4 + random() % 5000;
        for (std::uint32_t shift = 0; shift < 32; shift += 8) {
            bytes.push_back(static_cast<std::uint8_t>((value + growth * i) >> shift));
        }
    }
    return bytes;
}

class SuspendAmongMovedWords : public testing::Test, protected StoredDelta {
protected:
    SuspendAmongMovedWords() : StoredDelta(1, words(0), words(4)) {}
    void SetUp() override { ASSERT_FALSE(stream.empty()); }
};

TEST_F(SuspendAmongMovedWords, GoesOnElsewhere) {
    auto place = std::make_unique<Place>();
    auto config = config_at(*place);
    ASSERT_EQ(fr_decoder_init(place->decoder(), &config), FR_OK);
    std::size_t among_words = 0;
    while (slot.bytes.size() < file.size()) {
        ASSERT_TRUE(decode(*place->decoder(), 1));
        among_words += place->decoder()->step == kStepMoved ? 1 : 0;
        fr_decoder_suspend(place->decoder());
        auto other = std::make_unique<Place>();
        other->bytes = place->bytes;
        auto elsewhere = config_at(*other);
        ASSERT_EQ(fr_decoder_resume(other->decoder(), &elsewhere), FR_OK);
        std::swap(place, other);
    }
    EXPECT_EQ(slot.bytes, file);
    EXPECT_GT(among_words, file.size() / 2);
    EXPECT_EQ(fr_decoder_finish(place->decoder()), FR_OK);
}

TEST_F(SuspendAmongMovedWords, IsRefusedWithARunOrADistanceThatLeadsOutside) {
    Place place;
    const auto config = config_at(place);
    ASSERT_EQ(fr_decoder_init(place.decoder(), &config), FR_OK);
    while (place.decoder()->step != kStepMoved || slot.bytes.size() < file.size() / 2) {
        ASSERT_TRUE(decode(*place.decoder(), 1));
    }
    fr_decoder_suspend(place.decoder());
    const auto stored = place.bytes;
    const auto resume_with = [&](const auto& change) {
        place.bytes = stored;
        change(*place.decoder());
        return fr_decoder_resume(place.decoder(), &config);
    };
    const auto left_words = static_cast<std::uint32_t>(left() / 4);
    const auto at_most = static_cast<std::uint32_t>(slot.base.size() + slot.bytes.size());
    EXPECT_EQ(resume_with([](auto&) {}), FR_OK);
    EXPECT_EQ(resume_with([&](auto& decoder) { decoder.run = left_words + 2; }),
              FR_ERROR_MALFORMED);
    EXPECT_EQ(resume_with([](auto& decoder) { decoder.distances[0] = 3; }), FR_ERROR_MALFORMED)
        << "not a word back";
    EXPECT_EQ(resume_with([](auto& decoder) { decoder.distances[0] = 4; }), FR_OK);
    EXPECT_EQ(resume_with([&](auto& decoder) { decoder.distances[0] = at_most + 4; }),
              FR_ERROR_MALFORMED)
        << "before the base";
}

INSTANTIATE_TEST_SUITE_P(Profile, Suspend, testing::Values(0, 1, 2), [](const auto& tested) {
    return std::to_string(static_cast<int>(tested.param));
});

}  // namespace
