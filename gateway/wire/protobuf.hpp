// SPDX-License-Identifier: Apache-2.0
// The few lines between protobuf's std::string and our byte types. Private to gateway/wire:
// included by sources only, so that no other folder sees protobuf.
#pragma once

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/message_lite.h>

#include <string>

#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "core/features.hpp"

namespace frugal::wire {

inline constexpr int kNestingMax = 8;

inline void set_bytes(std::string& to, base::ByteView from) {
    to.assign(reinterpret_cast<const char*>(from.data()), from.size());
}

inline base::Bytes to_bytes(const std::string& from) {
    return {from.begin(), from.end()};
}

inline void wipe(std::string& text) {
    core::wipe_bytes({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
    text.clear();
}

inline base::Bytes serialize(const google::protobuf::MessageLite& message) {
    base::Bytes bytes(message.ByteSizeLong());
    const bool is_done = message.SerializeToArray(bytes.data(), static_cast<int>(bytes.size()));
    FRUGAL_ASSERT(is_done);
    return bytes;
}

/// False for anything that is not a message of this type nested at most kNestingMax deep.
inline bool parse(base::ByteView bytes, google::protobuf::MessageLite& message) {
    google::protobuf::io::CodedInputStream stream(bytes.data(), static_cast<int>(bytes.size()));
    stream.SetRecursionLimit(kNestingMax);
    return message.ParseFromCodedStream(&stream) && stream.ConsumedEntireMessage();
}

}  // namespace frugal::wire
