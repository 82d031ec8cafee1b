// SPDX-License-Identifier: Apache-2.0
// Everything a decoder must refuse, by the name of the fault.
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>

#include "unit/device_codec/codec_forge.hpp"
#include "unit/device_codec/codec_harness.hpp"

namespace {

using frugal::test::CodecForge;
using frugal::test::decode_in_pieces;
using frugal::test::Pieces;
using Stream = std::vector<uint8_t>;

constexpr uint32_t kOne = 0x3F800000U;  // 1.0f

Stream honest() {
    return CodecForge().literal_zero().literal_zero().stream(2);
}

Stream with_byte(size_t at, uint8_t value) {
    Stream stream = honest();
    stream[at] = value;
    return stream;
}

Stream with_number(size_t at, uint32_t value, int size) {
    Stream stream = honest();
    for (int i = 0; i < size; ++i) {
        stream[at + static_cast<size_t>(i)] = static_cast<uint8_t>(value >> (8 * i));
    }
    return stream;
}

Stream cut(size_t removed) {
    Stream stream = honest();
    stream.resize(stream.size() - removed);
    return stream;
}

/// One byte more of coded stream than the coder uses, and the header says so.
Stream one_byte_too_many() {
    Stream stream = honest();
    stream.push_back(0);
    stream[6] = static_cast<uint8_t>(stream.size());
    return stream;
}

Stream one_byte_too_few() {
    Stream stream = cut(1);
    stream[6] = static_cast<uint8_t>(stream.size());
    return stream;
}

Stream one_byte_behind() {
    Stream stream = honest();
    stream.push_back(0);
    return stream;
}

Stream wrong_last_byte() {
    Stream stream = honest();
    stream.back() ^= 1;
    return stream;
}

Stream product_of(uint32_t reference, uint32_t factor) {
    CodecForge forge;
    forge.segment(FR_SEGMENT_FLOATS).count(0).plain(0, 8).float_bits(reference).advance(4);
    forge.segment(FR_SEGMENT_PRODUCTS).same_count().reference(3).told_factor(factor);
    return forge.near(0).stream(8);
}

struct Case {
    std::string case_name;
    std::function<Stream()> stream;
    fr_codec_fault_t fault;
    fr_status_t status = FR_ERROR_MALFORMED;
};

void PrintTo(const Case& one, std::ostream* out) {
    *out << one.case_name;
}

/// A segment of weights up to where its model begins.
CodecForge weights(uint32_t rows_less_1, uint32_t columns_less_1, uint32_t near, uint32_t far,
                   uint8_t profile = 1, uint32_t old = 0) {
    CodecForge forge(profile);
    forge.segment(FR_SEGMENT_WEIGHTS).size(rows_less_1).size(columns_less_1);
    forge.size(near).size(far).size(old);
    return forge;
}

Stream scaled_by(uint32_t factor) {
    CodecForge forge;
    forge.segment(FR_SEGMENT_INTEGERS).count(0).integer(9, 0).advance(4);
    forge.segment(FR_SEGMENT_SCALED).same_count().reference(3).told_factor(factor);
    return forge.delta(0).stream(8);
}

CodecForge four_zeros() {
    CodecForge forge;
    return forge.literal_zero().literal_zero().literal_zero().literal_zero();
}

/// A product whose factor lies so far before.
Stream with_factor_from(uint32_t distance) {
    CodecForge forge = four_zeros();
    forge.segment(FR_SEGMENT_PRODUCTS).count(0).reference(3);
    return forge.earlier_factor(distance - 1).stream(9);
}

/// A moved word told by the one so far before.
Stream moved_by(uint32_t distance) {
    CodecForge forge = four_zeros();
    return forge.segment(FR_SEGMENT_MOVED).size(0).reference(distance - 1).stream(9);
}

Stream with_base() {
    Stream stream = honest();
    stream[2] |= FR_CODEC_FLAG_BASE;
    stream.insert(stream.begin() + FR_CODEC_HEADER_SIZE, FR_CODEC_BASE_DIGEST_SIZE, 0xAB);
    stream[6] = static_cast<uint8_t>(stream.size());
    return stream;
}

Stream too_many_segments() {
    CodecForge forge;
    for (uint32_t i = 0; i <= FR_CODEC_SEGMENTS_MAX; ++i) {
        forge.segment(FR_SEGMENT_RAW).size(0).plain(0, 8).advance(1);
    }
    return forge.stream(5000);
}

// clang-format off
const Case kCases[] = {
    {"wrong_magic", [] { return with_byte(0, 'X'); }, FR_CODEC_FAULT_MAGIC},
    {"other_version", [] { return with_byte(2, (FR_CODEC_VERSION - 1) << 4 | 1U); }, FR_CODEC_FAULT_VERSION, FR_ERROR_UNSUPPORTED},
    {"profile_not_built_in", [] { return with_byte(2, FR_CODEC_VERSION << 4 | FR_CODEC_PROFILES); }, FR_CODEC_FAULT_PROFILE, FR_ERROR_UNSUPPORTED},
    {"unknown_flag", [] { return with_byte(2, FR_CODEC_VERSION << 4 | 5U); }, FR_CODEC_FAULT_PROFILE, FR_ERROR_UNSUPPORTED},
    {"base_wanted_and_none_there", [] { return with_base(); }, FR_CODEC_FAULT_BASE, FR_ERROR_UNSUPPORTED},
    {"other_file", [] { return CodecForge().literal_zero().another_file().stream(1); }, FR_CODEC_FAULT_CHECKSUM},
    {"decoded_size_zero", [] { return with_number(3, 0, 3); }, FR_CODEC_FAULT_DECODED_EMPTY},
    {"decoded_size_above_the_cap", [] { return with_number(3, (1U << 22) + 1, 3); }, FR_CODEC_FAULT_DECODED_SIZE, FR_ERROR_NO_SPACE},
    {"stream_size_too_small", [] { return with_number(6, 12, 3); }, FR_CODEC_FAULT_STREAM_SIZE},
    {"stream_size_above_the_limit", [] { return with_number(6, 0xFFFFFFU, 3); }, FR_CODEC_FAULT_STREAM_SIZE},
    {"bomb_by_its_header", [] { return with_number(3, 100000, 3); }, FR_CODEC_FAULT_EXPANSION, FR_ERROR_LIMIT},
    {"stream_ends_early", [] { return cut(1); }, FR_CODEC_FAULT_TRUNCATED, FR_ERROR_TRUNCATED},
    {"header_ends_early", [] { return Stream{'F', 'R', 'C'}; }, FR_CODEC_FAULT_TRUNCATED, FR_ERROR_TRUNCATED},
    {"no_input", [] { return Stream{}; }, FR_CODEC_FAULT_TRUNCATED, FR_ERROR_TRUNCATED},
    {"stream_size_one_too_few", [] { return one_byte_too_few(); }, FR_CODEC_FAULT_TRUNCATED, FR_ERROR_TRUNCATED},
    {"stream_size_one_too_many", [] { return one_byte_too_many(); }, FR_CODEC_FAULT_TRAILING},
    {"bytes_behind_the_stream", [] { return one_byte_behind(); }, FR_CODEC_FAULT_TRAILING},
    {"coder_ends_elsewhere", [] { return wrong_last_byte(); }, FR_CODEC_FAULT_CHECKSUM},
    {"number_too_long", [] { return CodecForge().segment(FR_SEGMENT_RAW).number_too_long().stream(9); }, FR_CODEC_FAULT_NUMBER},
    {"copy_from_before_the_start", [] { return CodecForge().literal_zero().copy(1, 0).stream(9); }, FR_CODEC_FAULT_COPY_DISTANCE},
    {"copy_distance_wraps", [] { return CodecForge().literal_zero().copy(FR_NUMBER_MAX, 0).stream(9); }, FR_CODEC_FAULT_COPY_DISTANCE},
    {"copy_past_the_end", [] { return CodecForge().literal_zero().copy(0, 7).stream(9); }, FR_CODEC_FAULT_COPY_LENGTH},
    {"copy_length_wraps", [] { return CodecForge().literal_zero().copy_told(0, FR_NUMBER_MAX).stream(9); }, FR_CODEC_FAULT_COPY_LENGTH},
    {"copy_of_less_than_nothing", [] { return CodecForge().literal_zero().copy_told(0, 1).stream(9); }, FR_CODEC_FAULT_COPY_LENGTH},
    {"segment_kind_7", [] { return CodecForge().segment(7).stream(9); }, FR_CODEC_FAULT_SEGMENT_KIND},
    {"too_many_segments", [] { return too_many_segments(); }, FR_CODEC_FAULT_SEGMENT_COUNT},
    {"raw_past_the_end", [] { return CodecForge().segment(FR_SEGMENT_RAW).size(9).stream(9); }, FR_CODEC_FAULT_SEGMENT_LENGTH},
    {"count_repeated_before_any", [] { return CodecForge().segment(FR_SEGMENT_INTEGERS).same_count().stream(9); }, FR_CODEC_FAULT_SEGMENT_LENGTH},
    {"integers_past_the_end", [] { return CodecForge().segment(FR_SEGMENT_INTEGERS).count(2).stream(11); }, FR_CODEC_FAULT_SEGMENT_LENGTH},
    {"integer_count_overflows_bytes", [] { return CodecForge().segment(FR_SEGMENT_INTEGERS).count(0x40000000U).stream(8); }, FR_CODEC_FAULT_SEGMENT_LENGTH},
    {"integer_above_its_range", [] { return CodecForge().segment(FR_SEGMENT_INTEGERS).count(0).integer(0x80000000U, 0).stream(4); }, FR_CODEC_FAULT_NUMBER},
    {"integer_below_its_range", [] { return CodecForge().segment(FR_SEGMENT_INTEGERS).count(0).integer(0x80000001U, 1).stream(4); }, FR_CODEC_FAULT_NUMBER},
    {"weights_past_the_end", [] { return weights(1, 4, 1, 0).stream(9); }, FR_CODEC_FAULT_DIMENSIONS},
    {"rows_times_columns_overflow", [] { return weights(65534, 65534, 1, 0).stream(9); }, FR_CODEC_FAULT_DIMENSIONS},
    {"rows_wrap_to_zero", [] { return weights(FR_NUMBER_MAX, 0, 0, 0).stream(9); }, FR_CODEC_FAULT_DIMENSIONS},
    {"too_many_rows", [] { return weights(65535, 0, 0, 0).stream(70000); }, FR_CODEC_FAULT_EXPANSION, FR_ERROR_LIMIT},
    {"near_tap_outside_the_row", [] { return weights(0, 3, 4, 0).stream(9); }, FR_CODEC_FAULT_DIMENSIONS},
    {"far_tap_outside_the_row", [] { return weights(0, 3, 1, 4).stream(9); }, FR_CODEC_FAULT_DIMENSIONS},
    {"reference_before_the_start", [] { return CodecForge().literal_zero().segment(FR_SEGMENT_PRODUCTS).count(0).reference(1).stream(9); }, FR_CODEC_FAULT_COPY_DISTANCE},
    {"reference_into_itself", [] { return CodecForge().literal_zero().literal_zero().segment(FR_SEGMENT_PRODUCTS).count(0).reference(1).stream(9); }, FR_CODEC_FAULT_REFERENCE},
    {"scaled_reference_before_the_start", [] { return CodecForge().literal_zero().segment(FR_SEGMENT_SCALED).count(0).reference(4).stream(9); }, FR_CODEC_FAULT_COPY_DISTANCE},
    {"factor_before_the_start", [] { return with_factor_from(5); }, FR_CODEC_FAULT_REFERENCE},
    {"factor_inside_its_own_segment", [] { return with_factor_from(3); }, FR_CODEC_FAULT_REFERENCE},
    {"factor_far_before_the_start", [] { return with_factor_from(FR_NUMBER_MAX); }, FR_CODEC_FAULT_REFERENCE},
    {"moved_words_past_the_end", [] { return CodecForge().segment(FR_SEGMENT_MOVED).size(2).stream(11); }, FR_CODEC_FAULT_SEGMENT_LENGTH},
    {"moved_words_wrap", [] { return CodecForge().segment(FR_SEGMENT_MOVED).size(0x40000000U).stream(8); }, FR_CODEC_FAULT_SEGMENT_LENGTH},
    {"moved_words_inside_themselves", [] { return moved_by(3); }, FR_CODEC_FAULT_REFERENCE},
    {"moved_words_before_the_start", [] { return moved_by(5); }, FR_CODEC_FAULT_COPY_DISTANCE},
    {"scaled_by_nothing", [] { return scaled_by(0); }, FR_CODEC_FAULT_SCALE},
    {"scaled_out_of_range", [] { return scaled_by(0x7F000000U); }, FR_CODEC_FAULT_SCALE},
    {"old_tensor_before_the_start", [] { return weights(0, 3, 1, 0, 1, 5).stream(9); }, FR_CODEC_FAULT_REFERENCE},
    {"old_tensor_inside_itself", [] { return weights(0, 3, 1, 0, 1, 3).stream(9); }, FR_CODEC_FAULT_REFERENCE},
    {"code_not_complete", [] { return weights(0, 3, 1, 0, 0).code({1, 1}, {}).stream(9); }, FR_CODEC_FAULT_CODE},
    {"code_too_full", [] { return weights(0, 3, 1, 0, 0).code({2, 1}, {}).stream(9); }, FR_CODEC_FAULT_CODE},
    {"code_without_symbols", [] { return weights(0, 3, 1, 0, 0).code({}, {}).stream(9); }, FR_CODEC_FAULT_CODE},
    {"code_with_257_symbols", [] { return weights(0, 3, 1, 0, 0).code({0, 0, 0, 0, 0, 0, 0, 255, 2}, {}).stream(9); }, FR_CODEC_FAULT_CODE},
    {"code_count_too_large", [] { return weights(0, 3, 1, 0, 0).code({0, 0, 0, 0, 0, 0, 0, 256}, {}).stream(9); }, FR_CODEC_FAULT_CODE},
    {"one_symbol_of_length_2", [] { return weights(0, 3, 1, 0, 0).code({0, 1}, {}).stream(9); }, FR_CODEC_FAULT_CODE},
    {"symbol_twice_in_two_lengths", [] { return weights(0, 3, 1, 0, 0).code({1, 2}, {7, 7}).stream(9); }, FR_CODEC_FAULT_CODE},
    {"symbol_above_255", [] { return weights(0, 3, 1, 0, 0).code({2}, {255}).delta(0).stream(9); }, FR_CODEC_FAULT_CODE},
    {"symbol_delta_wraps", [] { return weights(0, 3, 1, 0, 0).code({2}, {7}).delta(FR_NUMBER_MAX).stream(9); }, FR_CODEC_FAULT_CODE},
    {"code_that_does_not_exist", [] { return weights(0, 3, 1, 0, 0).code({1}, {7}).plain(0xFF, 8).plain(0xFF, 8).stream(9); }, FR_CODEC_FAULT_CODE},
    {"palette_too_large", [] { return weights(0, 3, 1, 0).has_special(1).size(FR_PALETTE_MAX + 1).stream(9); }, FR_CODEC_FAULT_CODE},
    {"palette_value_above_127", [] { return weights(0, 3, 1, 0).has_special(1).size(2).plain(255, 8).delta(0).stream(9); }, FR_CODEC_FAULT_CODE},
    {"palette_delta_wraps", [] { return weights(0, 3, 1, 0).has_special(1).size(2).plain(7, 8).delta(FR_NUMBER_MAX).stream(9); }, FR_CODEC_FAULT_CODE},
    {"special_value_behind_the_palette", [] { return weights(0, 3, 1, 0).has_special(1).palette(64, FR_PALETTE_MAX).row().special_at_first().stream(9); }, FR_CODEC_FAULT_NUMBER},
    {"scale_zero", [] { return product_of(0, kOne); }, FR_CODEC_FAULT_SCALE},
    {"scale_infinite", [] { return product_of(0x7F800000U, kOne); }, FR_CODEC_FAULT_SCALE},
    {"scale_not_a_number", [] { return product_of(kOne, 0x7FC00000U); }, FR_CODEC_FAULT_SCALE},
    {"scale_subnormal", [] { return product_of(1, kOne); }, FR_CODEC_FAULT_SCALE},
    {"product_overflows", [] { return product_of(0x7F000000U, 0x7F000000U); }, FR_CODEC_FAULT_SCALE},
    {"product_underflows", [] { return product_of(0x00800000U, 0x00800000U); }, FR_CODEC_FAULT_SCALE},
};
// clang-format on

class DecoderFaults : public testing::TestWithParam<Case> {};

TEST_P(DecoderFaults, AreNamedWhateverThePieces) {
    const Stream stream = GetParam().stream();
    for (const Pieces pieces : {Pieces{1, 1}, Pieces{7, 3}, Pieces{4096, 4096}}) {
        const auto result = decode_in_pieces(stream, pieces);
        EXPECT_EQ(result.status, GetParam().status);
        EXPECT_STREQ(fr_codec_fault_name(result.fault), fr_codec_fault_name(GetParam().fault));
    }
}

INSTANTIATE_TEST_SUITE_P(Named, DecoderFaults, testing::ValuesIn(kCases),
                         [](const auto& one) { return one.param.case_name; });

TEST(DecoderFault, NamesATensorHigherThanItsRowLimit) {
    // The stream is padded so that the size alone does not refuse it.
    CodecForge forge = weights(65535, 0, 0, 0);
    for (int i = 0; i < 100; ++i) {
        forge.plain(0, 32);
    }
    EXPECT_EQ(decode_in_pieces(forge.stream(70000)).fault, FR_CODEC_FAULT_DIMENSIONS);
}

TEST(DecoderFault, NamesAFailingReadBack) {
    const Stream stream = CodecForge().literal_zero().copy(0, 0).stream(3);
    EXPECT_EQ(decode_in_pieces(stream).status, FR_OK);
    const auto result = decode_in_pieces(stream, Pieces{4096, 1}, 3, true);
    EXPECT_EQ(result.fault, FR_CODEC_FAULT_READ_BACK);
    EXPECT_EQ(result.status, FR_ERROR_STORAGE);
}

fr_decoder_config_t config_with(uint32_t cap, fr_codec_memory_t* memory) {
    return {cap,     frugal::test::Slot::read, nullptr, memory, sizeof(*memory), nullptr, 0,
            nullptr, &fr_profiles_all};
}

TEST(DecoderFault, NamesAProfileThatNeedsMoreMemory) {
    fr_codec_memory_t memory;
    for (uint8_t profile = 0; profile < FR_CODEC_PROFILES; ++profile) {
        const Stream stream = CodecForge(profile).literal_zero().literal_zero().stream(2);
        for (const bool is_enough : {false, true}) {
            fr_decoder_t decoder;
            fr_decoder_config_t config = config_with(100, &memory);
            config.memory_bytes =
                fr_profile_memory_bytes(fr_profile_find(&fr_profiles_all, profile)) -
                (is_enough ? 0U : 1U);
            ASSERT_EQ(fr_decoder_init(&decoder, &config), FR_OK);
            size_t moved = 0;
            uint8_t page[8];
            ASSERT_EQ(fr_decoder_sink(&decoder, stream.data(), stream.size(), &moved), FR_OK);
            EXPECT_EQ(fr_decoder_poll(&decoder, page, sizeof(page), &moved),
                      is_enough ? FR_OK : FR_ERROR_NO_SPACE);
            EXPECT_EQ(fr_decoder_fault(&decoder),
                      is_enough ? FR_CODEC_FAULT_NONE : FR_CODEC_FAULT_RAM);
        }
    }
}

TEST(DecoderFault, NamesAProfileTheFirmwareDidNotName) {
    static const fr_profile_t* const kOnly[] = {&fr_profile_1};
    static const fr_profile_set_t kSet = {kOnly, 1};
    for (uint8_t profile = 0; profile < FR_CODEC_PROFILES; ++profile) {
        fr_codec_memory_t memory;
        const Stream stream = CodecForge(profile).literal_zero().literal_zero().stream(2);
        fr_decoder_t decoder;
        fr_decoder_config_t config = config_with(100, &memory);
        config.profiles = &kSet;
        ASSERT_EQ(fr_decoder_init(&decoder, &config), FR_OK);
        size_t moved = 0;
        uint8_t page[8];
        ASSERT_EQ(fr_decoder_sink(&decoder, stream.data(), stream.size(), &moved), FR_OK);
        EXPECT_EQ(fr_decoder_poll(&decoder, page, sizeof(page), &moved),
                  profile == 1 ? FR_OK : FR_ERROR_UNSUPPORTED);
        EXPECT_EQ(fr_decoder_fault(&decoder),
                  profile == 1 ? FR_CODEC_FAULT_NONE : FR_CODEC_FAULT_PROFILE);
    }
}

TEST(DecoderFault, NamesAnotherBase) {
    const Stream base(50, 7);
    Stream stream = with_base();
    EXPECT_EQ(decode_in_pieces(stream, {}, 100, false, base).fault, FR_CODEC_FAULT_BASE);
    uint8_t digest[32];
    fr_sha256(base.data(), base.size(), digest);
    std::copy_n(digest, FR_CODEC_BASE_DIGEST_SIZE, stream.begin() + FR_CODEC_HEADER_SIZE);
    EXPECT_NE(decode_in_pieces(stream, {}, 100, false, base).fault, FR_CODEC_FAULT_BASE);
}

TEST(DecoderFault, NamesABaseDigestCutShort) {
    const Stream base(50, 7);
    uint8_t digest[32];
    fr_sha256(base.data(), base.size(), digest);
    Stream stream = with_base();
    std::copy_n(digest, FR_CODEC_BASE_DIGEST_SIZE, stream.begin() + FR_CODEC_HEADER_SIZE);
    stream[6] = FR_CODEC_HEADER_SIZE_MAX;
    stream.resize(FR_CODEC_HEADER_SIZE_MAX - 1);
    for (const Pieces pieces : {Pieces{1, 1}, Pieces{4096, 4096}}) {
        EXPECT_EQ(decode_in_pieces(stream, pieces, 100, false, base).fault,
                  FR_CODEC_FAULT_TRUNCATED);
    }
}

TEST(DecoderFault, NamesAShiftOutOfTheBase) {
    const Stream base(50, 7);
    // The newest distance into the base is its size, 50, and as many bytes lie before. By 1, by
    // -50, by -100 and by the least there is.
    for (const uint32_t folded : {2U, 99U, 199U, 0xFFFFFFFDU}) {
        const auto stream = CodecForge().shifted_copy(folded).delta_stream(100, base);
        EXPECT_EQ(decode_in_pieces(stream, {}, 100, false, base).fault,
                  FR_CODEC_FAULT_COPY_DISTANCE)
            << folded;
    }
    for (const uint32_t folded : {0U, 97U}) {
        const auto good = CodecForge().shifted_copy(folded).delta_stream(100, base);
        EXPECT_EQ(decode_in_pieces(good, {}, 100, false, base).fault, FR_CODEC_FAULT_TRUNCATED);
    }
}

TEST(DecoderFault, IsFinal) {
    fr_decoder_t decoder;
    fr_codec_memory_t memory;
    const fr_decoder_config_t config = config_with(100, &memory);
    ASSERT_EQ(fr_decoder_init(&decoder, &config), FR_OK);
    const Stream stream = with_byte(0, 'X');
    size_t moved = 0;
    ASSERT_EQ(fr_decoder_sink(&decoder, stream.data(), stream.size(), &moved), FR_OK);
    uint8_t page[8];
    EXPECT_EQ(fr_decoder_poll(&decoder, page, sizeof(page), &moved), FR_ERROR_MALFORMED);
    EXPECT_EQ(fr_decoder_sink(&decoder, stream.data(), stream.size(), &moved), FR_ERROR_MALFORMED);
    EXPECT_EQ(moved, 0U);
    EXPECT_EQ(fr_decoder_poll(&decoder, page, sizeof(page), &moved), FR_ERROR_MALFORMED);
    EXPECT_EQ(fr_decoder_finish(&decoder), FR_ERROR_MALFORMED);
}

TEST(DecoderFault, EveryFaultHasItsOwnNameAndAStatus) {
    std::set<std::string> names;
    for (int fault = FR_CODEC_FAULT_NONE; fault <= FR_CODEC_FAULT_READ_BACK; ++fault) {
        const auto value = static_cast<fr_codec_fault_t>(fault);
        EXPECT_TRUE(names.insert(fr_codec_fault_name(value)).second) << fault;
        EXPECT_EQ(fr_codec_fault_status(value) == FR_OK, fault == FR_CODEC_FAULT_NONE);
    }
    EXPECT_STREQ(fr_codec_fault_name(static_cast<fr_codec_fault_t>(99)), "unknown");
}

TEST(DecoderFault, AMisusedDecoderSaysSo) {
    fr_decoder_t decoder;
    fr_codec_memory_t memory;
    fr_decoder_config_t bad[5];
    for (auto& config : bad) {
        config = config_with(100, &memory);
    }
    bad[0].read_output = nullptr;
    bad[1].decoded_size_max = 0;
    bad[2].memory = nullptr;
    bad[3].read_base = frugal::test::read_base;
    bad[4].profiles = nullptr;
    for (const auto& config : bad) {
        EXPECT_EQ(fr_decoder_init(&decoder, &config), FR_ERROR_ARGUMENT);
    }
}

}  // namespace
