// SPDX-License-Identifier: Apache-2.0
// What tokens cost under given contexts, in bits: a frozen estimate for the parser's choices.
#pragma once

#include <array>
#include <cstdint>

#include "frugal/codec.h"

namespace frugal::model {

class TokenPrices {
public:
    explicit TokenPrices(const fr_token_model_t& tokens);

    /// The decision for a literal, without the byte itself.
    float literal(std::uint32_t token_before, std::size_t position) const;
    /// @param farthest remembered distance in a delta, else 0
    float new_copy(std::uint32_t token_before, std::size_t position, std::uint32_t distance,
                   std::uint32_t farthest) const;
    /// @param which of the remembered distances
    float repeated_copy(std::uint32_t token_before, std::size_t position, std::size_t which) const;
    float length(bool is_repeated, std::uint32_t length) const;

private:
    using LengthPrices = std::array<float, 32>;
    static LengthPrices length_prices(const fr_number_model_t& model);
    float new_distance(std::uint32_t distance) const;
    float number(const LengthPrices& prices, std::uint32_t value) const;

    fr_token_model_t tokens_;
    LengthPrices distance_prices_;
    LengthPrices count_prices_;
    std::array<LengthPrices, 2> length_prices_;
};

}  // namespace frugal::model
