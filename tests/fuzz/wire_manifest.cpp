// SPDX-License-Identifier: Apache-2.0
// Z5: any bytes as a manifest and as a topic. An accepted manifest encodes to the very same bytes.
#include <algorithm>
#include <cstdlib>

#include "wire/manifest.hpp"
#include "wire/topics.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const frugal::base::ByteView bytes(data, size);
    static const auto site = *frugal::base::SiteId::parse("site-1");
    const auto topic = frugal::wire::parse_up_topic(site, frugal::base::as_text(bytes));
    if (topic && "frugal/v1/site-1/" + topic->device.text() + "/up/" +
                         std::string(frugal::core::to_string(topic->kind)) !=
                     frugal::base::as_text(bytes)) {
        std::abort();
    }
    const auto manifest = frugal::wire::inspect_manifest(bytes);
    if (manifest) {
        const auto again = frugal::wire::encode_manifest(*manifest);
        if (!again || !std::ranges::equal(*again, bytes)) {
            std::abort();
        }
    }
    return 0;
}
