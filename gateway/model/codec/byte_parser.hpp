// SPDX-License-Identifier: Apache-2.0
// Chooses literals and copies for stretches of bytes that no tensor covers: the cheapest path by
// the prices of an earlier pass. Owned by one encode() call; stretches are parsed in file order.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "model/codec/copy_finder.hpp"
#include "model/codec/token_prices.hpp"
#include "model/codec/token_writer.hpp"

namespace frugal::model {

/// A literal when distance is 0.
struct ByteToken {
    std::uint32_t length = 1;
    std::uint32_t distance = 0;
    bool is_moved = false;  ///< words that differ from those so far back, not copies of them
};

class ByteParser {
public:
    /// @param literal_bits price of each byte of the space as a literal
    ByteParser(CodedSpace space, const std::vector<float>& literal_bits, const TokenPrices& prices);

    /// What the writer knows when it comes to `begin`.
    std::vector<ByteToken> parse(std::size_t begin, std::size_t end, const Distances& distances,
                                 std::uint32_t token_before);

private:
    struct State {
        float cost = 0;
        bool is_reached = false;
        ByteToken token;  ///< that led here
        std::uint32_t token_before = 0;
        Distances distances{};
    };

    void try_literal(std::size_t index);
    void try_copies(std::size_t index, std::size_t end);
    void try_repeated(std::size_t index, std::size_t end);
    void try_moved(std::size_t index, std::size_t end);
    void try_words(std::size_t index, std::size_t end, std::uint32_t distance, float price,
                   std::uint32_t token_before);
    void try_lengths(std::size_t index, const Copy& copy, std::uint32_t shortest, float base_price,
                     bool is_repeated);
    void reach(std::size_t index, ByteToken token, float cost, std::uint32_t token_before);

    CodedSpace space_;
    const std::vector<float>& literal_bits_;
    TokenPrices prices_;
    CopyFinder finder_;
    std::vector<State> states_;  ///< of the stretch being parsed
    std::size_t begin_ = 0;
    std::size_t skip_to_ = 0;  ///< a long copy is taken without trying what lies inside it
};

}  // namespace frugal::model
