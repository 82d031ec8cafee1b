// SPDX-License-Identifier: Apache-2.0
// The inputs and labels that `frugalctl model compress` is given as files. Reads files, writes
// nothing; one thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "model/compress/evaluate.hpp"
#include "model/compress/samples_file.hpp"

namespace frugal::cli {

/// The inputs taken, how many there were, and what of a directory is no input: a line each.
struct Inputs {
    std::vector<base::Bytes> taken;
    std::size_t all = 0;
    std::vector<std::string> left_out{};
};

/// Of a file, or of the files of a directory by name.
/// @param limit so many are taken; 0: all
/// Fails as parse_inputs(), with kInvalidInput for compressed files, pictures, sounds and a
/// directory without inputs, with kLimit for one of too many files. Hidden files, folders and texts
/// in a directory are left out.
base::Result<Inputs> read_inputs(const std::string& path, const model::InputFormat& format,
                                 std::size_t limit);

/// One label for each of `all` inputs there were; those of the samples' inputs are kept. An empty
/// path is no file. Fails as parse_labels(), and with kInvalidInput for compressed files and for
/// another number of labels.
base::Result<void> read_labels(const std::string& path, std::size_t all, model::Samples& samples);

}  // namespace frugal::cli
