// SPDX-License-Identifier: Apache-2.0
#include "cli/compress_inputs.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "cli/files.hpp"

namespace frugal::cli {

using base::Bytes;
using base::ErrorKind;
using base::fail;
using base::Result;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kInputFilesMax = 100000;

Result<std::vector<Bytes>> inputs_of_file(const std::string& path,
                                          const model::InputFormat& format) {
    const auto bytes = read_bytes(path);
    return bytes ? model::parse_inputs(*bytes, format, path)
                 : Result<std::vector<Bytes>>(tl::unexpected(bytes.error()));
}

/// The files of a directory by name, so that a run can be repeated.
Result<std::vector<std::string>> files_of(const std::string& path) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
        return std::vector<std::string>{path};
    }
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(path, error)) {
        if (entry.is_regular_file(error)) {
            files.push_back(entry.path().string());
        }
        if (files.size() > kInputFilesMax) {
            return fail(ErrorKind::kLimit, path + ": too many files",
                        fmt::format("the limit is {}", kInputFilesMax),
                        "Put the inputs into one .npy file.");
        }
    }
    if (error) {
        return fail(ErrorKind::kUnavailable, path + ": cannot be listed", error.message());
    }
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

Result<Inputs> read_inputs(const std::string& path, const model::InputFormat& format,
                           std::size_t limit) {
    const auto files = files_of(path);
    if (!files) {
        return tl::unexpected(files.error());
    }
    Inputs inputs;
    for (const std::string& file : *files) {
        auto some = inputs_of_file(file, format);
        if (!some) {
            return tl::unexpected(some.error());
        }
        inputs.all += some->size();
        std::move(some->begin(), some->end(), std::back_inserter(inputs.taken));
        if (limit != 0 && inputs.taken.size() > limit) {
            inputs.taken.resize(limit);
        }
    }
    return inputs;
}

Result<void> read_labels(const std::string& path, std::size_t all, model::Samples& samples) {
    if (path.empty()) {
        return {};
    }
    const auto bytes = read_bytes(path);
    auto labels = bytes ? model::parse_labels(*bytes, path)
                        : Result<std::vector<std::uint32_t>>(tl::unexpected(bytes.error()));
    if (!labels) {
        return tl::unexpected(labels.error());
    }
    if (labels->size() != all) {
        return fail(ErrorKind::kInvalidInput,
                    fmt::format("{}: {} labels for {} inputs", path, labels->size(), all), {},
                    "Give the labels of these inputs, one for each.");
    }
    labels->resize(samples.inputs.size());
    samples.labels = std::move(*labels);
    return {};
}

}  // namespace frugal::cli
