// SPDX-License-Identifier: Apache-2.0
// The OFFER record as another writer may have left it: its checksum holds, its content is not
// believed.
#include <vector>

#include "node_fixture.hpp"

extern "C" {
#include "node/internal.h"
}

namespace frugal::test {
namespace {

using Record = std::vector<std::uint8_t>;

class OfferRecord : public NodeTest {
protected:
    /// As the node left it, in the middle of a transfer.
    void SetUp() override {
        world.site.policy = maker().policy(1, 255);
        ASSERT_EQ(world.boot(), FR_OK);
        world.lose_down = [](const Down& down) { return down.kind == FR_DOWN_CHUNK; };
        world.site.want(first());
        world.connect();
        std::uint32_t size = 0;
        const auto* bytes = fr_record_log_get(&world.node.records, FR_RECORD_OFFER, &size);
        ASSERT_NE(bytes, nullptr);
        whole.assign(bytes, bytes + size);
        world.disconnect();
    }

    fr_status_t load(const Record& record) {
        fr_offer_t offer;
        EXPECT_EQ(fr_record_log_put(&world.node.records, FR_RECORD_OFFER, record.data(),
                                    static_cast<std::uint32_t>(record.size())),
                  FR_OK);
        return fr_offer_load(&world.node, &offer);
    }

    static constexpr std::size_t kManifestSizeAt = 4;
    static constexpr std::size_t kPolicySizeAt = 6;
    Record whole;
};

TEST_F(OfferRecord, IsReadBackWhole) {
    EXPECT_EQ(load(whole), FR_OK);
}

TEST_F(OfferRecord, OfAnyOtherLengthIsNone) {
    for (std::size_t size = 1; size < whole.size(); ++size) {
        ASSERT_EQ(load(Record(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))),
                  FR_ERROR_NOT_FOUND)
            << size;
    }
    auto longer = whole;
    longer.push_back(0);
    EXPECT_EQ(load(longer), FR_ERROR_NOT_FOUND);
}

TEST_F(OfferRecord, OfAnotherVersionIsNone) {
    auto other = whole;
    other[0] += 1;
    EXPECT_EQ(load(other), FR_ERROR_NOT_FOUND);
}

TEST_F(OfferRecord, WhoseSizesLeadBeyondItIsNone) {
    for (const std::size_t at : {kManifestSizeAt, kPolicySizeAt}) {
        for (const std::uint8_t high : {0x01, 0x80, 0xFF}) {
            auto changed = whole;
            changed[at + 1] = static_cast<std::uint8_t>(changed[at + 1] ^ high);
            EXPECT_EQ(load(changed), FR_ERROR_NOT_FOUND) << at << " " << int{high};
        }
    }
}

}  // namespace
}  // namespace frugal::test
