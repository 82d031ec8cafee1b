// SPDX-License-Identifier: Apache-2.0
// Reading idx files, as MNIST has them: 0, 0, a type, how many axes, their lengths (32 bits, big
// endian), the elements. The bytes may be hostile. Pure, any thread; keeps nothing, views the
// bytes. Bytes that begin like idx are idx, damaged or not: taken for raw inputs, the header would
// become numbers and every input behind it be cut in the wrong place. They begin like idx if
//   - the first two are 0, the third is 0x08, 0x09 or 0x0B to 0x0E, the fourth is 1 to 8 axes, and
//   - each axis behind the first is 1 to 65,535 long; an only axis 1 to 16,777,215.
// A file that ends before its last axis is judged by those it has. Raw inputs that happen to begin
// so are refused too; as .npy they are taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace frugal::model {

inline constexpr std::uint64_t kElementsMax = 1ULL << 31;  // more than a file holds

/// Elements of an array of these axes, at most kElementsMax.
std::uint64_t elements_of(const std::vector<std::size_t>& shape);

/// Unsigned bytes.
struct IdxArray {
    base::ByteView bytes;            ///< the elements, in the bytes that were read
    std::vector<std::size_t> shape;  ///< 1 to 8 axes; as many elements as bytes
};

/// @return nothing for bytes that do not begin like idx. @param origin how messages call the file
/// Fails with kInvalidInput for idx that is cut off, holds more than its header says or another
/// type than unsigned bytes.
base::Result<std::optional<IdxArray>> read_idx(base::ByteView bytes, const std::string& origin);

}  // namespace frugal::model
