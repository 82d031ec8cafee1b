// SPDX-License-Identifier: Apache-2.0
#include "model/codec/token_prices.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "model/codec/token_writer.hpp"

namespace frugal::model {

namespace {

float price_of(const fr_context_t& context, std::uint32_t bit) {
    const std::uint32_t one = fr_context_predict(&context);
    return -std::log2(static_cast<float>(bit != 0 ? one : 65536U - one) / 65536.0F);
}

}  // namespace

TokenPrices::TokenPrices(const fr_token_model_t& tokens)
    : tokens_(tokens),
      distance_prices_(length_prices(tokens.numbers[FR_NUMBER_DISTANCE])),
      count_prices_(length_prices(tokens.numbers[FR_NUMBER_COUNT])),
      length_prices_{length_prices(tokens.numbers[FR_NUMBER_LENGTH]),
                     length_prices(tokens.numbers[FR_NUMBER_LENGTH_REPEATED])} {}

TokenPrices::LengthPrices TokenPrices::length_prices(const fr_number_model_t& model) {
    LengthPrices prices{};
    for (std::uint32_t length = 0; length < prices.size(); ++length) {
        const std::uint32_t length_class = std::min(length, FR_NUMBER_CLASS_ESCAPE);
        float price = length_class == FR_NUMBER_CLASS_ESCAPE ? 5.0F : 0.0F;
        std::uint32_t node = 1;
        for (std::uint32_t i = FR_NUMBER_CLASS_BITS; i > 0; --i) {
            const std::uint32_t bit = (length_class >> (i - 1)) & 1U;
            price += price_of(model.length[node], bit);
            node = node * 2 + bit;
        }
        prices[length] = price + static_cast<float>(length > 0 ? length - 1 : 0);
    }
    return prices;
}

float TokenPrices::number(const LengthPrices& prices, std::uint32_t value) const {
    const std::uint32_t more = value + 1;
    const auto length = static_cast<std::uint32_t>(std::bit_width(more) - 1);
    float price = prices[length];
    if (length > 0) {
        price += price_of(tokens_.second[std::min(length, FR_NUMBER_CLASS_ESCAPE)],
                          (more >> (length - 1)) & 1U);
    }
    return price;
}

float TokenPrices::literal(std::uint32_t token_before, std::size_t position) const {
    return price_of(tokens_.is_other[token_before][position & 3U], 0);
}

float TokenPrices::new_copy(std::uint32_t token_before, std::size_t position,
                            std::uint32_t distance, std::uint32_t farthest) const {
    const float price = price_of(tokens_.is_other[token_before][position & 3U], 1) +
                        price_of(tokens_.is_segment[token_before], 0) +
                        price_of(tokens_.is_repeated[token_before], 0);
    if (farthest == 0) {
        return price + new_distance(distance);
    }
    const bool is_shift = is_told_from(distance, farthest);
    return price + price_of(tokens_.repeated_distance[0], is_shift ? 1 : 0) +
           (is_shift ? number(count_prices_, fold(static_cast<std::int32_t>(distance - farthest)))
                     : new_distance(distance));
}

float TokenPrices::new_distance(std::uint32_t distance) const {
    float price = number(distance_prices_, distance - 1);
    if (distance >= 8) {
        // The last two bits are modelled: replace their plain price.
        const std::uint32_t high = (distance >> 1) & 1U;
        price += price_of(tokens_.distance_low[1], high) +
                 price_of(tokens_.distance_low[2 + high], distance & 1U) - 2.0F;
    }
    return price;
}

float TokenPrices::repeated_copy(std::uint32_t token_before, std::size_t position,
                                 std::size_t which) const {
    return price_of(tokens_.is_other[token_before][position & 3U], 1) +
           price_of(tokens_.is_segment[token_before], 0) +
           price_of(tokens_.is_repeated[token_before], 1) +
           price_of(tokens_.repeated_distance[1], which == 0 ? 0 : 1) +
           (which == 0 ? 0.0F : price_of(tokens_.repeated_distance[2], which == 1 ? 0 : 1));
}

float TokenPrices::length(bool is_repeated, std::uint32_t length) const {
    const std::size_t which = is_repeated ? 1 : 0;
    return number(length_prices_[which], length - FR_CODEC_COPY_MIN);
}

}  // namespace frugal::model
