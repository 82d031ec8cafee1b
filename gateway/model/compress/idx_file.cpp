// SPDX-License-Identifier: Apache-2.0
#include "model/compress/idx_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

namespace frugal::model {

using base::ByteView;
using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kMagic = 4;
constexpr std::size_t kAxisBytes = 4;
constexpr std::size_t kAxesMax = 8;
constexpr std::size_t kOnlyAxisMax = 0xFF'FFFF;
constexpr std::size_t kInnerAxisMax = 0xFFFF;
constexpr std::uint8_t kUnsignedBytes = 0x08;

struct Type {
    std::uint8_t code;
    std::string_view name;
    std::size_t size_bytes;
};

constexpr Type kTypes[] = {{kUnsignedBytes, "unsigned bytes", 1},
                           {0x09, "int8", 1},
                           {0x0B, "int16", 2},
                           {0x0C, "int32", 4},
                           {0x0D, "float32", 4},
                           {0x0E, "float64", 8}};

/// What the first bytes say, as far as they go.
struct Header {
    Type type;
    std::size_t axes;                ///< as the fourth byte says
    std::vector<std::size_t> shape;  ///< those that are there

    std::size_t size_bytes() const { return kMagic + kAxisBytes * axes; }
    bool is_whole() const { return shape.size() == axes; }
};

std::size_t big_endian(ByteView bytes, std::size_t offset) {
    return static_cast<std::size_t>(bytes[offset]) << 24 |
           static_cast<std::size_t>(bytes[offset + 1]) << 16 |
           static_cast<std::size_t>(bytes[offset + 2]) << 8 | bytes[offset + 3];
}

std::optional<Header> header_of(ByteView bytes) {
    if (bytes.size() < kMagic || bytes[0] != 0 || bytes[1] != 0 || bytes[3] == 0 ||
        bytes[3] > kAxesMax) {
        return std::nullopt;
    }
    const auto* type =
        std::ranges::find_if(kTypes, [&](const Type& one) { return one.code == bytes[2]; });
    if (type == std::end(kTypes)) {
        return std::nullopt;
    }
    Header header{*type, bytes[3], {}};
    for (std::size_t axis = 0; axis < header.axes; ++axis) {
        const std::size_t offset = kMagic + kAxisBytes * axis;
        if (bytes.size() < offset + kAxisBytes) {
            break;
        }
        header.shape.push_back(big_endian(bytes, offset));
    }
    return header;
}

/// By the rule of this file's header.
bool is_plausible(const Header& header) {
    if (header.axes == 1) {
        return header.shape.empty() || (header.shape[0] >= 1 && header.shape[0] <= kOnlyAxisMax);
    }
    return std::all_of(header.shape.begin() + (header.shape.empty() ? 0 : 1), header.shape.end(),
                       [](std::size_t length) { return length >= 1 && length <= kInnerAxisMax; });
}

tl::unexpected<base::Error> refused(const std::string& what, const std::string& cause,
                                    std::string_view remedy) {
    return fail(
        ErrorKind::kInvalidInput, what, cause,
        fmt::format("{} Raw inputs that only happen to begin like idx are taken as .npy.", remedy));
}

constexpr std::string_view kFetchAgain = "Copy or unpack the file again.";

tl::unexpected<base::Error> wrong_size(const Header& header, ByteView bytes,
                                       const std::string& origin) {
    if (!header.is_whole()) {
        return refused(origin + ": an idx file that is cut off",
                       fmt::format("its header of {} axes is {} bytes long, the file {}",
                                   header.axes, header.size_bytes(), bytes.size()),
                       kFetchAgain);
    }
    const std::uint64_t elements = elements_of(header.shape);
    const std::uint64_t wanted = header.size_bytes() + elements;
    return refused(
        fmt::format("{}: an idx file that {}", origin,
                    bytes.size() < wanted ? "is cut off" : "goes on behind its end"),
        fmt::format("the idx header says {} unsigned bytes, {}{} bytes with the header; the file "
                    "holds {}",
                    fmt::join(header.shape, "x"), elements == kElementsMax ? "more than " : "",
                    wanted, bytes.size()),
        kFetchAgain);
}

}  // namespace

std::uint64_t elements_of(const std::vector<std::size_t>& shape) {
    std::uint64_t count = 1;
    for (const std::size_t length : shape) {
        const auto capped = std::min<std::uint64_t>(length, kElementsMax);
        count = std::min<std::uint64_t>(count * capped, kElementsMax);
    }
    return count;
}

Result<std::optional<IdxArray>> read_idx(ByteView bytes, const std::string& origin) {
    auto header = header_of(bytes);
    if (!header) {
        return std::nullopt;
    }
    const bool is_unsigned = header->type.code == kUnsignedBytes;
    if (is_unsigned && header->is_whole() &&
        elements_of(header->shape) == bytes.size() - header->size_bytes()) {
        return IdxArray{bytes.subspan(header->size_bytes()), std::move(header->shape)};
    }
    if (!is_plausible(*header)) {
        return std::nullopt;
    }
    if (!is_unsigned) {
        return refused(fmt::format("{}: an idx file of {}", origin, header->type.name),
                       fmt::format("its type is 0x{:02X}; idx is read as unsigned bytes, 0x08",
                                   header->type.code),
                       "Write the numbers as .npy.");
    }
    return wrong_size(*header, bytes, origin);
}

}  // namespace frugal::model
