// SPDX-License-Identifier: Apache-2.0
// A camera that sees the test images of Fashion-MNIST (Xiao, Rasul, Vollgraf 2017; Debian package
// dataset-fashion-mnist): 28 x 28 grey pixels, ten classes. The input byte is pixel - 128, as the
// models were quantized. The images stay in memory, shared by all devices.
#pragma once

#include <filesystem>

#include "device-sim/sensors/idx_file.hpp"
#include "device-sim/sensors/sensor.hpp"

namespace frugal::swarm {

class ImageSensor : public Sensor {
public:
    static constexpr const char* kInstalledAt = "/usr/share/datasets/fashion-mnist";

    /// Loads the test split from a directory with the four files of the package.
    static Result<ImageSensor> load(const std::filesystem::path& directory);

    /// From parsed files: images of three dimensions and as many labels.
    static Result<ImageSensor> create(IdxFile images, IdxFile labels);

    std::size_t input_bytes() const override { return image_size_; }
    std::size_t class_count() const override { return class_count_; }
    void measure(Random& random, Sample& sample) const override;

private:
    ImageSensor() = default;

    Bytes images_;
    Bytes labels_;
    std::size_t image_size_ = 0;
    std::size_t class_count_ = 0;
};

}  // namespace frugal::swarm
