// SPDX-License-Identifier: Apache-2.0
// Z1: any bytes as any message of a device. Accepted means canonical, in range, and harmless to the
// core. The first byte picks the kind.
#include <algorithm>
#include <cstdlib>

#include "wire/device_messages.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const auto kind = static_cast<frugal::core::UpKind>(data[0] % 7);
    const frugal::base::ByteView payload(data + 1, size - 1);
    const auto message = frugal::wire::decode_up(kind, payload);
    if (!message) {
        if (message.error().message.empty() || message.error().cause.empty()) {
            std::abort();
        }
        return 0;
    }
    if (frugal::wire::kind_of(*message) != kind ||
        !std::ranges::equal(frugal::wire::encode_up(*message), payload)) {
        std::abort();
    }
    if (const auto* batch = std::get_if<frugal::core::Decisions>(&*message)) {
        if (batch->count < 1 || batch->count > frugal::core::kDecisionBatchMax ||
            (batch->dropped_from && *batch->dropped_from >= batch->first_sequence)) {
            std::abort();
        }
    }
    return 0;
}
