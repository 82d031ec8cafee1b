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

/// Files that would pass for raw bytes if their length happened to fit.
struct Foreign {
    std::string_view begins;
    std::string_view what;
    std::string_view remedy;
};

constexpr std::string_view kUnpack = "Unpack it (gunzip, unzip, unxz, zstd -d, bunzip2) first.";
constexpr std::string_view kConvert =
    "Write the numbers the model takes: a .npy or idx file, or raw bytes.";
constexpr Foreign kForeign[] = {
    {std::string_view("\x1f\x8b\x08\x00", 4), "is compressed with gzip", kUnpack},
    {"\x1f\x8b\x08\x08", "is compressed with gzip", kUnpack},
    {"PK\x03\x04", "is a zip archive (.zip or .npz)", kUnpack},
    {"\xfd"
     "7zXZ",
     "is compressed with xz", kUnpack},
    {"\x28\xb5\x2f\xfd", "is compressed with zstd", kUnpack},
    {"BZh91AY&SY", "is compressed with bzip2", kUnpack},
    {"\x89PNG\r\n", "is a PNG picture", kConvert},
    {"\xff\xd8\xff\xdb", "is a JPEG picture", kConvert},
    {"\xff\xd8\xff\xe0", "is a JPEG picture", kConvert},
    {"\xff\xd8\xff\xe1", "is a JPEG picture", kConvert},
    {"RIFF", "is a sound (WAV)", kConvert},
};

Result<Bytes> read_plain(const std::string& path) {
    auto bytes = read_bytes(path);
    for (const Foreign& foreign : kForeign) {
        if (bytes && base::as_text(*bytes).starts_with(foreign.begins)) {
            return fail(ErrorKind::kInvalidInput, fmt::format("{}: {}", path, foreign.what), {},
                        std::string(foreign.remedy));
        }
    }
    return bytes;
}

Result<std::vector<Bytes>> inputs_of_file(const std::string& path,
                                          const model::InputFormat& format) {
    const auto bytes = read_plain(path);
    return bytes ? model::parse_inputs(*bytes, format, path)
                 : Result<std::vector<Bytes>>(tl::unexpected(bytes.error()));
}

/// Why an entry of a directory is no input; empty if it may be one.
std::string_view reason_against(const fs::directory_entry& entry) {
    constexpr std::string_view kTexts[] = {".txt", ".csv", ".json", ".md", ".toml", ".xml"};
    std::error_code error;
    if (entry.path().filename().string().starts_with(".")) {
        return "it is hidden; rename it if it is an input";
    }
    if (entry.is_directory(error)) {
        return "it is a folder; put its files into the folder that is named";
    }
    if (!entry.is_regular_file(error)) {
        return "it is no regular file";
    }
    const bool is_text = std::ranges::find(kTexts, entry.path().extension()) != std::end(kTexts);
    return is_text ? "it is a text; labels are given with --labels or --calibration-labels" : "";
}

struct Files {
    std::vector<std::string> names;
    std::vector<std::string> left_out;
};

/// The files of a directory by name, so that a run can be repeated.
Result<Files> files_of(const std::string& path) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
        return Files{{path}, {}};
    }
    Files result;
    auto& files = result.names;
    for (const auto& entry : fs::directory_iterator(path, error)) {
        const auto reason = reason_against(entry);
        if (reason.empty()) {
            files.push_back(entry.path().string());
        } else {
            result.left_out.push_back(
                fmt::format("{}: left out, {}", entry.path().string(), reason));
        }
        if (files.size() + result.left_out.size() > kInputFilesMax) {
            return fail(ErrorKind::kLimit, path + ": too many files",
                        fmt::format("the limit is {}", kInputFilesMax),
                        "Put the inputs into one .npy file.");
        }
    }
    if (error) {
        return fail(ErrorKind::kUnavailable, path + ": cannot be listed", error.message());
    }
    std::sort(files.begin(), files.end());
    std::sort(result.left_out.begin(), result.left_out.end());
    if (files.empty()) {
        return fail(ErrorKind::kInvalidInput, path + ": there are no inputs in it",
                    result.left_out.empty() ? "it is empty" : result.left_out.front(),
                    "Put files of inputs into it (.npy, idx or raw bytes), or name one file.");
    }
    return result;
}

}  // namespace

Result<Inputs> read_inputs(const std::string& path, const model::InputFormat& format,
                           std::size_t limit) {
    const auto files = files_of(path);
    if (!files) {
        return tl::unexpected(files.error());
    }
    Inputs inputs{{}, 0, files->left_out};
    for (const std::string& file : files->names) {
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
    const auto bytes = read_plain(path);
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
