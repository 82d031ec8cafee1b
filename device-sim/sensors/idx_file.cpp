// SPDX-License-Identifier: Apache-2.0
#include "device-sim/sensors/idx_file.hpp"

#include <zlib.h>

#include <memory>

namespace frugal::swarm {
namespace {

constexpr std::size_t kContentLimit = 256u * 1024 * 1024;
constexpr std::size_t kDimensionsMax = 4;
constexpr std::uint8_t kUnsignedByte = 8;

struct CloseGzip {
    void operator()(gzFile file) const { gzclose(file); }
};

std::uint32_t big_endian(ByteView bytes) {
    return static_cast<std::uint32_t>(bytes[0]) << 24 | static_cast<std::uint32_t>(bytes[1]) << 16 |
           static_cast<std::uint32_t>(bytes[2]) << 8 | bytes[3];
}

}  // namespace

Result<IdxFile> parse_idx(ByteView bytes) {
    if (bytes.size() < 4 || bytes[0] != 0 || bytes[1] != 0 || bytes[2] != kUnsignedByte) {
        return fail("not an IDX file of unsigned bytes");
    }
    const std::size_t dimensions = bytes[3];
    const std::size_t header = 4 + 4 * dimensions;
    if (dimensions == 0 || dimensions > kDimensionsMax || bytes.size() < header) {
        return fail("the IDX header is cut off or has too many dimensions");
    }
    IdxFile file;
    std::size_t total = 1;
    for (std::size_t i = 0; i < dimensions; ++i) {
        file.sizes.push_back(big_endian(bytes.subspan(4 + 4 * i, 4)));
        if (file.sizes.back() > kContentLimit) {
            return fail("the IDX header announces too much content");
        }
        total *= file.sizes.back();
        if (total > kContentLimit) {
            return fail("the IDX header announces too much content");
        }
    }
    if (bytes.size() - header != total) {
        return fail("the IDX content has not the size its header announces");
    }
    file.content.assign(bytes.begin() + static_cast<std::ptrdiff_t>(header), bytes.end());
    return file;
}

Result<IdxFile> load_idx(const std::filesystem::path& path) {
    const std::unique_ptr<gzFile_s, CloseGzip> file(gzopen(path.c_str(), "rb"));
    if (!file) {
        return fail("cannot open " + path.string(), {},
                    "install dataset-fashion-mnist or say where the data is with --data");
    }
    Bytes content;
    Bytes piece(256 * 1024);
    while (true) {
        const int count = gzread(file.get(), piece.data(), static_cast<unsigned>(piece.size()));
        if (count < 0 || content.size() > kContentLimit) {
            return fail("cannot decompress " + path.string());
        }
        if (count == 0) {
            break;
        }
        content.insert(content.end(), piece.begin(), piece.begin() + count);
    }
    auto parsed = parse_idx(content);
    return parsed ? std::move(parsed) : Result<IdxFile>(fail_with(parsed.error(), path.string()));
}

}  // namespace frugal::swarm
