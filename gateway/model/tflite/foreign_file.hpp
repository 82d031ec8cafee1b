// SPDX-License-Identifier: Apache-2.0
// What a file that is no .tflite seems to be, by its first bytes: people mistake one file for
// another. For messages only, nothing is decided by it. Inside this folder only; pure.
#pragma once

#include <string_view>

#include "base/bytes.hpp"

namespace frugal::model {

struct ForeignFile {
    std::string_view what;    ///< "it is a Bonsai tree"
    std::string_view remedy;  ///< a sentence
};

ForeignFile recognise(base::ByteView bytes);

}  // namespace frugal::model
