// SPDX-License-Identifier: Apache-2.0
// Reads one HTTP/1.1 answer out of bytes as they arrive: head, then a body whose end the head
// tells (Content-Length or chunks). Sans-IO, owned by one exchange, one thread. Never takes a part
// for the whole: an answer that does not say where it ends is refused.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

namespace frugal::cli {

struct HttpAnswer {
    int status = 0;
    std::string body;
};

class HttpAnswerReader {
public:
    static constexpr std::size_t kHeadMax = 32u * 1024;  ///< also of one chunk's line
    static constexpr std::size_t kBodyMax = 64u * 1024 * 1024;

    /// Takes what arrived; after the answer's end nothing more. kInternal for what is no answer,
    /// kLimit for one that is too long.
    base::Result<void> feed(std::string_view bytes);

    /// The peer sends nothing more. kUnavailable unless the answer is whole.
    base::Result<void> finish() const;

    bool is_whole() const { return state_ == State::kWhole; }
    HttpAnswer take() { return std::move(answer_); }

private:
    enum class State { kHead, kLength, kChunkSize, kChunk, kChunkEnd, kTrailer, kWhole };

    base::Result<bool> advance();
    base::Result<std::optional<std::string>> take_until(std::string_view terminator);
    base::Result<bool> read_head();
    base::Result<void> choose_body(std::string_view head);
    bool take_body();
    base::Result<bool> read_chunk_size();
    base::Result<bool> read_chunk_end();
    base::Result<bool> read_trailer();

    State state_ = State::kHead;
    HttpAnswer answer_;
    std::string buffer_;    ///< arrived, not yet understood
    std::size_t left_ = 0;  ///< bytes of the body, or of the chunk, still to come
};

}  // namespace frugal::cli
