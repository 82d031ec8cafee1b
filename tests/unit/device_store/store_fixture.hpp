// SPDX-License-Identifier: Apache-2.0
// A flash model with the layout of a small device. Test support.
#pragma once

#include <gtest/gtest.h>

#include "frugal/store.h"
#include "support/device/flash_model.hpp"

namespace frugal::test {

class Store : public testing::Test {
protected:
    static fr_layout_t layout_of(const fr_store_shape_t& shape) {
        fr_layout_t layout{};
        EXPECT_EQ(fr_layout_init(&layout, &shape), FR_OK);
        return layout;
    }
    void TearDown() override { EXPECT_EQ(flash.breaches(), std::vector<std::string>{}); }

    fr_layout_t layout = layout_of({512, 1, 4096, 8192, 256, 3, FR_SLOTS, 0, 0});
    FlashModel flash{layout.total_bytes, 512};
    fr_flash_t port = flash.port();
};

}  // namespace frugal::test
