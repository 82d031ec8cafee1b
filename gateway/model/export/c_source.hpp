// SPDX-License-Identifier: Apache-2.0
// A model as a C source and a header for a firmware build: the bytes as an aligned constant array,
// and what a build wants to know of them: digest, arena and state, shapes and quantization, and the
// set of exactly the operators the model uses, so that the linker takes in no others. C99. Pure
// function; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace frugal::model {

struct CSource {
    std::string source;  ///< NAME.c; includes NAME.h
    std::string header;  ///< NAME.h
};

/// True for a name that can stand in C identifiers: a letter, then letters, digits, underscores.
bool is_c_name(std::string_view name);

/// Writes a .tflite or a Bonsai container as C. All names begin with `name`.
/// Fails with kInvalidInput for a malformed model or a name that is none, kUnsupported for a model
/// the device's runtime does not run (the message says why).
base::Result<CSource> export_c(base::ByteView model, std::string_view name);

}  // namespace frugal::model
