// SPDX-License-Identifier: Apache-2.0
#include "inference/onnx_library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>
#include <mutex>
#include <string>

namespace frugal::inference {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr char kRemedy[] =
    "upload a .tflite, or install libopencv-dnn406 and a build made with -DFRUGAL_ONNX=ON";

// A run path in the program would do, but for sanitizers, whose dlopen() does not read it.
std::string path_beside_program() {
    std::error_code unknown;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", unknown);
    return unknown ? kOnnxLibrary
                   : (program.parent_path() / "../lib/frugal" / kOnnxLibrary).lexically_normal();
}

}  // namespace

Result<const OnnxLibrary*> load_onnx_library(const char* path) {
    void* const library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        const char* const reason = dlerror();
        return fail(ErrorKind::kUnsupported, "model: this gateway cannot run ONNX files",
                    reason != nullptr ? reason : path, kRemedy);
    }
    const auto* const found = static_cast<const OnnxLibrary*>(dlsym(library, kOnnxSymbol));
    if (found == nullptr || found->version != kOnnxVersion) {
        return fail(ErrorKind::kUnsupported, "model: this gateway cannot run ONNX files",
                    fmt::format("{} is of another version of Frugal", path), kRemedy);
    }
    return found;
}

// A failure is not kept: the library may be installed while the gateway runs.
Result<const OnnxLibrary*> onnx_library() {
    static std::mutex mutex;
    static const OnnxLibrary* loaded = nullptr;
    const std::lock_guard guard(mutex);
    if (loaded == nullptr) {
        const auto library = load_onnx_library(path_beside_program().c_str());
        if (!library) {
            return library;
        }
        loaded = *library;
    }
    return loaded;
}

}  // namespace frugal::inference
