// SPDX-License-Identifier: Apache-2.0
#include "release/model_facts.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/hex.hpp"
#include "crypto/sha256.hpp"
#include "frugal/limits.h"
#include "frugal/self_test.h"
#include "inference/device_model.hpp"

namespace frugal::release {

using base::Bytes;
using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::uint32_t kSelfTestSeed = 0x46525547;
constexpr std::uint32_t kSelfTestStep = 0x9e3779b9;
constexpr int kSelfTestTries = 64;
constexpr std::size_t kSelfTests = 2;

Result<core::SelfTest> self_test(inference::DeviceModel& model, std::uint32_t seed) {
    Bytes input(model.needs().input_bytes);
    fr_self_test_input(seed, input.data(), input.size());
    const auto outputs = model.run(input);
    if (!outputs) {
        return tl::unexpected(outputs.error());
    }
    const base::Digest digest = crypto::sha256(*outputs);
    core::SelfTest test;
    test.seed = seed;
    std::copy_n(digest.begin(), test.output_digest.size(), test.output_digest.begin());
    return test;
}

// Noise drives many classifiers into one saturated answer, and a golden vector that every broken
// model would pass too proves little: vectors with different outputs are looked for first.
Result<void> add_self_tests(core::ManifestContent& content, inference::DeviceModel& model) {
    std::uint32_t seed = kSelfTestSeed;
    for (int i = 0; i < kSelfTestTries && content.self_tests.size() < kSelfTests; ++i) {
        auto test = self_test(model, seed);
        if (!test) {
            return tl::unexpected(test.error());
        }
        const bool is_new = content.self_tests.empty() ||
                            content.self_tests.front().output_digest != test->output_digest;
        if (is_new || i == kSelfTestTries - 1) {
            content.self_tests.push_back(*test);
        }
        seed += kSelfTestStep;
    }
    return {};
}

// All but the self-tests.
Result<inference::DeviceModel> state_shape(core::ManifestContent& content, const Bytes& file) {
    auto model = inference::DeviceModel::load(file);
    if (!model) {
        return model;
    }
    const auto& needs = model->needs();
    content.runtime_abi = FR_RUNTIME_ABI;
    content.model_digest = crypto::sha256(file);
    content.model_bytes = static_cast<std::uint32_t>(file.size());
    content.arena_bytes = needs.arena_bytes;
    content.state_bytes = needs.state_bytes;
    content.multiply_accumulates = needs.work;
    content.operators = needs.operators;
    content.input_bytes = needs.input_bytes;
    content.output_classes = needs.classes;
    return model;
}

tl::unexpected<base::Error> lie(std::string_view fact, const std::string& stated,
                                const std::string& found) {
    return fail(ErrorKind::kInvalidInput, "the manifest does not fit its model",
                fmt::format("{}: the manifest states {}, the model has {}", fact, stated, found),
                "Build the release again from the model that was meant.");
}

Result<void> check_self_tests(const core::ManifestContent& content, inference::DeviceModel& model) {
    if (content.self_tests.empty()) {
        return lie("self-tests", "none", "outputs to compare with");
    }
    for (const auto& stated : content.self_tests) {
        const auto found = self_test(model, stated.seed);
        if (!found) {
            return tl::unexpected(found.error());
        }
        if (found->output_digest != stated.output_digest) {
            return lie(fmt::format("self-test with seed {:08x}", stated.seed),
                       base::to_hex(stated.output_digest), base::to_hex(found->output_digest));
        }
    }
    return {};
}

}  // namespace

Result<void> state_facts(core::ManifestContent& content, const Bytes& file) {
    auto model = state_shape(content, file);
    if (!model) {
        return tl::unexpected(model.error());
    }
    return add_self_tests(content, *model);
}

Result<void> check_classes(const core::ManifestContent& content,
                           const std::vector<std::string>& labels) {
    if (labels.empty() || labels.size() == content.output_classes) {
        return {};
    }
    return fail(ErrorKind::kConflict,
                fmt::format("the model tells {} classes apart, but there are {} labels",
                            content.output_classes, labels.size()),
                fmt::format("the labels are {}", fmt::join(labels, ",")),
                "Give one label for each class, in their order (of a single score: no, then yes), "
                "or the model for these labels; frugalctl task define says a task's labels anew.");
}

Result<void> check_facts(const core::ManifestContent& content, const Bytes& file) {
    core::ManifestContent found{.model = content.model, .device_class = content.device_class};
    auto model = state_shape(found, file);
    if (!model) {
        return tl::unexpected(model.error());
    }
    const auto text = [](const std::vector<std::uint32_t>& operators) {
        return fmt::format("{}", fmt::join(operators, " "));
    };
    struct Number {
        std::string_view name;
        std::uint32_t stated;
        std::uint32_t found;
    };
    if (content.model_digest != found.model_digest) {
        return lie("SHA-256", base::to_hex(content.model_digest), base::to_hex(found.model_digest));
    }
    for (const Number& one :
         {Number{"runtime", content.runtime_abi, found.runtime_abi},
          Number{"bytes", content.model_bytes, found.model_bytes},
          Number{"arena bytes", std::min(content.arena_bytes, found.arena_bytes),
                 found.arena_bytes},
          Number{"state bytes", content.state_bytes, found.state_bytes},
          Number{"multiply-accumulates", content.multiply_accumulates, found.multiply_accumulates},
          Number{"input bytes", content.input_bytes, found.input_bytes},
          Number{"output classes", content.output_classes, found.output_classes}}) {
        if (one.stated != one.found) {
            return lie(one.name, std::to_string(one.stated), std::to_string(one.found));
        }
    }
    if (content.operators != found.operators) {
        return lie("operators (code * 256 + version)", text(content.operators),
                   text(found.operators));
    }
    return check_self_tests(content, *model);
}

}  // namespace frugal::release
