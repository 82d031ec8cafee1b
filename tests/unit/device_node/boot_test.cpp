// SPDX-License-Identifier: Apache-2.0
// What a node that did not boot answers, and flash that another build wrote: it is left as it is.
#include "node_fixture.hpp"

namespace frugal::test {
namespace {

class Boot : public NodeTest {};

TEST_F(Boot, WithoutOneNothingIsDecided) {
    EXPECT_EQ(world.submit(), FR_ERROR_STATE);
}

TEST_F(Boot, ThatRefusesItsConfigurationDecidesNothing) {
    world.config.task_count = 0;
    ASSERT_EQ(world.boot(), FR_ERROR_ARGUMENT);
    EXPECT_EQ(world.submit(), FR_ERROR_STATE);
    EXPECT_EQ(fr_node_next_deadline(&world.node), FR_NEVER);
}

TEST_F(Boot, ThatFailsLaterDecidesNothing) {
    world.flash.cut_at(0, Tear::kClean);
    ASSERT_EQ(world.boot(), FR_ERROR_STORAGE);
    EXPECT_EQ(world.submit(), FR_ERROR_STATE);
    world.flash.power_on();
    ASSERT_EQ(world.boot(), FR_OK);
    EXPECT_EQ(world.submit(1000, FR_PRIVACY_PUBLIC, 9), FR_ERROR_NOT_FOUND);
}

/// A device that has confirmed its first release, then found by another build.
class ForeignFlash : public NodeTest {
protected:
    void SetUp() override { start(); }

    std::vector<std::uint8_t> state_record() const {
        std::uint32_t size = 0;
        const auto* bytes = fr_record_log_get(&world.node.records, FR_RECORD_STATE, &size);
        return {bytes, bytes + size};
    }
    void replace_state(const std::vector<std::uint8_t>& record) {
        ASSERT_EQ(fr_record_log_put(&world.node.records, FR_RECORD_STATE, record.data(),
                                    static_cast<std::uint32_t>(record.size())),
                  FR_OK);
    }
    void expect_left_alone() {
        const auto before = world.flash.bytes;
        EXPECT_EQ(world.boot(), FR_ERROR_UNSUPPORTED);
        EXPECT_TRUE(world.flash.bytes == before) << "nothing is formatted";
        EXPECT_EQ(world.submit(), FR_ERROR_STATE);
    }
};

TEST_F(ForeignFlash, WithAnotherVersionOfTheStateIsLeftAlone) {
    auto record = state_record();
    record[0] += 1;
    replace_state(record);
    expect_left_alone();
}

TEST_F(ForeignFlash, WithAStateOfAnotherLengthIsLeftAlone) {
    const auto whole = state_record();
    for (std::size_t size = 1; size < whole.size() + 30; ++size) {
        auto record = whole;
        record.resize(size);
        if (size != whole.size()) {
            replace_state(record);
            expect_left_alone();
        }
    }
}

TEST_F(ForeignFlash, OfTheTimeBeforeFormsWereNotedIsLeftAlone) {
    const auto side_bytes = world.node.layout.record_side_bytes;
    for (const auto at : {12U, side_bytes + 12U}) {
        std::fill_n(world.flash.bytes.begin() + at, 4, std::uint8_t{0});
    }
    expect_left_alone();
}

TEST_F(ForeignFlash, ErasedOnPurposeIsANewDevice) {
    const auto stream = fr_node_stream(&world.node);
    std::fill(world.flash.bytes.begin(), world.flash.bytes.end(), std::uint8_t{0xFF});
    ASSERT_EQ(world.boot(), FR_OK);
    EXPECT_NE(fr_node_stream(&world.node), stream);
    EXPECT_EQ(world.status().burned_counter, 0U);
}

}  // namespace
}  // namespace frugal::test
