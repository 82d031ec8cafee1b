// SPDX-License-Identifier: Apache-2.0
// codec_bench [--json] [FILE...]: sizes of model files under gzip -9, zstd -19, xz -9e, brotli -q
// 11, heatshrink -w 11 -l 5 and the three profiles of the model codec, and of deltas between
// versions under zstd --patch-from and ours. Without files it takes the project's own models and
// those of FRUGAL_SHARED_DIR, if there are any.
#include <brotli/encode.h>
#include <fmt/format.h>
#include <lzma.h>
#include <sys/resource.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "bench/codec_bound.hpp"
#include "frugal/codec.h"
#include "model/codec/codec.hpp"
#include "model/codec/tflite_plan.hpp"
#include "model/tflite/strip.hpp"
#include "support/model_files.hpp"

namespace {

using frugal::base::Bytes;
using frugal::base::ByteView;
using frugal::test::read_file;

enum Coder { kGzip, kZstd, kXz, kBrotli, kHeatshrink, kCoders };
constexpr std::array<const char*, kCoders> kCoderNames = {"gzip9", "zstd19", "xz9e", "brotli11",
                                                          "heatshrink11"};

struct Row {
    std::string name;
    std::size_t raw = 0;
    std::array<std::size_t, kCoders> others{};
    std::array<std::size_t, FR_CODEC_PROFILES> ours{};
    std::size_t stripped = 0;  ///< of the stripped file; 0: not strippable
    double encode_s = 0;       ///< profile 2
    bool is_int8 = false;
    frugal::bench::WeightBounds weights;

    std::size_t best() const { return ours.back(); }
};

struct DeltaRow {
    std::string old_name, name;
    std::size_t full = 0, delta = 0, zstd_patch = 0;
};

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

std::size_t xz_size(ByteView bytes) {
    Bytes out(lzma_stream_buffer_bound(bytes.size()));
    std::size_t size = 0;
    const auto done =
        lzma_easy_buffer_encode(9 | LZMA_PRESET_EXTREME, LZMA_CHECK_CRC64, nullptr, bytes.data(),
                                bytes.size(), out.data(), &size, out.size());
    return done == LZMA_OK ? size : 0;
}

std::size_t brotli_size(ByteView bytes) {
    std::size_t size = BrotliEncoderMaxCompressedSize(bytes.size());
    Bytes out(size);
    const auto done = BrotliEncoderCompress(11, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC,
                                            bytes.size(), bytes.data(), &size, out.data());
    return done == BROTLI_TRUE ? size : 0;
}

/// What heatshrink -w 11 -l 5 writes: a bit and 8 for a literal, a bit and 11 + 5 for the longest
/// copy of 3 to 32 bytes out of the last 2048.
std::size_t heatshrink_size(ByteView bytes) {
    constexpr std::size_t kWindow = 1U << 11;
    constexpr std::size_t kLengthMax = 1U << 5;
    constexpr std::size_t kNone = SIZE_MAX;
    // Chains of earlier places that begin with the same three bytes.
    std::vector<std::size_t> newest(1U << 16, kNone);
    std::vector<std::size_t> older(bytes.size(), kNone);
    std::size_t bits = 0;
    std::size_t free_at = 0;  // the first byte no token covers
    for (std::size_t at = 0; at + 2 < bytes.size(); ++at) {
        const std::size_t bucket =
            (bytes[at] * 2654435761U ^ bytes[at + 1] * 40503U ^ bytes[at + 2] * 257U) & 0xFFFFU;
        older[at] = newest[bucket];
        newest[bucket] = at;
        if (at < free_at) {
            continue;
        }
        std::size_t longest = 0;
        const std::size_t limit = std::min(kLengthMax, bytes.size() - at);
        for (std::size_t from = older[at]; from != kNone && at - from <= kWindow;
             from = older[from]) {
            std::size_t length = 0;
            while (length < limit && bytes[from + length] == bytes[at + length]) {
                ++length;
            }
            longest = std::max(longest, length);
        }
        bits += longest >= 3 ? 1 + 11 + 5 : 1 + 8;
        free_at = at + (longest >= 3 ? longest : 1);
    }
    bits += 9 * (bytes.size() - std::min(free_at, bytes.size()));
    return (bits + 7) / 8;
}

std::size_t zstd_patch_size(ByteView old, ByteView bytes) {
    Bytes out(ZSTD_compressBound(bytes.size()));
    ZSTD_CCtx* context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 22);
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 23);
    ZSTD_CCtx_setParameter(context, ZSTD_c_enableLongDistanceMatching, 1);
    ZSTD_CCtx_refPrefix(context, old.data(), old.size());
    const std::size_t size =
        ZSTD_compress2(context, out.data(), out.size(), bytes.data(), bytes.size());
    ZSTD_freeCCtx(context);
    return ZSTD_isError(size) != 0 ? 0 : size;
}

bool encode_all(ByteView bytes, const frugal::model::SegmentPlan& plan, Row& row) {
    for (std::uint8_t profile = 0; profile < FR_CODEC_PROFILES; ++profile) {
        const auto begin = std::chrono::steady_clock::now();
        const auto encoded = frugal::model::encode_with_statistics(bytes, plan, {profile, {}, {}});
        if (!encoded) {
            fmt::print(stderr, "{}: {}\n", row.name, encoded.error().describe());
            return false;
        }
        row.ours[profile] = encoded->stream.size();
        add_packed(row.weights, bytes, plan, *encoded);
        row.encode_s =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    }
    return true;
}

bool measure(const std::filesystem::path& path, Row& row) {
    const Bytes bytes = read_file(path);
    const auto plan = frugal::model::plan_of_tflite(bytes);
    row.name = path.stem().string();
    row.raw = bytes.size();
    row.weights = frugal::bench::weight_bounds(row.name, bytes, plan);
    row.is_int8 = row.weights.raw * 4 > bytes.size();
    row.others = {gzip_size(bytes), zstd_size(bytes), xz_size(bytes), brotli_size(bytes),
                  heatshrink_size(bytes)};
    if (const auto stripped = frugal::model::strip_model(bytes)) {
        const auto stream =
            frugal::model::encode(*stripped, frugal::model::plan_of_tflite(*stripped));
        row.stripped = stream ? stream->size() : 0;
    }
    return encode_all(bytes, plan, row);
}

/// Versions of the same model among the files at hand, by name.
std::vector<DeltaRow> measure_deltas(const std::vector<std::filesystem::path>& paths) {
    constexpr std::array<std::array<std::string_view, 2>, 8> kPairs = {{
        {"ic_int8_20201217", "ic_int8_20201218"},
        {"ic_int8_20210111", "ic_int8"},
        {"ad_fullint_20210219", "ad_int8"},
        {"aww_v1_20210209", "aww_v2_20210210"},
        {"micro_speech_int8_2021", "micro_speech_int8"},
        {"mww2_choo_choo", "mww2_hey_ha"},
        {"aww_v3_20210211", "kws_ref_int8"},
        {"fashion-tiny-1", "fashion-tiny-2"},
    }};
    const auto find = [&](std::string_view name) {
        return std::find_if(paths.begin(), paths.end(),
                            [&](const auto& path) { return path.stem() == name; });
    };
    std::vector<DeltaRow> rows;
    for (const auto& [old_name, name] : kPairs) {
        if (find(old_name) == paths.end() || find(name) == paths.end()) {
            continue;
        }
        const Bytes old = read_file(*find(old_name));
        const Bytes bytes = read_file(*find(name));
        const auto plan = frugal::model::plan_of_tflite(bytes);
        const auto full = frugal::model::encode(bytes, plan);
        const auto delta =
            frugal::model::encode(bytes, plan, {2, old, frugal::model::plan_of_tflite(old)});
        if (full && delta) {
            rows.push_back({std::string(old_name), std::string(name), full->size(), delta->size(),
                            zstd_patch_size(old, bytes)});
        }
    }
    return rows;
}

/// Geometric mean of ours (profile 2) against another coder.
double geometric_mean(const std::vector<Row>& rows, Coder coder, bool only_int8) {
    double sum = 0;
    int count = 0;
    for (const Row& row : rows) {
        if (row.is_int8 || !only_int8) {
            sum +=
                std::log(static_cast<double>(row.best()) / static_cast<double>(row.others[coder]));
            ++count;
        }
    }
    return count == 0 ? 0 : std::exp(sum / count);
}

const Row& largest_of(const std::vector<Row>& rows) {
    return *std::max_element(rows.begin(), rows.end(),
                             [](const Row& a, const Row& b) { return a.raw < b.raw; });
}

long peak_memory_kb() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

void print_table(const std::vector<Row>& rows, const std::vector<DeltaRow>& deltas) {
    fmt::print("{:<25} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}\n",
               "model", "raw", "gzip", "zstd", "xz", "brotli", "heatshr", "ours 0", "ours 1",
               "ours 2", "stripped", "of zstd");
    for (const Row& row : rows) {
        fmt::print("{:<25} {:>8}", row.name, row.raw);
        for (const std::size_t size : row.others) {
            fmt::print(" {:>8}", size);
        }
        for (const std::size_t size : row.ours) {
            fmt::print(" {:>8}", size);
        }
        fmt::print(" {:>8} {:>8.4f}\n", row.stripped,
                   static_cast<double>(row.best()) / static_cast<double>(row.others[kZstd]));
    }
    std::vector<std::pair<std::string, frugal::bench::WeightBounds>> bounds;
    for (const Row& row : rows) {
        bounds.emplace_back(row.name, row.weights);
    }
    print_bounds(bounds);
    fmt::print("geometric mean of profile 2, int8 models:");
    for (int coder = 0; coder < kCoders; ++coder) {
        fmt::print(" of {} {:.4f}", kCoderNames[static_cast<std::size_t>(coder)],
                   geometric_mean(rows, static_cast<Coder>(coder), true));
    }
    fmt::print("\nlargest model encoded in {:.2f} s, peak memory {} KB of this process\n",
               largest_of(rows).encode_s, peak_memory_kb());
    for (const DeltaRow& row : deltas) {
        fmt::print("delta {} -> {}: {} (full {}, zstd --patch-from {})\n", row.old_name, row.name,
                   row.delta, row.full, row.zstd_patch);
    }
    fmt::print("decoder RAM by profile: {}, {}, {} bytes on a 32-bit device\n",
               FR_CODEC_RAM_BYTES_0, FR_CODEC_RAM_BYTES_1, FR_CODEC_RAM_BYTES_2);
}

void print_row_json(const Row& row) {
    fmt::print("{{\"name\": \"{}\", \"int8\": {}, \"raw_bytes\": {}", row.name, row.is_int8,
               row.raw);
    for (std::size_t coder = 0; coder < kCoders; ++coder) {
        fmt::print(", \"{}_bytes\": {}", kCoderNames[coder], row.others[coder]);
    }
    for (std::size_t profile = 0; profile < FR_CODEC_PROFILES; ++profile) {
        fmt::print(", \"profile{}_bytes\": {}", profile, row.ours[profile]);
    }
    fmt::print(", \"ours_bytes\": {}, \"stripped_packed_bytes\": {}, {}}}", row.best(),
               row.stripped, bounds_json(row.weights));
}

void print_json(const std::vector<Row>& rows, const std::vector<DeltaRow>& deltas) {
    fmt::print(
        "{{\"decoder_ram_bytes\": [{}, {}, {}], \"encode_seconds_largest\": {:.3f}, "
        "\"peak_memory_kb\": {}",
        FR_CODEC_RAM_BYTES_0, FR_CODEC_RAM_BYTES_1, FR_CODEC_RAM_BYTES_2, largest_of(rows).encode_s,
        peak_memory_kb());
    for (std::size_t coder = 0; coder < kCoders; ++coder) {
        fmt::print(", \"ours_of_{}_int8\": {:.4f}", kCoderNames[coder],
                   geometric_mean(rows, static_cast<Coder>(coder), true));
    }
    fmt::print(", \"models\": [");
    for (std::size_t i = 0; i < rows.size(); ++i) {
        fmt::print("{}\n  ", i == 0 ? "" : ",");
        print_row_json(rows[i]);
    }
    fmt::print("\n], \"deltas\": [");
    for (std::size_t i = 0; i < deltas.size(); ++i) {
        const DeltaRow& row = deltas[i];
        fmt::print(
            "{}\n  {{\"old\": \"{}\", \"new\": \"{}\", \"full_bytes\": {}, "
            "\"delta_bytes\": {}, \"zstd_patch_bytes\": {}}}",
            i == 0 ? "" : ",", row.old_name, row.name, row.full, row.delta, row.zstd_patch);
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
        paths = frugal::test::model_files();
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
    if (rows.empty()) {
        return 1;
    }
    const auto deltas = measure_deltas(paths);
    is_json ? print_json(rows, deltas) : print_table(rows, deltas);
    return is_good ? 0 : 1;
}
