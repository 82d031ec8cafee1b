// SPDX-License-Identifier: Apache-2.0
#include "model/codec/copy_finder.hpp"

#include <algorithm>
#include <bit>

namespace frugal::model {

namespace {

constexpr std::size_t kBucketsMax = 1U << 16;
constexpr std::size_t kHashedBytes = 3;
constexpr int kChainMax = 256;  // earlier positions looked at
constexpr int kChainMaxOfLarge = 8;
constexpr std::size_t kLargeBytes = 1U << 20;  // a search as thorough would take minutes

}  // namespace

CopyFinder::CopyFinder(base::ByteView file)
    : file_(file),
      chain_max_(file.size() > kLargeBytes ? kChainMaxOfLarge : kChainMax),
      newest_(std::min(kBucketsMax, std::bit_ceil(file.size() + 1)), -1),
      previous_(file.size(), -1) {}

std::size_t CopyFinder::bucket_of(std::size_t position) const {
    const std::uint32_t bytes = static_cast<std::uint32_t>(file_[position]) |
                                static_cast<std::uint32_t>(file_[position + 1]) << 8 |
                                static_cast<std::uint32_t>(file_[position + 2]) << 16;
    return ((bytes * 0x9E3779B1U) >> 16) & (newest_.size() - 1);
}

const std::vector<Copy>& CopyFinder::find(std::size_t position, std::size_t limit) {
    found_.clear();
    if (position + kHashedBytes > limit) {
        return found_;
    }
    std::uint32_t longest = kHashedBytes - 1;
    std::int32_t at = newest_[bucket_of(position)];
    for (int i = 0; i < chain_max_ && at >= 0; ++i, at = previous_[static_cast<std::size_t>(at)]) {
        const auto from = static_cast<std::size_t>(at);
        std::uint32_t length = 0;
        while (position + length < limit && file_[position + length] == file_[from + length]) {
            ++length;
        }
        if (length > longest) {
            longest = length;
            found_.push_back({length, static_cast<std::uint32_t>(position - from)});
        }
        if (position + length == limit) {
            break;
        }
    }
    return found_;
}

void CopyFinder::add(std::size_t position) {
    if (position + kHashedBytes > file_.size()) {
        return;
    }
    const std::size_t bucket = bucket_of(position);
    previous_[position] = newest_[bucket];
    newest_[bucket] = static_cast<std::int32_t>(position);
}

}  // namespace frugal::model
