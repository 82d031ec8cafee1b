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
    /// @param known remembered distance in a delta, else 0
    float new_copy(std::uint32_t token_before, std::size_t position, std::uint32_t distance,
                   std::uint32_t known) const;
    /// @param which of the remembered distances
    float repeated_copy(std::uint32_t token_before, std::size_t position, std::size_t which) const;
    /// The front of a segment of moved words, without its distance and its count.
    float moved(std::uint32_t token_before, std::size_t position) const;
    float moved_word(std::uint32_t near_before, std::int32_t change) const;
    float count(std::uint32_t count) const;
    float repeated_back(std::uint32_t token_before, std::size_t which) const;
    float new_back(std::uint32_t token_before, std::uint32_t distance, std::uint32_t known) const;
    float length(bool is_repeated, std::size_t position, std::uint32_t length) const;

private:
    using LengthPrices = std::array<float, 32>;
    static LengthPrices length_prices(const fr_number_model_t& model);
    float copy(std::uint32_t token_before, std::size_t position) const;
    float with_low_bits(const LengthPrices& prices, std::uint32_t value) const;
    float number(const LengthPrices& prices, std::uint32_t value) const;

    fr_token_model_t tokens_;
    LengthPrices distance_prices_;
    LengthPrices count_prices_;
    LengthPrices delta_prices_;
    std::array<LengthPrices, 2> length_prices_;
};

}  // namespace frugal::model
