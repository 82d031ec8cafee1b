// SPDX-License-Identifier: Apache-2.0
#include "model/codec/byte_parser.hpp"

#include <algorithm>
#include <cmath>

namespace frugal::model {

namespace {

constexpr std::uint32_t kLengthAlwaysTaken = 512;
constexpr std::uint32_t kLengthsTriedAll = 64;  // beyond, only every 16th length is tried
constexpr std::uint32_t kLengthStep = 16;
constexpr std::uint32_t kMovedWordsMax = 256;
constexpr std::uint32_t kWordBefore = 4;  // as a distance
constexpr double kMovedMax = 1U << 20;    // beyond, it is another word

}  // namespace

ByteParser::ByteParser(CodedSpace space, const std::vector<float>& literal_bits,
                       const TokenPrices& prices)
    : space_(space), literal_bits_(literal_bits), prices_(prices), finder_(space.bytes) {
    for (std::size_t at = 0; at < space_.base_size; ++at) {
        finder_.add(at);
    }
}

std::vector<ByteToken> ByteParser::parse(std::size_t begin, std::size_t end,
                                         const Distances& distances, std::uint32_t token_before) {
    begin_ = begin;
    skip_to_ = 0;
    states_.assign(end - begin + 1, State{});
    states_[0].is_reached = true;
    states_[0].token_before = token_before;
    states_[0].distances = distances;
    for (std::size_t index = 0; index + begin < end; ++index) {
        if (index >= skip_to_ && states_[index].is_reached) {
            try_literal(index);
            try_repeated(index, end);
            if (index >= skip_to_) {
                try_copies(index, end);
                try_moved(index, end);
            }
        }
        finder_.add(begin + index);
    }
    std::vector<ByteToken> tokens;
    for (std::size_t index = end - begin; index > 0; index -= tokens.back().length) {
        tokens.push_back(states_[index].token);
    }
    std::reverse(tokens.begin(), tokens.end());
    return tokens;
}

void ByteParser::reach(std::size_t index, ByteToken token, float cost, std::uint32_t token_before) {
    State& state = states_[index + token.length];
    if (state.is_reached && state.cost <= cost) {
        return;
    }
    const State& from = states_[index];
    state.is_reached = true;
    state.cost = cost;
    state.token = token;
    state.token_before = token_before;
    state.distances = from.distances;
    if (token.distance != 0) {
        remember(state.distances, token.distance);
    }
}

void ByteParser::try_literal(std::size_t index) {
    const State& from = states_[index];
    const std::size_t position = begin_ + index;
    reach(index, ByteToken{1, 0},
          from.cost + prices_.literal(from.token_before, position - space_.base_size) +
              literal_bits_[position],
          0);
}

void ByteParser::try_lengths(std::size_t index, const Copy& copy, std::uint32_t shortest,
                             float base_price, bool is_repeated) {
    std::uint32_t length = shortest;
    if (copy.length >= kLengthAlwaysTaken) {
        length = copy.length;
        skip_to_ = std::max(skip_to_, index + length);
    }
    const std::uint32_t token_before = is_repeated ? 2 : 1;
    while (length <= copy.length) {
        reach(index, ByteToken{length, copy.distance},
              states_[index].cost + base_price +
                  prices_.length(is_repeated, begin_ + index - space_.base_size, length),
              token_before);
        if (length == copy.length) {
            break;
        }
        length =
            length < kLengthsTriedAll ? length + 1 : std::min(length + kLengthStep, copy.length);
    }
}

void ByteParser::try_repeated(std::size_t index, std::size_t end) {
    const std::size_t position = begin_ + index;
    const Distances distances = states_[index].distances;
    for (std::size_t which = 0; which < FR_DISTANCES; ++which) {
        const std::uint32_t distance = distances[which];
        const auto end_of_others = distances.begin() + static_cast<std::ptrdiff_t>(which);
        if (distance > position || !space_.reaches(position, distance) ||
            std::find(distances.begin(), end_of_others, distance) != end_of_others) {
            continue;
        }
        std::uint32_t length = 0;
        while (position + length < end &&
               space_.bytes[position + length] == space_.bytes[position + length - distance]) {
            ++length;
        }
        if (length >= FR_CODEC_COPY_MIN) {
            const float price = prices_.repeated_copy(states_[index].token_before,
                                                      position - space_.base_size, which);
            try_lengths(index, Copy{length, distance}, FR_CODEC_COPY_MIN, price, true);
        }
    }
}

void ByteParser::try_copies(std::size_t index, std::size_t end) {
    const std::size_t position = begin_ + index;
    std::uint32_t shortest = 3;
    for (const Copy& copy : finder_.find(position, end)) {
        if (!space_.reaches(position, copy.distance)) {
            break;  // the ones behind it lie farther back
        }
        const auto& known = states_[index].distances;
        if (std::find(known.begin(), known.end(), copy.distance) == known.end()) {
            const std::uint32_t nearest = known_distance(space_, known, position);
            const float price = prices_.new_copy(
                states_[index].token_before, position - space_.base_size, copy.distance, nearest);
            try_lengths(index, copy, shortest, price, false);
        }
        shortest = copy.length + 1;
    }
}

void ByteParser::try_words(std::size_t index, std::size_t end, std::uint32_t distance, float price,
                           std::uint32_t token_before) {
    std::uint32_t difference = 0;
    std::uint32_t near_before = 1;
    for (std::uint32_t count = 1; count <= kMovedWordsMax && begin_ + index + 4U * count <= end;
         ++count) {
        const std::size_t address = begin_ + index + 4U * (count - 1);
        const std::uint32_t next = space_.word_at(address) - space_.word_at(address - distance);
        const auto change = static_cast<std::int32_t>(next - difference);
        if ((count == 1 && change == 0) || std::abs(static_cast<double>(change)) > kMovedMax) {
            break;
        }
        price += prices_.moved_word(near_before, change);
        near_before = change == 0 ? 1 : 0;
        difference = next;
        reach(index, ByteToken{4U * count, distance, true},
              states_[index].cost + price + prices_.count(count), token_before);
    }
}

void ByteParser::try_moved(std::size_t index, std::size_t end) {
    const std::size_t position = begin_ + index;
    if ((position - space_.base_size) % 4 != 0) {
        return;
    }
    const State from = states_[index];
    const float front = prices_.moved(from.token_before, position - space_.base_size);
    const auto is_usable = [&](std::uint32_t distance) {
        return distance >= 4 && distance <= position && space_.reaches(position, distance);
    };
    for (std::size_t which = 0; which < FR_DISTANCES; ++which) {
        const std::uint32_t distance = from.distances[which];
        if (is_usable(distance)) {
            try_words(index, end, distance, front + prices_.repeated_back(0, which), 2);
        }
    }
    if (is_usable(kWordBefore) && std::find(from.distances.begin(), from.distances.end(),
                                            kWordBefore) == from.distances.end()) {
        const std::uint32_t nearest = known_distance(space_, from.distances, position);
        try_words(index, end, kWordBefore, front + prices_.new_back(0, kWordBefore, nearest), 1);
    }
}

}  // namespace frugal::model
