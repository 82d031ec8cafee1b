// SPDX-License-Identifier: Apache-2.0
// strip_bench [--json] [--inputs N] [FILE...]: proof that the strip is functionally lossless. Each
// model and its stripped file run on the same inputs (1,000 unless told) in the reference runtime;
// every output must be the same byte for byte. Streaming models see the inputs as one sequence, and
// what they keep is compared too.
// Without files it takes the project's own models and those of FRUGAL_SHARED_DIR, if there are any.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "frugal/runtime.h"
#include "model/tflite/strip.hpp"
#include "support/model_files.hpp"

namespace {

using frugal::base::Bytes;
using frugal::base::ByteView;

constexpr std::size_t kInputs = 1000;

/// A model with memory of its own. Not movable: the parts point at each other.
class Runner {
public:
    explicit Runner(ByteView file) {
        fr_plan_t plan{};
        if (fr_model_open(&model_, file.data(), file.size(), nullptr) != FR_OK) {
            return;
        }
        Bytes scratch(fr_model_plan_scratch_size(&model_));
        if (fr_model_plan(&model_, scratch.data(), scratch.size(), &plan) != FR_OK) {
            return;
        }
        arena_.resize(plan.arena_size_bytes);
        state_.resize(plan.state_size_bytes);
        is_good_ =
            fr_interpreter_init(&interpreter_, &model_, arena_.data(), arena_.size()) == FR_OK &&
            fr_state_reset(&model_, state_.data(), state_.size()) == FR_OK &&
            (state_.empty() ||
             fr_interpreter_bind_state(&interpreter_, state_.data(), state_.size()) == FR_OK);
    }
    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;

    bool is_good() const { return is_good_; }

    std::size_t input_size() const {
        std::size_t sum = 0;
        for (std::uint32_t port = 0; port < model_.input_count; ++port) {
            std::uint8_t* data = nullptr;
            std::size_t size = 0;
            sum += fr_interpreter_input(&interpreter_, port, &data, &size) == FR_OK ? size : 0;
        }
        return sum;
    }

    /// All outputs one after the other, then what the model keeps; empty when the run failed.
    Bytes run(ByteView input) {
        Bytes outputs;
        for (std::uint32_t port = 0; port < model_.input_count; ++port) {
            std::uint8_t* data = nullptr;
            std::size_t size = 0;
            if (fr_interpreter_input(&interpreter_, port, &data, &size) != FR_OK) {
                return {};
            }
            std::copy_n(input.begin(), size, data);
            input = input.subspan(size);
        }
        if (fr_interpreter_invoke(&interpreter_) != FR_OK) {
            return {};
        }
        for (std::uint32_t port = 0; port < model_.output_count; ++port) {
            const std::uint8_t* data = nullptr;
            std::size_t size = 0;
            if (fr_interpreter_output(&interpreter_, port, &data, &size) != FR_OK) {
                return {};
            }
            outputs.insert(outputs.end(), data, data + size);
        }
        outputs.insert(outputs.end(), state_.begin(), state_.end());
        return outputs;
    }

private:
    fr_model_t model_{};
    fr_interpreter_t interpreter_{};
    Bytes arena_, state_;
    bool is_good_ = false;
};

/// The same inputs every time. First what lies at the bounds of int8, then noise over the whole
/// range, over half of it, and over few values with long runs, as features have them.
class Inputs {
public:
    explicit Inputs(std::size_t size) : bytes_(size) {}

    const Bytes& next() {
        static constexpr std::uint8_t kBounds[] = {0x80, 0x7F, 0x00, 0xFF, 0x01, 0x81};
        constexpr std::size_t kFlat = std::size(kBounds);
        const std::size_t which = count_++;
        for (std::size_t i = 0; i < bytes_.size(); ++i) {
            if (which < kFlat) {
                bytes_[i] = kBounds[which];
            } else if (which == kFlat) {
                bytes_[i] = (i & 1U) != 0 ? 0x7F : 0x80;
            } else if (which == kFlat + 1) {
                bytes_[i] = static_cast<std::uint8_t>(i);
            } else {
                bytes_[i] = noise(which % 3);
            }
        }
        return bytes_;
    }

private:
    std::uint8_t noise(std::size_t kind) {
        state_ = state_ * 6364136223846793005U + 1442695040888963407U;
        const auto byte = static_cast<std::uint8_t>(state_ >> 56);
        if (kind == 1) {
            return static_cast<std::uint8_t>(static_cast<std::int8_t>(byte) / 2);
        }
        if (kind == 2) {
            last_ = (state_ >> 32 & 7U) == 0 ? byte : last_;
            return last_;
        }
        return byte;
    }

    Bytes bytes_;
    std::size_t count_ = 0;
    std::uint64_t state_ = 1;
    std::uint8_t last_ = 0;
};

struct Row {
    std::string name;
    std::size_t raw = 0, stripped = 0;
    std::size_t inputs = 0, different = 0;  ///< inputs 0: not for the reference runtime
    std::size_t answers = 0;                ///< different outputs seen: 1 would prove little
};

Row compare(const std::filesystem::path& path, std::size_t inputs) {
    const Bytes file = frugal::test::read_file(path);
    Row row{path.stem().string(), file.size()};
    const auto stripped = frugal::model::strip_model(file);
    if (!stripped) {
        return row;
    }
    row.stripped = stripped->size();
    Runner before(file);
    Runner after(*stripped);
    if (!before.is_good()) {
        return row;
    }
    Inputs made(before.input_size());
    std::vector<Bytes> answers;
    for (; row.inputs < inputs; ++row.inputs) {
        const Bytes& input = made.next();
        Bytes outputs = before.run(input);
        const bool is_same = after.is_good() && !outputs.empty() && outputs == after.run(input);
        row.different += is_same ? 0 : 1;
        answers.push_back(std::move(outputs));
    }
    std::sort(answers.begin(), answers.end());
    row.answers =
        static_cast<std::size_t>(std::unique(answers.begin(), answers.end()) - answers.begin());
    return row;
}

std::vector<Row> compare_all(const std::vector<std::filesystem::path>& paths, std::size_t inputs) {
    std::vector<Row> rows(paths.size());
    std::vector<std::thread> threads;
    const std::size_t count = std::max(1U, std::thread::hardware_concurrency());
    for (std::size_t first = 0; first < count; ++first) {
        threads.emplace_back([&, first] {
            for (std::size_t i = first; i < paths.size(); i += count) {
                rows[i] = compare(paths[i], inputs);
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    std::erase_if(rows, [](const Row& row) { return row.inputs == 0; });
    return rows;
}

void print_json(const std::vector<Row>& rows) {
    fmt::print("{{\"models\": [");
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Row& row = rows[i];
        fmt::print(
            "{}\n  {{\"name\": \"{}\", \"raw_bytes\": {}, \"stripped_bytes\": {}, "
            "\"inputs\": {}, \"different\": {}, \"distinct_outputs\": {}}}",
            i == 0 ? "" : ",", row.name, row.raw, row.stripped, row.inputs, row.different,
            row.answers);
    }
    fmt::print("\n]}}\n");
}

void print_table(const std::vector<Row>& rows) {
    fmt::print("{:<25} {:>8} {:>8} {:>8} {:>10} {:>9}\n", "model", "raw", "stripped", "inputs",
               "outputs", "different");
    for (const Row& row : rows) {
        fmt::print("{:<25} {:>8} {:>8} {:>8} {:>10} {:>9}\n", row.name, row.raw, row.stripped,
                   row.inputs, row.answers, row.different);
    }
}

}  // namespace

int main(int argc, char** argv) {
    bool is_json = false;
    std::size_t inputs = kInputs;
    std::vector<std::filesystem::path> paths;
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        if (argument == "--json") {
            is_json = true;
        } else if (argument == "--inputs" && i + 1 < argc) {
            const std::string_view number = argv[++i];
            std::from_chars(number.data(), number.data() + number.size(), inputs);
        } else {
            paths.emplace_back(argument);
        }
    }
    const auto rows = compare_all(paths.empty() ? frugal::test::model_files() : paths, inputs);
    is_json ? print_json(rows) : print_table(rows);
    const bool is_same =
        std::all_of(rows.begin(), rows.end(), [](const Row& row) { return row.different == 0; });
    return !rows.empty() && is_same ? 0 : 1;
}
