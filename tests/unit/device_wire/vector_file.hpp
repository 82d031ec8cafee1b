// SPDX-License-Identifier: Apache-2.0
// Reads the golden vectors of proto/vectors. Test support.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace frugal::test {

std::vector<std::uint8_t> read_vector(const std::string& name);

/// Names of all vectors that have a text form, and the message each is.
struct VectorName {
    std::string name;
    std::string message;
};
std::vector<VectorName> list_vectors();

}  // namespace frugal::test
