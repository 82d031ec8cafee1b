// SPDX-License-Identifier: Apache-2.0
// Z9: any bytes as a release bundle. What is accepted encodes to the very same bytes, file and
// statement; so does any statement behind an accepted file.
#include <algorithm>
#include <cstdlib>

#include "wire/bundle.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const frugal::base::ByteView bytes(data, size);
    const auto file = frugal::wire::read_bundle_file(bytes);
    if (file && !std::ranges::equal(frugal::wire::write_bundle_file(*file), bytes)) {
        std::abort();
    }
    // Also alone: a fuzzer finds one layer sooner than two.
    for (const auto& signed_bytes : {file ? file->signed_bytes : frugal::base::Bytes(),
                                     frugal::base::Bytes(data, data + size)}) {
        const auto statement = frugal::wire::read_statement(signed_bytes);
        if (statement) {
            const auto again = frugal::wire::encode_statement(*statement);
            if (!again || *again != signed_bytes) {
                std::abort();
            }
        }
    }
    return 0;
}
