// SPDX-License-Identifier: Apache-2.0
#include "model/codec/product_finder.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <random>
#include <vector>

namespace {

namespace model = frugal::model;
using frugal::base::Bytes;

/// Vectors of floats one after the other, as in a file.
struct Space {
    Bytes bytes;
    std::vector<std::size_t> addresses;

    std::size_t add(const std::vector<float>& values) {
        const std::size_t address = bytes.size();
        bytes.resize(address + 4 * values.size());
        std::memcpy(bytes.data() + address, values.data(), 4 * values.size());
        addresses.push_back(address);
        return address;
    }

    /// The last vector by those before it.
    std::optional<model::Product> find() const {
        const std::span<const std::size_t> candidates(addresses.data(), addresses.size() - 1);
        return model::find_product({bytes, 0}, addresses.back(), bytes.size() - addresses.back(),
                                   candidates);
    }
};

std::vector<float> random_scales(std::size_t count, std::mt19937& random) {
    std::vector<float> values(count);
    for (float& value : values) {
        value = 1e-3F + static_cast<float>(random() % 100000) * 1e-6F;
    }
    return values;
}

std::vector<float> times(std::vector<float> values, float factor) {
    for (float& value : values) {
        value *= factor;
    }
    return values;
}

TEST(ProductFinder, FindsReferenceAndFactorAmongOthers) {
    for (const std::size_t count : {std::size_t{3}, std::size_t{40}, std::size_t{256}}) {
        std::mt19937 random(4);
        Space space;
        space.add(random_scales(count, random));
        const auto reference = random_scales(count, random);
        const std::size_t address = space.add(reference);
        space.add(random_scales(count, random));
        space.add(times(reference, 0.0234567F));
        const auto product = space.find();
        ASSERT_TRUE(product.has_value()) << count;
        EXPECT_EQ(product->reference, address);
        EXPECT_NEAR(std::bit_cast<float>(product->factor), 0.0234567F, 1e-7F);
    }
}

TEST(ProductFinder, ChannelsThatDoNotFollowDoNotHideTheFactor) {
    std::mt19937 random(5);
    Space space;
    const auto reference = random_scales(64, random);
    space.add(reference);
    auto values = times(reference, 1.7F);
    for (std::size_t i = 0; i < values.size(); i += 3) {
        values[i] = reference[i];
    }
    space.add(values);
    const model::CodedSpace delta{space.bytes, 256};  // the reference is the base
    const auto product = model::find_product(delta, 256, 256, std::vector<std::size_t>{0});
    ASSERT_TRUE(product.has_value());
    EXPECT_NEAR(std::bit_cast<float>(product->factor), 1.7F, 1e-5F);
}

TEST(ProductFinder, VectorsThatHaveNothingToDoWithEachOtherHaveNone) {
    std::mt19937 random(6);
    Space space;
    for (int i = 0; i < 20; ++i) {
        space.add(random_scales(64, random));
    }
    EXPECT_FALSE(space.find().has_value());
}

TEST(ProductFinder, OfVeryManyTheNearestAreTried) {
    std::mt19937 random(7);
    Space space;
    const auto far = random_scales(8, random);
    space.add(far);
    for (int i = 0; i < 300; ++i) {
        space.add(random_scales(8, random));
    }
    const auto near = random_scales(8, random);
    const std::size_t address = space.add(near);
    space.add(times(near, 3.3F));
    const auto product = space.find();
    ASSERT_TRUE(product.has_value());
    EXPECT_EQ(product->reference, address);
    space.add(times(far, 3.3F));
    EXPECT_FALSE(space.find().has_value());
}

}  // namespace
