// SPDX-License-Identifier: Apache-2.0
#include "storage/packing.hpp"

namespace frugal::storage {

namespace {

void pack_digest(Packer& to, const std::optional<base::Digest>& digest) {
    to.number(digest ? 1 : 0, 1);
    if (digest) {
        to.raw(*digest);
    }
}

std::optional<base::Digest> unpack_digest(Unpacker& from) {
    if (from.number(1) == 0) {
        return std::nullopt;
    }
    return from.array<32>();
}

}  // namespace

base::Bytes pack(const std::vector<std::uint32_t>& numbers) {
    Packer to;
    for (const auto number : numbers) {
        to.u32(number);
    }
    return to.bytes();
}

std::vector<std::uint32_t> unpack_numbers(Unpacker& from) {
    std::vector<std::uint32_t> numbers;
    while (!from.is_at_end()) {
        numbers.push_back(from.u32());
    }
    return numbers;
}

base::Bytes pack(const std::vector<std::string>& texts) {
    Packer to;
    for (const auto& text : texts) {
        to.text(text);
    }
    return to.bytes();
}

std::vector<std::string> unpack_texts(Unpacker& from) {
    std::vector<std::string> texts;
    while (!from.is_at_end()) {
        texts.push_back(from.text());
    }
    return texts;
}

base::Bytes pack(const std::vector<core::Assignment>& assignments) {
    Packer to;
    for (const auto& assignment : assignments) {
        to.u32(assignment.task)
            .number(assignment.rollout.value, 8)
            .u32(core::index_of(assignment.release));
    }
    return to.bytes();
}

std::vector<core::Assignment> unpack_assignments(Unpacker& from) {
    std::vector<core::Assignment> assignments;
    while (!from.is_at_end()) {
        core::Assignment assignment;
        assignment.task = from.u32();
        assignment.rollout = {from.number(8)};
        assignment.release = static_cast<core::ReleaseNumber>(from.u32());
        assignments.push_back(assignment);
    }
    return assignments;
}

base::Bytes pack(const core::Capability& capability) {
    Packer to;
    to.u32(capability.slots)
        .u32(capability.reach_bytes)
        .text(capability.device_class.text())
        .u32(capability.runtime_abi)
        .u32(capability.arena_bytes)
        .u32(capability.slot_bytes)
        .u32(capability.staging_bytes)
        .u32(capability.block_bytes)
        .u32(capability.decoder_ram_bytes)
        .u32(capability.decoder_profiles)
        .u32(capability.features_bytes_max);
    to.raw(pack(capability.operators));
    return to.bytes();
}

std::optional<core::Capability> unpack_capability(Unpacker& from) {
    const auto slots = from.u32();
    const auto reach_bytes = from.u32();
    auto name = base::ClassName::parse(from.text());
    if (!name) {
        return std::nullopt;
    }
    core::Capability capability{
        .device_class = std::move(*name), .slots = slots, .reach_bytes = reach_bytes};
    capability.runtime_abi = from.u32();
    capability.arena_bytes = from.u32();
    capability.slot_bytes = from.u32();
    capability.staging_bytes = from.u32();
    capability.block_bytes = from.u32();
    capability.decoder_ram_bytes = from.u32();
    capability.decoder_profiles = from.u32();
    capability.features_bytes_max = from.u32();
    capability.operators = unpack_numbers(from);
    return capability;
}

base::Bytes pack(const std::vector<core::TaskState>& states) {
    Packer to;
    for (const auto& state : states) {
        to.u32(state.task).u32(state.release);
        pack_digest(to, state.model_digest);
        to.number(static_cast<std::uint64_t>(state.phase), 1)
            .number(static_cast<std::uint64_t>(state.reason), 1)
            .u32(state.policy)
            .u32(state.burned_counter);
        pack_digest(to, state.other_digest);
        to.u32(state.state_bytes).u32(state.input_bytes).u32(state.output_classes);
    }
    return to.bytes();
}

std::vector<core::TaskState> unpack_states(Unpacker& from) {
    std::vector<core::TaskState> states;
    while (!from.is_at_end()) {
        core::TaskState state;
        state.task = from.u32();
        state.release = from.u32();
        state.model_digest = unpack_digest(from);
        state.phase = static_cast<core::UpdatePhase>(from.number(1));
        state.reason = static_cast<core::Reason>(from.number(1));
        state.policy = from.u32();
        state.burned_counter = from.u32();
        state.other_digest = unpack_digest(from);
        state.state_bytes = from.u32();
        state.input_bytes = from.u32();
        state.output_classes = from.u32();
        states.push_back(state);
    }
    return states;
}

base::Bytes pack(const std::vector<core::SelfTest>& tests) {
    Packer to;
    for (const auto& test : tests) {
        to.u32(test.seed).raw(test.output_digest);
    }
    return to.bytes();
}

std::vector<core::SelfTest> unpack_tests(Unpacker& from) {
    std::vector<core::SelfTest> tests;
    while (!from.is_at_end()) {
        core::SelfTest test;
        test.seed = from.u32();
        test.output_digest = from.array<16>();
        tests.push_back(test);
    }
    return tests;
}

base::Bytes pack(const std::array<std::uint32_t, core::kDecisionWindow>& hashes) {
    Packer to;
    for (const auto hash : hashes) {
        to.u32(hash);
    }
    return to.bytes();
}

std::array<std::uint32_t, core::kDecisionWindow> unpack_hashes(Unpacker& from) {
    std::array<std::uint32_t, core::kDecisionWindow> hashes{};
    for (auto& hash : hashes) {
        hash = from.u32();
    }
    return hashes;
}

base::Bytes pack(const std::vector<core::PolicyStep>& steps) {
    Packer packer;
    for (const auto& step : steps) {
        packer.u32(step.permyriad).number(static_cast<std::uint64_t>(step.wait.count()), 8);
    }
    return packer.bytes();
}

std::vector<core::PolicyStep> unpack_steps(Unpacker& from) {
    std::vector<core::PolicyStep> steps;
    while (from.is_good() && !from.is_at_end()) {
        const auto permyriad = from.u32();
        steps.push_back({permyriad, base::Duration(static_cast<std::int64_t>(from.number(8)))});
    }
    return steps;
}

}  // namespace frugal::storage
