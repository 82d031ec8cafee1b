// SPDX-License-Identifier: Apache-2.0
// The device's decoders against C++ protobuf: what they accept parses there too and serializes to
// the very same bytes, which is what canonical means.
#include <google/protobuf/message_lite.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "frugal/v1/downlink.pb.h"
#include "frugal/v1/manifest.pb.h"
#include "frugal/wire.h"

namespace {

using frugal::v1::Ack;
using frugal::v1::Chunk;
using frugal::v1::Desired;
using frugal::v1::Manifest;
using frugal::v1::Probe;
using frugal::v1::Verdict;

template <typename Message>
void agree(fr_status_t status, const std::vector<std::uint8_t>& bytes) {
    if (status != FR_OK) {
        return;
    }
    Message message;
    std::string again;
    if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
        !message.SerializeToString(&again) || again != std::string(bytes.begin(), bytes.end())) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) {
        return 0;
    }
    const std::vector<std::uint8_t> bytes(data + 1, data + size);
    switch (data[0] % 6) {
        case 0: {
            fr_desired_t out;
            agree<Desired>(fr_desired_decode(&out, bytes.data(), bytes.size()), bytes);
            break;
        }
        case 1: {
            fr_chunk_t out;
            agree<Chunk>(fr_chunk_decode(&out, bytes.data(), bytes.size()), bytes);
            break;
        }
        case 2: {
            fr_ack_t out;
            agree<Ack>(fr_ack_decode(&out, bytes.data(), bytes.size()), bytes);
            break;
        }
        case 3: {
            fr_verdict_t out;
            agree<Verdict>(fr_verdict_decode(&out, bytes.data(), bytes.size()), bytes);
            break;
        }
        case 4: {
            fr_probe_kind_t out;
            agree<Probe>(fr_probe_decode(&out, bytes.data(), bytes.size()), bytes);
            break;
        }
        default: {
            fr_manifest_t out;
            agree<Manifest>(fr_manifest_decode(&out, bytes.data(), bytes.size()), bytes);
            break;
        }
    }
    return 0;
}
