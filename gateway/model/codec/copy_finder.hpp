// SPDX-License-Identifier: Apache-2.0
// Finds earlier occurrences of the bytes at a position, by hash chains over the positions it was
// told of. Owned by one encode() call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.hpp"

namespace frugal::model {

struct Copy {
    std::uint32_t length = 0;
    std::uint32_t distance = 0;
};

class CopyFinder {
public:
    explicit CopyFinder(base::ByteView file);

    /// Copies to `position` that end by `limit`: each longer, and from farther away, than the one
    /// before. Valid until the next call.
    const std::vector<Copy>& find(std::size_t position, std::size_t limit);
    /// Makes `position` findable from later ones.
    void add(std::size_t position);

private:
    std::size_t bucket_of(std::size_t position) const;

    base::ByteView file_;
    int chain_max_;
    std::vector<std::int32_t> newest_;    ///< by bucket; -1: none
    std::vector<std::int32_t> previous_;  ///< by position
    std::vector<Copy> found_;
};

}  // namespace frugal::model
