// SPDX-License-Identifier: Apache-2.0
// Bodies of type multipart/form-data (RFC 7578): named parts of bytes, so that
// `curl -F tiny=@a.tflite -F m4=@b.tflite` uploads a release. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace frugal::wire {

inline constexpr std::size_t kMultipartPartsMax = 16;

struct MultipartPart {
    std::string name;
    base::ByteView content;  ///< into the body
};

/// The boundary of a multipart/form-data content type; empty if it is another type or has none.
std::string multipart_boundary(std::string_view content_type);

/// kInvalidInput for a body that does not keep the format, kLimit for too many parts.
base::Result<std::vector<MultipartPart>> read_multipart(base::ByteView body,
                                                        std::string_view boundary);

}  // namespace frugal::wire
