// SPDX-License-Identifier: Apache-2.0
#include "bench/lenet/idx_data.hpp"

#include <zlib.h>

#include <cstdint>
#include <vector>

namespace frugal::bench {

namespace {

constexpr std::size_t kImagesHeader = 16;
constexpr std::size_t kLabelsHeader = 8;
constexpr std::size_t kFileMax = std::size_t{64} << 20;

std::vector<std::uint8_t> gunzip(const std::filesystem::path& path) {
    std::vector<std::uint8_t> bytes;
    gzFile file = gzopen(path.c_str(), "rb");
    if (file == nullptr) {
        return bytes;
    }
    std::vector<std::uint8_t> chunk(1 << 16);
    for (int read = 1; read > 0 && bytes.size() < kFileMax;) {
        read = gzread(file, chunk.data(), static_cast<unsigned>(chunk.size()));
        bytes.insert(bytes.end(), chunk.begin(), chunk.begin() + (read > 0 ? read : 0));
    }
    gzclose(file);
    return bytes;
}

}  // namespace

model::Dataset read_images(const std::filesystem::path& folder, const char* prefix) {
    const auto images = gunzip(folder / (std::string(prefix) + "-images-idx3-ubyte.gz"));
    const auto labels = gunzip(folder / (std::string(prefix) + "-labels-idx1-ubyte.gz"));
    model::Dataset data;
    if (images.size() <= kImagesHeader || labels.size() <= kLabelsHeader) {
        return data;
    }
    const std::size_t count = labels.size() - kLabelsHeader;
    data.labels.assign(labels.begin() + kLabelsHeader, labels.end());
    data.inputs = model::Matrix(count, (images.size() - kImagesHeader) / count);
    for (std::size_t i = 0; i < data.inputs.values.size(); ++i) {
        data.inputs.values[i] = static_cast<float>(images[kImagesHeader + i]) / 255.0F;
    }
    return data;
}

model::Samples samples_of(const model::Dataset& data) {
    model::Samples samples;
    samples.labels.assign(data.labels.begin(), data.labels.end());
    for (std::size_t row = 0; row < data.inputs.rows; ++row) {
        base::Bytes input;
        for (const float value : data.inputs.row(row)) {
            input.push_back(static_cast<std::uint8_t>(static_cast<int>(value * 255 + 0.5F) - 128));
        }
        samples.inputs.push_back(std::move(input));
    }
    return samples;
}

}  // namespace frugal::bench
