// SPDX-License-Identifier: Apache-2.0
// What a Bonsai container (proto/BONSAI.md) holds. The bytes may be hostile: the device's own
// reader checks them. Plain values, any thread; nothing is kept.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "frugal/bonsai.h"

namespace frugal::model {

struct BonsaiSummary {
    std::uint64_t file_size_bytes = 0;
    std::uint64_t header_bytes = 0;      ///< header and table of features
    std::uint64_t projection_bytes = 0;  ///< the sparse rows
    std::uint64_t tree_bytes = 0;        ///< branches, gates and scores
    std::uint64_t projection_weights = 0;
    std::uint64_t projection_elements = 0;  ///< of the dense matrix it stands for
    std::uint64_t work = 0;                 ///< multiply-accumulates of one inference
    std::uint32_t inputs = 0;
    std::int32_t input_zero = 0;
    std::uint32_t features = 0;
    std::uint32_t depth = 0;
    std::uint32_t nodes = 0;
    std::uint32_t classes = 0;
    std::uint32_t score_rows = 0;
};

/// True if the bytes begin like a Bonsai container.
bool is_bonsai(base::ByteView bytes);

/// Opens a container; the bytes must outlive the model.
/// Fails with kInvalidInput for a malformed one, kUnsupported for another version, kLimit.
base::Result<fr_bonsai_t> open_bonsai(base::ByteView bytes);

/// Fails like open_bonsai().
base::Result<BonsaiSummary> read_bonsai(base::ByteView bytes);

}  // namespace frugal::model
