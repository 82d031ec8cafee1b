// SPDX-License-Identifier: Apache-2.0
// Packs a file for a device and says where its bytes went: what `frugalctl model pack` prints.
// Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace frugal::model {

struct PackOptions {
    std::optional<std::uint8_t> profile{};  ///< absent: 2, the smallest
    base::ByteView base{};                  ///< what the device has; empty for a full encoding
};

struct PackedSegment {
    std::string kind;    ///< "weights", "integers", "floats", "products", "bytes", "raw", ..
    std::string tensor;  ///< name, "tensor 7" without one; empty for what is no tensor
    std::size_t offset = 0;
    std::size_t raw_bytes = 0;
    double coded_bytes = 0;
    /// Information under the best model known here: the lower of the zeroth-order entropy without
    /// a table and what profile 2 needs, before rounding.
    double bound_bytes = 0;
};

struct PackReport {
    base::Bytes stream;
    std::uint8_t profile = 0;
    bool is_delta = false;
    std::size_t raw_bytes = 0;
    double bound_bytes = 0;  ///< sum of the segments' bounds
    std::uint32_t decoder_ram_bytes = 0;
    std::vector<PackedSegment> segments;  ///< in file order, covering the file
};

/// Packs any bytes; those of a .tflite are packed by its tensors.
/// @return the errors of encode().
base::Result<PackReport> pack_file(base::ByteView file, const PackOptions& options);

}  // namespace frugal::model
