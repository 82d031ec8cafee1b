// SPDX-License-Identifier: Apache-2.0
// Ten million random policies and contexts, whole and broken, through the evaluator and the encoder
// of escalations: no byte of a private input is ever in the outbound buffer.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "freestanding/evaluator/inputs.h"
#include "frugal/wire.h"

namespace frugal::test {
namespace {

#ifndef FRUGAL_PRIVACY_PAIRS
#define FRUGAL_PRIVACY_PAIRS 10000000
#endif

constexpr std::size_t kInputBytes = 32;
constexpr std::uint8_t kPrivate = 0xA7;
constexpr std::uint8_t kPublic = 0x11;

/// What the sample's sensor said: 0 and 1 may leave, as far as the gateway with 1.
bool is_private(const fr_policy_context_t& context) {
    const auto privacy = context.fields[FR_FIELD_PRIVACY];
    return privacy < 0 || privacy >= 2;
}

struct Counts {
    std::uint64_t pairs = 0;
    std::uint64_t private_pairs = 0;
    std::uint64_t sent = 0;
    std::uint64_t private_bytes = 0;
    std::uint64_t edge_only_to_cloud = 0;
};

/// What the device does with an answer: an escalation is encoded, anything else sends nothing.
std::size_t send(const fr_policy_answer_t& answer,
                 const std::array<std::uint8_t, kInputBytes>& input,
                 std::array<std::uint8_t, kInputBytes + FR_ESCALATE_OVERHEAD>& outbound) {
    if (answer.tier == FR_TIER_LOCAL) {
        return 0;
    }
    const fr_escalate_t message{1,
                                1,
                                1,
                                800,
                                1,
                                0,
                                0,
                                static_cast<fr_policy_reason_t>(answer.reason),
                                answer.tier == FR_TIER_CLOUD,
                                {input.data(), kInputBytes}};
    return fr_escalate_encode(&message, outbound.data(), outbound.size());
}

Counts run(std::uint64_t pairs) {
    static evaluator_inputs_t inputs;
    evaluator_inputs_init(&inputs);
    Counts counts;
    std::array<std::uint8_t, kInputBytes> input{};
    std::array<std::uint8_t, kInputBytes + FR_ESCALATE_OVERHEAD> outbound{};
    for (; counts.pairs < pairs; ++counts.pairs) {
        fr_policy_answer_t answer;
        evaluator_inputs_next(&inputs);
        const bool is_secret = is_private(inputs.context);
        input.fill(is_secret ? kPrivate : kPublic);
        fr_policy_evaluate(inputs.policy, inputs.size, &inputs.context, &answer);
        const auto size = send(answer, input, outbound);
        counts.private_pairs += is_secret ? 1 : 0;
        counts.sent += size != 0 ? 1 : 0;
        counts.edge_only_to_cloud +=
            answer.tier == FR_TIER_CLOUD && inputs.context.fields[FR_FIELD_PRIVACY] == 1 ? 1 : 0;
        if (is_secret) {
            counts.private_bytes += static_cast<std::uint64_t>(std::count(
                outbound.begin(), outbound.begin() + static_cast<std::ptrdiff_t>(size), kPrivate));
        }
    }
    return counts;
}

TEST(Privacy, NoPrivateByteIsInAnOutboundBuffer) {
    const auto counts = run(FRUGAL_PRIVACY_PAIRS);
    RecordProperty("private_pairs", static_cast<int>(counts.private_pairs));
    RecordProperty("sent", static_cast<int>(counts.sent));
    EXPECT_EQ(counts.private_bytes, 0U);
    EXPECT_EQ(counts.edge_only_to_cloud, 0U);
    EXPECT_GT(counts.private_pairs, counts.pairs / 10) << "the test must try";
    EXPECT_GT(counts.sent, counts.pairs / 200) << "and public inputs must be sent";
}

}  // namespace
}  // namespace frugal::test
