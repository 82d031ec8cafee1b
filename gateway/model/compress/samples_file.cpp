// SPDX-License-Identifier: Apache-2.0
#include "model/compress/samples_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <iterator>
#include <optional>
#include <span>

#include "model/compress/idx_file.hpp"
#include "model/compress/job_check.hpp"
#include "model/compress/replay.hpp"
#include "model/tflite/schema.hpp"
#include "model/tflite/summary.hpp"

namespace frugal::model {

using base::Bytes;
using base::ByteView;
using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kNpyHeader = 10;
constexpr std::size_t kClippedOneIn = 20;  // of all numbers; more are read on another scale
constexpr double kRoundedLevels = 1;       // 1.0 lies one level beyond a grid of 0 to 255/256

tl::unexpected<base::Error> unfit(const std::string& origin, const std::string& what) {
    return fail(ErrorKind::kInvalidInput, origin + ": " + what, {},
                "Give raw input bytes, .npy or idx files of the model's input.");
}

tl::unexpected<base::Error> no_labels(const std::string& origin, const std::string& what) {
    return fail(ErrorKind::kInvalidInput, origin + ": " + what, {},
                "Write one class number a line, or give idx labels.");
}

tl::unexpected<base::Error> too_many(const std::string& origin, std::size_t most) {
    return fail(ErrorKind::kLimit, origin + ": too many", fmt::format("more than {}", most),
                fmt::format("Give at most {}.", most));
}

/// Numbers of one type in a file, and how to turn them into real values or raw inputs.
struct Numbers {
    ByteView bytes;
    std::string type;      ///< as .npy calls it: "i1", "u1", "f4", "f8"
    bool is_unit = false;  ///< bytes that stand for 0 to 1
    std::vector<std::size_t> shape{};
};

/// The axes longer than 1, of a batch of one.
std::vector<std::size_t> axes_of(std::span<const std::size_t> shape) {
    std::vector<std::size_t> axes;
    std::copy_if(shape.begin(), shape.end(), std::back_inserter(axes),
                 [](std::size_t length) { return length != 1; });
    return axes;
}

/// The first axis counts inputs, the others are one input: flat, or as the model has it.
Result<void> check_shape(const Numbers& numbers, const InputFormat& format,
                         const std::string& origin) {
    if (numbers.shape.empty()) {
        return fail(ErrorKind::kInvalidInput, origin + ": a single number, not an array of inputs",
                    "the .npy array has no axes", "Give an array whose first axis counts inputs.");
    }
    const std::span<const std::size_t> one = std::span(numbers.shape).subspan(1);
    std::size_t elements = 1;
    for (const std::size_t length : one) {
        elements *= length;
    }
    const auto given = axes_of(one);
    const auto wanted = axes_of(format.shape);
    const bool is_turned =
        given.size() > 1 && wanted.size() > 1 && given != wanted && format.shape.front() == 1;
    if ((format.elements != 0 && elements != format.elements) || is_turned) {
        return fail(ErrorKind::kInvalidInput,
                    fmt::format("{}: an array of [{}] for inputs of [{}]", origin,
                                fmt::join(numbers.shape, ", "), fmt::join(format.shape, ", ")),
                    "the first axis counts the inputs, the others must be one input, flat or as "
                    "the model has it",
                    one.empty() && numbers.shape[0] != format.elements
                        ? "It looks like labels, which are given apart from the inputs."
                        : "Reshape the array, or give the inputs of this model.");
    }
    return {};
}

std::size_t size_of(const std::string& type) {
    return type == "f8" ? 8 : type == "f4" ? 4 : 1;
}

template <typename T>
double load(ByteView bytes, std::size_t index) {
    T value{};
    std::memcpy(&value, bytes.data() + sizeof(T) * index, sizeof(T));
    return static_cast<double>(value);
}

double number_at(const Numbers& numbers, std::size_t index) {
    if (numbers.type == "f8") {
        return load<double>(numbers.bytes, index);
    }
    if (numbers.type == "f4") {
        return load<float>(numbers.bytes, index);
    }
    if (numbers.type == "i1") {
        return load<std::int8_t>(numbers.bytes, index);
    }
    return numbers.bytes[index] / (numbers.is_unit ? 255.0 : 1.0);
}

bool is_models_own(const Numbers& numbers, const InputFormat& format) {
    return !numbers.is_unit && ((numbers.type == "i1" && format.type == kInt8) ||
                                (numbers.type == "u1" && format.type == kUint8) ||
                                (numbers.type == "f4" && format.type == kFloat32));
}

/// @return whether the number lies outside of what the model can take, not by rounding alone
bool append(double value, const InputFormat& format, Bytes& input) {
    if (format.type == kFloat32) {
        const auto number = static_cast<float>(value);
        const auto* raw = reinterpret_cast<const std::uint8_t*>(&number);
        input.insert(input.end(), raw, raw + sizeof number);
        return false;
    }
    const double least = format.type == kInt8 ? -128 : 0;
    const double level = std::nearbyint(value / static_cast<double>(format.scale)) +
                         static_cast<double>(format.zero_point);
    const double clamped = std::clamp(level, least, least + 255);
    input.push_back(static_cast<std::uint8_t>(static_cast<int>(clamped) & 0xFF));
    return std::abs(level - clamped) > kRoundedLevels;
}

Result<void> check_clipped(std::size_t clipped, std::size_t count, const InputFormat& format,
                           const std::string& origin) {
    if (clipped * kClippedOneIn <= count) {
        return {};
    }
    const double least = format.type == kInt8 ? -128 : 0;
    const double scale = static_cast<double>(format.scale);
    return fail(ErrorKind::kInvalidInput,
                fmt::format("{}: {} of {} numbers lie outside of what the model takes", origin,
                            clipped, count),
                fmt::format("its input is {:.4g} to {:.4g}", scale * (least - format.zero_point),
                            scale * (least + 255 - format.zero_point)),
                "Scale them to that as for training (bytes of 0 to 255 often by 1/255), or give "
                "the model's own bytes or an idx file.");
}

tl::unexpected<base::Error> not_finite(const std::string& origin, std::size_t number) {
    return fail(ErrorKind::kInvalidInput,
                fmt::format("{}: number {} is not finite", origin, number),
                "it is NaN or infinite: no weight could be chosen by it",
                "Leave that input out, or mend what wrote the file.");
}

Result<std::vector<Bytes>> split(ByteView bytes, const InputFormat& format,
                                 const std::string& origin, std::size_t most) {
    const std::size_t size = format.size_bytes;
    if (size == 0 || bytes.empty() || bytes.size() % size != 0) {
        return unfit(origin, fmt::format("{} bytes are no whole number of inputs of {} bytes",
                                         bytes.size(), size));
    }
    if (bytes.size() / size > most) {
        return too_many(origin, most);
    }
    const bool is_float = format.type == kFloat32 && format.elements * sizeof(float) == size;
    const auto wrong = is_float ? first_not_finite(bytes) : std::nullopt;
    if (wrong) {
        return not_finite(origin, *wrong);
    }
    std::vector<Bytes> inputs;
    for (; !bytes.empty(); bytes = bytes.subspan(size)) {
        inputs.emplace_back(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    }
    return inputs;
}

Result<std::vector<Bytes>> convert(const Numbers& numbers, const InputFormat& format,
                                   const std::string& origin, std::size_t most) {
    if (auto fits = check_shape(numbers, format, origin); !fits) {
        return tl::unexpected(fits.error());
    }
    if (is_models_own(numbers, format)) {
        return split(numbers.bytes, format, origin, most);
    }
    const bool is_known = format.type == kFloat32 ||
                          ((format.type == kInt8 || format.type == kUint8) && format.scale > 0);
    const std::size_t count = numbers.bytes.size() / size_of(numbers.type);
    if (!is_known || format.elements == 0 || count == 0 || count % format.elements != 0) {
        return unfit(origin,
                     fmt::format("{} numbers do not fit inputs of {}", count, format.elements));
    }
    if (count / format.elements > most) {
        return too_many(origin, most);
    }
    std::size_t clipped = 0;
    std::vector<Bytes> inputs(count / format.elements);
    for (std::size_t i = 0; i < count; ++i) {
        const double value = number_at(numbers, i);
        if (!std::isfinite(value)) {
            return not_finite(origin, i);
        }
        clipped += append(value, format, inputs[i / format.elements]) ? 1 : 0;
    }
    if (auto checked = check_clipped(clipped, count, format, origin); !checked) {
        return tl::unexpected(checked.error());
    }
    return inputs;
}

/// "(2, 3, )" of an .npy header; absent for anything else.
std::optional<std::vector<std::size_t>> npy_shape(std::string_view header) {
    constexpr std::string_view kKey = "'shape': (";
    const std::size_t key = header.find(kKey);
    const std::size_t end = key == std::string_view::npos ? key : header.find(')', key);
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    std::vector<std::size_t> shape;
    for (const char* at = header.data() + key + kKey.size(); at < header.data() + end;) {
        if (*at == ' ' || *at == ',') {
            ++at;
            continue;
        }
        std::size_t length = 0;
        const auto read = std::from_chars(at, header.data() + end, length);
        if (read.ec != std::errc{}) {
            return std::nullopt;
        }
        shape.push_back(length);
        at = read.ptr;
    }
    return shape;
}

/// Absent for anything but idx; fails for damaged idx.
Result<std::optional<Numbers>> idx_numbers(ByteView bytes, const std::string& origin) {
    auto array = read_idx(bytes, origin);
    if (!array) {
        return tl::unexpected(array.error());
    }
    return *array ? std::optional(Numbers{(*array)->bytes, "u1", true, std::move((*array)->shape)})
                  : std::nullopt;
}

Result<Numbers> npy_numbers(ByteView bytes, const std::string& origin) {
    const std::size_t length = bytes.size() < kNpyHeader ? 0 : bytes[8] | bytes[9] << 8;
    if (bytes.size() < kNpyHeader || bytes[6] != 1 || bytes.size() < kNpyHeader + length) {
        return unfit(origin, "the .npy header is cut off or not of version 1");
    }
    const std::string header(base::as_text(bytes.subspan(kNpyHeader, length)));
    const std::size_t key = header.find("'descr': '");
    if (key == std::string::npos || header.find("'fortran_order': False") == std::string::npos) {
        return unfit(origin, "the .npy array is not in C order or has no simple type");
    }
    const std::string type = header.substr(key + 11, 2);
    if (header.substr(key + 10, 1) == ">" ||
        (type != "i1" && type != "u1" && type != "f4" && type != "f8")) {
        return unfit(origin, "the .npy array holds neither int8, uint8, float32 nor float64");
    }
    const ByteView data = bytes.subspan(kNpyHeader + length);
    auto shape = npy_shape(header);
    if (!shape || data.size() != elements_of(*shape) * size_of(type)) {
        return unfit(origin, "the .npy array is cut off or has no sound shape");
    }
    return Numbers{data, type, false, std::move(*shape)};
}

Result<std::vector<std::uint32_t>> idx_labels(const IdxArray& array, const std::string& origin,
                                              std::size_t most) {
    if (array.shape.size() != 1 || array.bytes.empty()) {
        return no_labels(origin, fmt::format("an idx file of [{}] holds no labels",
                                             fmt::join(array.shape, ", ")));
    }
    if (array.bytes.size() > most) {
        return too_many(origin, most);
    }
    return std::vector<std::uint32_t>(array.bytes.begin(), array.bytes.end());
}

bool is_npy(ByteView bytes) {
    constexpr std::uint8_t kMagic[] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
    return bytes.size() >= sizeof kMagic &&
           std::equal(std::begin(kMagic), std::end(kMagic), bytes.begin());
}

}  // namespace

Result<InputFormat> input_format(ByteView model, const fr_operator_set_t* operators) {
    const auto size = input_size(model, operators);
    if (!size) {
        return tl::unexpected(size.error());
    }
    const auto summary = read_model(model);
    if (!summary) {
        return tl::unexpected(summary.error());
    }
    InputFormat format;
    format.size_bytes = *size;
    if (summary->inputs.size() == 1) {
        const TensorSummary& tensor = summary->tensors.at(summary->inputs[0]);
        format.type = tensor.type;
        format.elements = 1;
        for (const std::int32_t length : tensor.shape) {
            format.shape.push_back(static_cast<std::size_t>(length));
            format.elements *= static_cast<std::size_t>(length);
        }
        if (!tensor.quantization.scales.empty()) {
            format.scale = tensor.quantization.scales[0];
            format.zero_point = tensor.quantization.zero_points.empty()
                                    ? 0
                                    : static_cast<std::int32_t>(tensor.quantization.zero_points[0]);
        }
    }
    return format;
}

Result<std::vector<Bytes>> parse_inputs(ByteView bytes, const InputFormat& format,
                                        const std::string& origin, std::size_t most) {
    if (is_npy(bytes)) {
        const auto numbers = npy_numbers(bytes, origin);
        return numbers ? convert(*numbers, format, origin, most)
                       : Result<std::vector<Bytes>>(tl::unexpected(numbers.error()));
    }
    const auto idx = idx_numbers(bytes, origin);
    if (!idx) {
        return tl::unexpected(idx.error());
    }
    if (*idx) {
        return convert(**idx, format, origin, most);
    }
    return split(bytes, format, origin, most);
}

Result<std::vector<std::uint32_t>> parse_labels(ByteView bytes, const std::string& origin,
                                                std::size_t most) {
    const auto idx = read_idx(bytes, origin);
    if (!idx) {
        return tl::unexpected(idx.error());
    }
    if (*idx) {
        return idx_labels(**idx, origin, most);
    }
    if (!bytes.empty() && bytes[0] == 0) {
        return no_labels(origin, "neither text nor sound idx labels");
    }
    std::vector<std::uint32_t> labels;
    const std::string_view text = base::as_text(bytes);
    std::size_t line = 1;
    for (std::size_t begin = 0; begin < text.size(); ++line) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        std::string_view word = text.substr(begin, end - begin);
        word.remove_suffix(word.ends_with('\r') ? 1 : 0);
        std::uint32_t label = 0;
        const auto read = std::from_chars(word.data(), word.data() + word.size(), label);
        if (read.ec != std::errc{} || read.ptr != word.data() + word.size()) {
            return no_labels(fmt::format("{}:{}", origin, line), "no class number");
        }
        if (labels.size() == most) {
            return too_many(origin, most);
        }
        labels.push_back(label);
        begin = end + 1;
    }
    if (labels.empty()) {
        return no_labels(origin, "there are no labels in it");
    }
    return labels;
}

}  // namespace frugal::model
