// SPDX-License-Identifier: Apache-2.0
#include "core/offload/policy_rules.hpp"

#include <algorithm>

#include "frugal/policy.h"
#include "frugal/sha256.h"

namespace frugal::core {

namespace {

void add(fr_sha256_t& sha, std::string_view text) {
    fr_sha256_update(&sha, reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    const std::uint8_t end = 0;
    fr_sha256_update(&sha, &end, 1);
}

}  // namespace

std::array<base::ByteView, 2> rules_of(base::ByteView content) {
    constexpr std::size_t kFrom = FR_POLICY_ID_OFFSET;
    constexpr std::size_t kUntil = kFrom + FR_POLICY_ID_BYTES;
    return {content.first(std::min(kFrom, content.size())),
            content.subspan(std::min(kUntil, content.size()))};
}

base::Digest digest_of(const PolicyVersionRecord& version) {
    fr_sha256_t sha;
    fr_sha256_init(&sha);
    add(sha, version.text);
    for (const auto& part : version.parts) {
        add(sha, part.device_class.text());
        for (const auto rules : rules_of(part.blob->content())) {
            fr_sha256_update(&sha, rules.data(), rules.size());
        }
        if (part.source) {
            add(sha, part.source->release);
            add(sha, part.source->text);
        }
    }
    base::Digest digest{};
    fr_sha256_final(&sha, digest.data());
    return digest;
}

}  // namespace frugal::core
