// SPDX-License-Identifier: Apache-2.0
#include "model/bonsai/bonsai.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace frugal::model {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;

constexpr std::size_t kZeroPointAt = 10;

std::uint64_t count_weights(base::ByteView rows) {
    return static_cast<std::uint64_t>(
        std::ranges::count_if(rows, [](std::uint8_t byte) { return byte >> 4 != 0; }));
}

}  // namespace

bool is_bonsai(base::ByteView bytes) {
    return fr_bonsai_is_tree(bytes.data(), bytes.size());
}

Result<fr_bonsai_t> open_bonsai(base::ByteView bytes) {
    fr_bonsai_t model;
    switch (fr_bonsai_open(&model, bytes.data(), bytes.size())) {
        case FR_OK:
            return model;
        case FR_ERROR_UNSUPPORTED:
            return fail(ErrorKind::kUnsupported, "model: Bonsai container of another version",
                        fmt::format("byte 4 says {}", bytes[4]), "this program reads version 1");
        case FR_ERROR_LIMIT:
            return fail(ErrorKind::kLimit, "model: Bonsai container beyond a limit",
                        fmt::format("at most {} features, depth {}, {} classes, {} bytes",
                                    FR_BONSAI_FEATURES_MAX, FR_BONSAI_DEPTH_MAX, FR_CLASSES_MAX,
                                    FR_BONSAI_SIZE_MAX),
                        "train a smaller tree");
        case FR_ERROR_TRUNCATED:
            return fail(ErrorKind::kInvalidInput, "model: Bonsai container is cut short",
                        "its parts lead beyond its end", "copy the file again");
        default:
            return fail(ErrorKind::kInvalidInput, "model: not a well-formed Bonsai container",
                        "a count, a row or the size does not add up (proto/BONSAI.md)",
                        "Write the file again.");
    }
}

Result<BonsaiSummary> read_bonsai(base::ByteView bytes) {
    auto model = open_bonsai(bytes);
    if (!model) {
        return tl::unexpected(model.error());
    }
    BonsaiSummary summary;
    summary.file_size_bytes = model->size;
    summary.header_bytes = model->rows;
    summary.projection_bytes = model->branches - model->rows;
    summary.tree_bytes = model->size - model->branches;
    summary.projection_weights =
        count_weights(bytes.subspan(model->rows, summary.projection_bytes));
    summary.inputs = model->input_count;
    summary.input_zero = static_cast<std::int8_t>(bytes[kZeroPointAt]);
    summary.features = model->feature_count;
    summary.projection_elements = std::uint64_t{summary.inputs} * summary.features;
    summary.depth = model->depth;
    summary.nodes = (2U << model->depth) - 1;
    summary.classes = model->class_count;
    summary.score_rows = model->score_count;
    summary.work = fr_bonsai_work(&*model);
    return summary;
}

}  // namespace frugal::model
