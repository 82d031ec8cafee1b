// SPDX-License-Identifier: Apache-2.0
// Where a file that FlatBuffers' verifier refused is broken: the first table, list or field that
// does not verify, by the same rules and in the same order, so that an error can name it. Reads
// nothing outside of the bytes; ends after kTablesMax tables. Inside this folder only; pure.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.hpp"

namespace frugal::model {

struct Damage {
    std::string place;           ///< "subgraph 0, tensor 3"
    std::string what;            ///< "its name leads to byte 900000, but the file has 53936"
    bool is_beyond_end = false;  ///< as in a file that was cut short
};

/// Nothing if every rule known here holds. The bytes begin at an address fit for every number.
std::optional<Damage> find_damage(base::ByteView file);

}  // namespace frugal::model
