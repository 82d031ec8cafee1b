// SPDX-License-Identifier: Apache-2.0
// codec_bench [--json] [FILE...]: sizes of model files under gzip -9, zstd -19 and the model codec.
// Without files it takes the project's own models and those of FRUGAL_SHARED_DIR, if there are any.
#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "frugal/codec.h"
#include "model/codec/codec.hpp"
#include "model/codec/tflite_plan.hpp"

namespace {

using frugal::base::Bytes;
using frugal::base::ByteView;

struct Row {
    std::string name;
    std::size_t raw = 0;
    std::size_t gzip = 0;
    std::size_t zstd = 0;
    std::size_t ours = 0;
    bool is_int8 = false;
};

Bytes read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return Bytes(std::istreambuf_iterator<char>(in), {});
}

std::size_t gzip_size(ByteView bytes) {
    z_stream stream{};
    constexpr int kGzipWindow = 15 + 16;  // 16 asks for a gzip header and trailer
    if (deflateInit2(&stream, 9, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        return 0;
    }
    Bytes out(deflateBound(&stream, bytes.size()));
    stream.next_in = const_cast<Bytef*>(bytes.data());
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = out.data();
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    const std::size_t size = stream.total_out;
    deflateEnd(&stream);
    return size;
}

/// The smaller of the two ways to call it: with the size announced and, as the tool does for a
/// pipe, without.
std::size_t zstd_size(ByteView bytes) {
    Bytes out(ZSTD_compressBound(bytes.size()));
    const std::size_t announced =
        ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 19);
    ZSTD_CCtx* context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 19);
    ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    // The first call must not see the end, or the size is taken as announced.
    ZSTD_compressStream2(context, &output, &input, ZSTD_e_continue);
    const std::size_t left = ZSTD_compressStream2(context, &output, &input, ZSTD_e_end);
    ZSTD_freeCCtx(context);
    return left == 0 ? std::min(announced, output.pos) : announced;
}

void collect(const std::filesystem::path& folder, std::vector<std::filesystem::path>& paths) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        if (entry.path().extension() == ".tflite") {
            paths.push_back(entry.path());
        }
    }
}

std::vector<std::filesystem::path> default_paths() {
    const std::filesystem::path source = FRUGAL_SOURCE_DIR;
    const char* shared = std::getenv("FRUGAL_SHARED_DIR");
    std::vector<std::filesystem::path> paths;
    collect(source / "device-sim" / "models", paths);
    collect((shared != nullptr ? std::filesystem::path(shared) : source.parent_path() / "shared") /
                "models" / "tflite",
            paths);
    std::sort(paths.begin(), paths.end());
    return paths;
}

bool measure(const std::filesystem::path& path, Row& row) {
    const Bytes bytes = read_file(path);
    const auto plan = frugal::model::plan_of_tflite(bytes);
    const auto stream = frugal::model::encode(bytes, plan);
    if (!stream) {
        fmt::print(stderr, "{}: {}\n", path.string(), stream.error().describe());
        return false;
    }
    std::size_t weights = 0;
    for (const auto& region : plan.regions) {
        weights += region.kind == frugal::model::RegionKind::kWeights ? region.size_bytes : 0;
    }
    row = {path.stem().string(), bytes.size(),   gzip_size(bytes),
           zstd_size(bytes),     stream->size(), weights * 4 > bytes.size()};
    return true;
}

double geometric_mean(const std::vector<Row>& rows, std::size_t Row::*baseline, bool only_int8) {
    double sum = 0;
    int count = 0;
    for (const Row& row : rows) {
        if (row.is_int8 || !only_int8) {
            sum += std::log(static_cast<double>(row.ours) / static_cast<double>(row.*baseline));
            ++count;
        }
    }
    return count == 0 ? 0 : std::exp(sum / count);
}

void print_table(const std::vector<Row>& rows) {
    fmt::print("{:<28} {:>9} {:>9} {:>9} {:>9} {:>8} {:>8}\n", "model", "raw", "gzip -9",
               "zstd -19", "ours", "of zstd", "raw/ours");
    for (const Row& row : rows) {
        fmt::print("{:<28} {:>9} {:>9} {:>9} {:>9} {:>8.4f} {:>8.2f}\n", row.name, row.raw,
                   row.gzip, row.zstd, row.ours,
                   static_cast<double>(row.ours) / static_cast<double>(row.zstd),
                   static_cast<double>(row.raw) / static_cast<double>(row.ours));
    }
    fmt::print(
        "geometric mean, int8 models: ours/gzip {:.4f}, ours/zstd {:.4f}; all: {:.4f}, {:.4f}\n",
        geometric_mean(rows, &Row::gzip, true), geometric_mean(rows, &Row::zstd, true),
        geometric_mean(rows, &Row::gzip, false), geometric_mean(rows, &Row::zstd, false));
    fmt::print("decoder RAM: {} bytes on a 32-bit device, {} here\n", FR_CODEC_RAM_BYTES_2,
               sizeof(fr_decoder_t));
}

void print_json(const std::vector<Row>& rows) {
    fmt::print(
        "{{\"decoder_ram_bytes\": {}, \"ours_of_gzip9_int8\": {:.4f}, "
        "\"ours_of_zstd19_int8\": {:.4f}, \"models\": [",
        FR_CODEC_RAM_BYTES_2, geometric_mean(rows, &Row::gzip, true),
        geometric_mean(rows, &Row::zstd, true));
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Row& row = rows[i];
        fmt::print(
            "{}\n  {{\"name\": \"{}\", \"int8\": {}, \"raw_bytes\": {}, \"gzip9_bytes\": {}, "
            "\"zstd19_bytes\": {}, \"ours_bytes\": {}}}",
            i == 0 ? "" : ",", row.name, row.is_int8, row.raw, row.gzip, row.zstd, row.ours);
    }
    fmt::print("\n]}}\n");
}

}  // namespace

int main(int argc, char** argv) {
    bool is_json = false;
    std::vector<std::filesystem::path> paths;
    for (int i = 1; i < argc; ++i) {
        if (std::string_view(argv[i]) == "--json") {
            is_json = true;
        } else {
            paths.emplace_back(argv[i]);
        }
    }
    if (paths.empty()) {
        paths = default_paths();
    }
    std::vector<Row> rows;
    bool is_good = !paths.empty();
    for (const auto& path : paths) {
        Row row;
        if (measure(path, row)) {
            rows.push_back(row);
        } else {
            is_good = false;
        }
    }
    is_json ? print_json(rows) : print_table(rows);
    return is_good ? 0 : 1;
}
