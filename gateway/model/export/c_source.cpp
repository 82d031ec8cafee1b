// SPDX-License-Identifier: Apache-2.0
#include "model/export/c_source.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <utility>

#include "frugal/sha256.h"
#include "model/bonsai/bonsai.hpp"
#include "model/tflite/summary.hpp"

namespace frugal::model {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;

constexpr std::size_t kBytesPerLine = 16;

// What frugal/operators.h calls the kernel of an operator number.
constexpr auto kKernelNames = std::to_array<std::pair<std::int32_t, std::string_view>>({
    {0, "add"},
    {1, "average_pool"},
    {2, "concatenation"},
    {3, "convolution"},
    {4, "depthwise"},
    {6, "dequantize"},
    {9, "fully_connected"},
    {14, "logistic"},
    {17, "max_pool"},
    {18, "multiply"},
    {22, "reshape"},
    {25, "softmax"},
    {34, "pad"},
    {40, "mean"},
    {45, "strided_slice"},
    {77, "shape"},
    {83, "pack"},
    {102, "split"},
    {114, "quantize"},
    {129, "call_once"},
    {142, "variable_handle"},
    {143, "read_variable"},
    {144, "assign_variable"},
});

std::string upper(std::string_view name) {
    std::string text(name);
    std::ranges::transform(text, text.begin(), [](unsigned char letter) {
        return static_cast<char>(std::toupper(letter));
    });
    return text;
}

/// A text that can stand in a comment: printable, and not able to end it.
std::string comment(std::string_view text) {
    std::string safe;
    for (char letter : text.substr(0, 80)) {
        const bool is_plain = letter >= ' ' && letter <= '~' && letter != '*' && letter != '\\';
        safe += is_plain ? letter : '_';
    }
    return safe;
}

struct Digest {
    std::array<std::uint8_t, FR_SHA256_SIZE> bytes{};

    explicit Digest(base::ByteView model) { fr_sha256(model.data(), model.size(), bytes.data()); }
    std::string text() const { return fmt::format("{:02x}", fmt::join(bytes, "")); }
};

std::string rows_of(base::ByteView bytes) {
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += kBytesPerLine) {
        const auto row = bytes.subspan(at, std::min(kBytesPerLine, bytes.size() - at));
        text += fmt::format("    0x{:02x},\n", fmt::join(row, ", 0x"));
    }
    return text;
}

/// What stands at the top of both files.
std::string preamble(std::string_view what, const Digest& digest) {
    return fmt::format("/* {}. Written by frugalctl model export; do not edit.\n * SHA-256 {} */\n",
                       what, digest.text());
}

std::string source_text(std::string_view name, std::string_view what, base::ByteView model,
                        std::string_view operators) {
    const Digest digest(model);
    const std::string capitals = upper(name);
    return fmt::format(
        "{}#include \"{}.h\"\n\n"
        "#if defined(__GNUC__)\n#define {}_ALIGNED __attribute__((aligned(16)))\n"
        "#else\n#define {}_ALIGNED\n#endif\n\n"
        "const uint8_t {}_model[{}_SIZE_BYTES] {}_ALIGNED = {{\n{}}};\n\n"
        "const uint8_t {}_digest[32] = {{\n{}}};\n{}",
        preamble(what, digest), name, capitals, capitals, name, capitals, capitals, rows_of(model),
        name, rows_of(digest.bytes), operators);
}

std::string header_text(std::string_view name, std::string_view what, base::ByteView model,
                        std::string_view include, std::string_view body) {
    const std::string guard = upper(name) + "_H";
    return fmt::format(
        "{}/* Compile with -I device/include of Frugal's source tree. */\n"
        "#ifndef {}\n#define {}\n\n#include <stdint.h>\n\n#include \"{}\"\n\n"
        "#ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n"
        "#define {}_SIZE_BYTES {}u\n{}\n"
        "extern const uint8_t {}_model[{}_SIZE_BYTES];\n"
        "extern const uint8_t {}_digest[32]; /* SHA-256 */\n{}"
        "\n#ifdef __cplusplus\n}}\n#endif\n\n#endif\n",
        preamble(what, Digest(model)), guard, guard, include, upper(name), model.size(), body, name,
        upper(name), name,
        include == "frugal/operators.h"
            ? fmt::format("extern const fr_operator_set_t {}_operators;\n", name)
            : std::string());
}

/// Shape, type and quantization of one input or output.
std::string port_text(std::string_view name, std::string_view kind, std::size_t number,
                      const TensorSummary& tensor) {
    const std::string prefix = fmt::format("{}_{}_{}", upper(name), kind, number);
    std::string text =
        fmt::format("\n/* {} {}: {} {} [{}] */\n", kind, number, comment(tensor.name),
                    tensor.type_name, fmt::join(tensor.shape, ", "));
    text += fmt::format("#define {}_SIZE_BYTES {}u\n#define {}_RANK {}u\n", prefix,
                        tensor.size_bytes, prefix, tensor.shape.size());
    text += fmt::format(
        "#define {}_SHAPE {{{}}}\n", prefix,
        tensor.shape.empty() ? std::string("1") : fmt::format("{}", fmt::join(tensor.shape, ", ")));
    if (tensor.quantization.scales.size() == 1) {
        const float scale = tensor.quantization.scales[0];
        const std::int64_t zero =
            tensor.quantization.zero_points.empty() ? 0 : tensor.quantization.zero_points[0];
        text += fmt::format(
            "#define {}_SCALE {:.9e}f\n#define {}_SCALE_BITS 0x{:08x}u /* the same as IEEE bits "
            "*/\n"
            "#define {}_ZERO_POINT ({})\n",
            prefix, scale, prefix, std::bit_cast<std::uint32_t>(scale), prefix, zero);
    }
    return text;
}

Result<std::string> operators_text(std::string_view name, const ModelSummary& summary) {
    std::string list;
    std::int32_t last = -1;
    for (const OperatorSummary& one : summary.operators) {
        const auto* found = std::ranges::find(kKernelNames, one.code,
                                              &std::pair<std::int32_t, std::string_view>::first);
        if (found == kKernelNames.end()) {
            return fail(ErrorKind::kInternal, "model export: no kernel name for " + one.name);
        }
        if (one.code != last) {
            list += fmt::format("    &fr_kernel_{}, /* {} */\n", found->second, one.name);
        }
        last = one.code;
    }
    return fmt::format(
        "\nstatic const fr_kernel_t* const {0}_kernels[] = {{\n{1}}};\n\n"
        "const fr_operator_set_t {0}_operators = {{{0}_kernels,\n"
        "    sizeof {0}_kernels / sizeof {0}_kernels[0]}};\n",
        name, list);
}

Result<CSource> export_tflite(base::ByteView model, std::string_view name) {
    auto summary = read_model(model);
    if (!summary) {
        return tl::unexpected(summary.error());
    }
    if (!summary->is_runnable) {
        return fail(ErrorKind::kUnsupported, "model: the device runtime cannot run it",
                    fmt::format("{}", fmt::join(summary->missing, "; ")),
                    "Export a quantized model of built-in operators (frugalctl model inspect).");
    }
    auto operators = operators_text(name, *summary);
    if (!operators) {
        return tl::unexpected(operators.error());
    }
    const std::string prefix = upper(name);
    std::string body = fmt::format(
        "#define {}_ARENA_BYTES {}u\n#define {}_STATE_BYTES {}u\n"
        "#define {}_MULTIPLY_ACCUMULATES {}u\n#define {}_INPUTS {}u\n#define {}_OUTPUTS {}u\n",
        prefix, summary->arena_bytes, prefix, summary->state_bytes, prefix, summary->work, prefix,
        summary->inputs.size(), prefix, summary->outputs.size());
    for (std::size_t i = 0; i < summary->inputs.size(); ++i) {
        body += port_text(name, "INPUT", i, summary->tensors.at(summary->inputs[i]));
    }
    for (std::size_t i = 0; i < summary->outputs.size(); ++i) {
        body += port_text(name, "OUTPUT", i, summary->tensors.at(summary->outputs[i]));
    }
    constexpr std::string_view kWhat = "A TensorFlow Lite model";
    return CSource{source_text(name, kWhat, model, *operators),
                   header_text(name, kWhat, model, "frugal/operators.h", body)};
}

Result<CSource> export_bonsai(base::ByteView model, std::string_view name) {
    auto summary = read_bonsai(model);
    if (!summary) {
        return tl::unexpected(summary.error());
    }
    const std::string prefix = upper(name);
    const std::string body = fmt::format(
        "#define {}_CLASSES {}u\n#define {}_SCORES {}u\n#define {}_MULTIPLY_ACCUMULATES {}u\n"
        "\n/* the input: int8 [{}] */\n#define {}_INPUT_0_SIZE_BYTES {}u\n"
        "#define {}_INPUT_0_ZERO_POINT ({})\n",
        prefix, summary->classes, prefix, summary->score_rows, prefix, summary->work,
        summary->inputs, prefix, summary->inputs, prefix, summary->input_zero);
    constexpr std::string_view kWhat = "A Bonsai tree";
    return CSource{source_text(name, kWhat, model, ""),
                   header_text(name, kWhat, model, "frugal/bonsai.h", body)};
}

}  // namespace

bool is_c_name(std::string_view name) {
    const auto is_letter = [](unsigned char c) { return std::isalpha(c) != 0 || c == '_'; };
    return !name.empty() && name.size() <= 63 &&
           std::isalpha(static_cast<unsigned char>(name.front())) != 0 &&
           std::ranges::all_of(
               name, [&](unsigned char c) { return is_letter(c) || std::isdigit(c) != 0; });
}

Result<CSource> export_c(base::ByteView model, std::string_view name) {
    if (!is_c_name(name)) {
        return fail(ErrorKind::kInvalidInput,
                    fmt::format("model export: '{}' is not a valid C identifier", name),
                    "it becomes part of identifiers",
                    "Use a letter, then letters, digits and underscores, at most 63 in all.");
    }
    return is_bonsai(model) ? export_bonsai(model, name) : export_tflite(model, name);
}

}  // namespace frugal::model
