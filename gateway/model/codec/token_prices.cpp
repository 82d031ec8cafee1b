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
      delta_prices_(length_prices(tokens.numbers[FR_NUMBER_INTEGER])),
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
                            std::uint32_t distance, std::uint32_t known) const {
    return copy(token_before, position) + new_back(token_before, distance, known);
}

float TokenPrices::copy(std::uint32_t token_before, std::size_t position) const {
    return price_of(tokens_.is_other[token_before][position & 3U], 1) +
           price_of(tokens_.is_segment[token_before], 0);
}

float TokenPrices::new_back(std::uint32_t token_before, std::uint32_t distance,
                            std::uint32_t known) const {
    const bool is_shift = is_told_from(distance, known);
    return price_of(tokens_.is_repeated[token_before], 0) +
           price_of(tokens_.repeated_distance[0], is_shift ? 1 : 0) +
           (is_shift ? number(count_prices_, fold(static_cast<std::int32_t>(distance - known)))
                     : with_low_bits(distance_prices_, distance - 1));
}

// The last two bits are modelled: replaces their plain price.
float TokenPrices::with_low_bits(const LengthPrices& prices, std::uint32_t value) const {
    const std::uint32_t more = value + 1;
    const float price = number(prices, value);
    if (more >= 8) {
        const std::uint32_t high = (more >> 1) & 1U;
        return price + price_of(tokens_.distance_low[1], high) +
               price_of(tokens_.distance_low[2 + high], more & 1U) - 2.0F;
    }
    return more >= 4 ? price + price_of(tokens_.distance_low[1], more & 1U) - 1.0F : price;
}

float TokenPrices::repeated_copy(std::uint32_t token_before, std::size_t position,
                                 std::size_t which) const {
    return copy(token_before, position) + repeated_back(token_before, which);
}

float TokenPrices::repeated_back(std::uint32_t token_before, std::size_t which) const {
    const std::uint32_t high = which >= 2 ? 1 : 0;
    return price_of(tokens_.is_repeated[token_before], 1) +
           price_of(tokens_.repeated_distance[1], high) +
           price_of(tokens_.repeated_distance[2 + high], which & 1U);
}

float TokenPrices::moved(std::uint32_t token_before, std::size_t position) const {
    return price_of(tokens_.is_other[token_before][position & 3U], 1) +
           price_of(tokens_.is_segment[token_before], 1) + price_of(tokens_.segment_kind[1], 1) +
           price_of(tokens_.segment_kind[3], 1) + price_of(tokens_.segment_kind[7], 0);
}

float TokenPrices::moved_word(std::uint32_t near_before, std::int32_t change) const {
    return price_of(tokens_.is_near[near_before], change == 0 ? 1 : 0) +
           (change == 0 ? 0.0F : number(delta_prices_, fold(change)));
}

float TokenPrices::count(std::uint32_t count) const {
    return number(count_prices_, count - 1);
}

float TokenPrices::length(bool is_repeated, std::size_t position, std::uint32_t length) const {
    const auto offset = static_cast<std::uint32_t>(position);
    return with_low_bits(length_prices_[is_repeated ? 1 : 0],
                         length - FR_CODEC_COPY_MIN + fr_copy_overhang(offset));
}

}  // namespace frugal::model
