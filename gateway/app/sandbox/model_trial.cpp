// SPDX-License-Identifier: Apache-2.0
#include "app/sandbox/model_trial.hpp"

#include <unistd.h>

#include <array>
#include <charconv>
#include <cstring>
#include <new>

#include <fmt/format.h>

#include "app/sandbox/child.hpp"
#include "app/sandbox/letter.hpp"
#include "base/descriptor.hpp"
#include "frugal/self_test.h"
#include "inference/device_model.hpp"
#include "inference/engine.hpp"
#include "inference/onnx_format.hpp"
#include "inference/onnx_library.hpp"
#include "release/model_reading.hpp"

namespace frugal::app {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::uint64_t kMagic = 0x3130545246;  ///< "FRT01"
constexpr std::size_t kTextMax = 4096;
constexpr std::size_t kAnswerMax = 16 * 1024;
constexpr std::size_t kPieceBytes = 65'536;
constexpr std::uint64_t kMemoryBytes = 256ULL << 20;  ///< a program that reads nothing needs
constexpr std::uint64_t kMemoryPerByte = 16;
constexpr std::uint32_t kSeconds = 20;
constexpr std::size_t kBytesPerSecond = 50'000;
constexpr int kWallPerCpu = 3;  ///< the machine has other things to do

base::Bytes noise(std::size_t size) {
    constexpr std::uint32_t kSeed = 0x46525547;
    base::Bytes input(size);
    fr_self_test_input(kSeed, input.data(), input.size());
    return input;
}

Result<void> try_device_model(base::Bytes bytes) {
    if (const auto read = release::read_base(bytes); !read) {
        return tl::unexpected(read.error());
    }
    auto model = inference::DeviceModel::load(std::move(bytes));
    if (!model) {
        return tl::unexpected(model.error());
    }
    const std::size_t size = model->needs().input_bytes;
    for (const auto& input : {base::Bytes(size), noise(size)}) {
        if (const auto run = model->run(input); !run) {
            return tl::unexpected(run.error());
        }
    }
    return {};
}

Result<void> try_delta_base(const base::Bytes& bytes) {
    const auto read = release::read_base(bytes);
    return read ? Result<void>() : tl::unexpected(read.error());
}

Result<void> try_edge_model(base::Bytes bytes) {
    auto engine = inference::Engine::load(std::move(bytes));
    if (!engine) {
        return tl::unexpected(engine.error());
    }
    for (const auto& input : {base::Bytes(engine->input_size()), noise(engine->input_size())}) {
        if (const auto classified = engine->classify(input); !classified) {
            return tl::unexpected(classified.error());
        }
    }
    return {};
}

Result<void> try_one(TrialKind kind, base::Bytes bytes) {
    switch (kind) {
        case TrialKind::kDeviceModel:
            return try_device_model(std::move(bytes));
        case TrialKind::kEdgeModel:
            return try_edge_model(std::move(bytes));
        case TrialKind::kDeltaBase:
            return try_delta_base(bytes);
    }
    return fail(ErrorKind::kInternal, "the request for a trial names no kind of model");
}

Result<void> try_letter(base::ByteView request) {
    LetterReader letter(request);
    const bool is_ours = letter.number() == kMagic;
    const auto kind =
        static_cast<TrialKind>(letter.number(static_cast<std::uint64_t>(TrialKind::kDeltaBase)));
    const auto view = letter.bytes(request.size());
    if (!is_ours || !letter.is_whole()) {
        return fail(ErrorKind::kInternal, "the request for a trial is damaged");
    }
    base::Bytes bytes(view.begin(), view.end());
    try {
        return try_one(kind, std::move(bytes));
    } catch (const std::bad_alloc&) {
        return fail(ErrorKind::kLimit, "it needs more memory than is allowed", {},
                    "Use a smaller model.");
    }
}

base::Bytes answer_of(const Result<void>& outcome) {
    LetterWriter letter;
    letter.number(kMagic).number(outcome ? 0 : 1);
    if (!outcome) {
        const auto& error = outcome.error();
        letter.number(static_cast<std::uint64_t>(error.kind));
        for (const auto* text : {&error.message, &error.cause, &error.remedy}) {
            letter.text(std::string_view(*text).substr(0, kTextMax));
        }
    }
    return letter.take();
}

// What a child says may be what an intruder in it says: it can only be an error's text.
Result<void> read_answer(base::ByteView answer) {
    LetterReader letter(answer);
    const bool is_ours = letter.number() == kMagic;
    const auto outcome = letter.number(1);
    base::Error error;
    if (outcome != 0) {
        error.kind =
            static_cast<ErrorKind>(letter.number(static_cast<std::uint64_t>(ErrorKind::kInternal)));
        error.message = letter.text(kTextMax);
        error.cause = letter.text(kTextMax);
        error.remedy = letter.text(kTextMax);
    }
    if (!is_ours || !letter.is_whole()) {
        return fail(ErrorKind::kInvalidInput, "its reader gave no proper answer",
                    "the file is damaged, or made to do harm; the daemon is not affected",
                    "Export the model again; if it stays, report the file as a defect.");
    }
    return outcome == 0 ? Result<void>() : tl::unexpected(std::move(error));
}

bool read_all(base::Bytes& bytes) {
    std::array<std::uint8_t, kPieceBytes> piece;
    for (;;) {
        const auto got = ::read(STDIN_FILENO, piece.data(), piece.size());
        if (got <= 0) {
            return got == 0;
        }
        bytes.insert(bytes.end(), piece.begin(), piece.begin() + got);
    }
}

bool write_answer(base::ByteView bytes) {
    return base::write_all(STDOUT_FILENO, bytes) == 0;
}

template <typename Number>
bool parse(const char* text, Number& number) {
    const char* end = text + std::strlen(text);
    const auto parsed = std::from_chars(text, end, number);
    return parsed.ec == std::errc() && parsed.ptr == end && number != 0;
}

}  // namespace

Confinement trial_limits(std::size_t model_bytes) {
    return {.memory_bytes = kMemoryBytes + kMemoryPerByte * model_bytes,
            .cpu_seconds = kSeconds + static_cast<std::uint32_t>(model_bytes / kBytesPerSecond)};
}

Result<void> ModelTrial::run(TrialKind kind, base::ByteView model, std::string_view name) const {
    const auto limits = trial_limits(model.size());
    std::vector<std::string> arguments{std::string(kTrialArgument),
                                       std::to_string(limits.memory_bytes),
                                       std::to_string(limits.cpu_seconds)};
    if (kind == TrialKind::kEdgeModel && inference::is_onnx(model)) {
        arguments.emplace_back(kTrialNeedsOnnx);
    }
    const ChildCommand command{.program = program_,
                               .arguments = std::move(arguments),
                               .wall_limit = std::chrono::seconds(limits.cpu_seconds) * kWallPerCpu,
                               .answer_bytes_max = kAnswerMax};
    LetterWriter request;
    request.number(kMagic).number(static_cast<std::uint64_t>(kind)).bytes(model);
    const auto answer = run_child(command, request.take());
    if (!answer) {
        return fail(answer.error(), name);
    }
    if (auto outcome = read_answer(*answer); !outcome) {
        return fail(outcome.error(), name);
    }
    return {};
}

int trial_main(int argc, char** argv) {
    Confinement limits;
    const bool needs_onnx = argc == 5 && argv[4] == kTrialNeedsOnnx;
    if ((argc != 4 && !needs_onnx) || !parse(argv[2], limits.memory_bytes) ||
        !parse(argv[3], limits.cpu_seconds)) {
        return 2;
    }
    // Files are closed to it afterwards. Where the library is missing the model's error says so.
    if (needs_onnx) {
        (void)inference::onnx_library();
    }
    if (auto confined = confine(limits); !confined) {
        return write_answer(answer_of(confined)) ? 0 : 1;
    }
    try {
        base::Bytes request;
        const bool is_done = read_all(request) && write_answer(answer_of(try_letter(request)));
        return is_done ? 0 : 1;
    } catch (const std::bad_alloc&) {
        return write_answer(answer_of(fail(ErrorKind::kLimit, "it is larger than is allowed"))) ? 0
                                                                                                : 1;
    }
}

}  // namespace frugal::app
