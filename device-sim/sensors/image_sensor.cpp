// SPDX-License-Identifier: Apache-2.0
#include "device-sim/sensors/image_sensor.hpp"

#include <algorithm>

namespace frugal::swarm {

Result<ImageSensor> ImageSensor::load(const std::filesystem::path& directory) {
    auto images = load_idx(directory / "t10k-images-idx3-ubyte.gz");
    if (!images) {
        return tl::unexpected<Error>(images.error());
    }
    auto labels = load_idx(directory / "t10k-labels-idx1-ubyte.gz");
    if (!labels) {
        return tl::unexpected<Error>(labels.error());
    }
    return create(std::move(*images), std::move(*labels));
}

Result<ImageSensor> ImageSensor::create(IdxFile images, IdxFile labels) {
    const bool fits = images.sizes.size() == 3 && labels.sizes.size() == 1 &&
                      images.sizes[0] == labels.sizes[0] && !labels.content.empty();
    if (!fits) {
        return fail("the images and labels do not belong together");
    }
    ImageSensor sensor;
    sensor.image_size_ = static_cast<std::size_t>(images.sizes[1]) * images.sizes[2];
    sensor.class_count_ = 1u + *std::max_element(labels.content.begin(), labels.content.end());
    sensor.images_ = std::move(images.content);
    for (std::uint8_t& pixel : sensor.images_) {
        pixel ^= 0x80;  // pixel - 128 as int8
    }
    sensor.labels_ = std::move(labels.content);
    return sensor;
}

void ImageSensor::measure(Random& random, Sample& sample) const {
    const std::size_t index = random.below(labels_.size());
    const auto first = images_.begin() + static_cast<std::ptrdiff_t>(index * image_size_);
    sample.input.assign(first, first + static_cast<std::ptrdiff_t>(image_size_));
    sample.label = labels_[index];
}

}  // namespace frugal::swarm
