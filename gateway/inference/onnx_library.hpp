// SPDX-License-Identifier: Apache-2.0
// What the shared library around OpenCV offers: plain C types and no exceptions, so that the
// library holds nothing of Frugal and Frugal nothing of OpenCV. It is loaded when the first ONNX
// network comes: OpenCV maps ten megabytes that a site of .tflite models never needs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.hpp"

namespace frugal::inference {

inline constexpr char kOnnxLibrary[] = "libfrugal_onnx.so";
inline constexpr char kOnnxSymbol[] = "frugal_onnx";
inline constexpr std::uint32_t kOnnxVersion = 1;

/// Where a function reports in words; what does not fit is cut. Always ends with a zero.
struct OnnxReason {
    char text[256];
};

/// One thread at a time for each network; the functions may be called from any.
struct OnnxLibrary {
    std::uint32_t version;
    /// Reads the network for an input of this shape. Null and a reason if it cannot.
    void* (*open)(const std::uint8_t* model, std::size_t size, const int* shape,
                  std::size_t dimensions, OnnxReason* reason);
    /// Writes at most `capacity` outputs and returns how many there are; 0 and a reason if it
    /// cannot run. The network's own copy of the input is overwritten before it returns.
    std::size_t (*run)(void* network, const float* input, std::size_t count, float* output,
                       std::size_t capacity, OnnxReason* reason);
    void (*close)(void* network);
};

/// Loads a library once and for ever. kUnsupported if it is not there, lacks a library itself, or
/// is of another version.
base::Result<const OnnxLibrary*> load_onnx_library(const char* path);

/// The one beside this program, in ../lib/frugal, loaded with the first call. Any thread.
base::Result<const OnnxLibrary*> onnx_library();

}  // namespace frugal::inference
