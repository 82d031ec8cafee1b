// SPDX-License-Identifier: Apache-2.0
#include "device-sim/radio/loss_model.hpp"

#include <gtest/gtest.h>

namespace frugal::swarm {
namespace {

TEST(LossModel, LosesItsLongRunShare) {
    const LossParameters parameters{0.01, 0.2, 0.01, 0.4};
    LossModel model(parameters);
    Random random(5);
    int lost = 0;
    constexpr int kMessages = 200000;
    for (int i = 0; i < kMessages; ++i) {
        lost += model.loses(random) ? 1 : 0;
    }
    EXPECT_NEAR(static_cast<double>(lost) / kMessages, parameters.mean_loss(), 0.003);
}

TEST(LossModel, LosesNothingByDefault) {
    LossModel model(LossParameters{});
    Random random(5);
    for (int i = 0; i < 1000; ++i) {
        EXPECT_FALSE(model.loses(random));
    }
}

}  // namespace
}  // namespace frugal::swarm
