// SPDX-License-Identifier: Apache-2.0
#include "cli/http_answer.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include <fmt/format.h>

namespace frugal::cli {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr int kNoContent = 204;
constexpr int kNotModified = 304;
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

tl::unexpected<base::Error> malformed(std::string cause) {
    return fail(ErrorKind::kInternal, "the daemon's answer is not HTTP/1.1", std::move(cause),
                "Is the address that of a frugald?");
}

tl::unexpected<base::Error> too_long() {
    return fail(ErrorKind::kLimit, "the daemon's answer is too long",
                fmt::format("more than {} bytes", HttpAnswerReader::kBodyMax),
                "Ask for less: give a limit or a filter.");
}

std::string lower_case(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return result;
}

std::optional<std::size_t> number(std::string_view text, int base) {
    std::size_t value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    const bool is_number = code == std::errc() && end == text.data() + text.size();
    return is_number ? std::optional(value) : std::nullopt;
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Every value of a header in a lower-case head that ends with CR LF.
std::vector<std::string_view> values_of(std::string_view head, std::string_view name) {
    std::vector<std::string_view> values;
    const std::string start = fmt::format("\r\n{}:", name);
    for (auto at = head.find(start); at != std::string_view::npos; at = head.find(start, at + 1)) {
        const auto value = head.substr(at + start.size());
        values.push_back(trimmed(value.substr(0, value.find(kLineEnd))));
    }
    return values;
}

}  // namespace

Result<void> HttpAnswerReader::feed(std::string_view bytes) {
    if (is_whole()) {
        return {};
    }
    buffer_ += bytes;
    for (;;) {
        const auto advanced = advance();
        if (!advanced) {
            return tl::unexpected(advanced.error());
        }
        if (!*advanced || is_whole()) {
            return {};
        }
    }
}

Result<void> HttpAnswerReader::finish() const {
    if (is_whole()) {
        return {};
    }
    if (state_ == State::kHead && buffer_.empty()) {
        return fail(ErrorKind::kUnavailable, "the daemon closed the connection without an answer",
                    {}, "See its log; then try again.");
    }
    return fail(ErrorKind::kUnavailable, "the daemon's answer is cut off",
                state_ == State::kHead
                    ? "the connection ended inside the head"
                    : fmt::format("the connection ended after {} bytes of the body, before its end",
                                  answer_.body.size()),
                "Try again; a change may have happened all the same.");
}

/// One step; false if it needs more bytes.
Result<bool> HttpAnswerReader::advance() {
    switch (state_) {
        case State::kHead:
            return read_head();
        case State::kLength:
        case State::kChunk:
            return take_body();
        case State::kChunkSize:
            return read_chunk_size();
        case State::kChunkEnd:
            return read_chunk_end();
        case State::kTrailer:
            return read_trailer();
        case State::kWhole:
            break;
    }
    return false;
}

/// What stands before the terminator, taken out of the buffer; absent while that may still come.
Result<std::optional<std::string>> HttpAnswerReader::take_until(std::string_view terminator) {
    const auto end = buffer_.find(terminator);
    if (end <= kHeadMax) {
        std::string taken = buffer_.substr(0, end);
        buffer_.erase(0, end + terminator.size());
        return taken;
    }
    if (buffer_.size() >= kHeadMax + terminator.size()) {
        return malformed("its head or a line in it has no end");
    }
    return std::nullopt;
}

Result<bool> HttpAnswerReader::read_head() {
    const auto taken = take_until(kHeadEnd);
    if (!taken || !*taken) {
        return taken ? Result<bool>(false) : tl::unexpected(taken.error());
    }
    const std::string head = lower_case(**taken).append(kLineEnd);
    static constexpr std::string_view kVersion = "http/1.1 ";
    const auto code = head.size() < kVersion.size() + 3
                          ? std::nullopt
                          : number(std::string_view(head).substr(kVersion.size(), 3), 10);
    if (!head.starts_with(kVersion) || !code || *code < 100) {
        return malformed("it does not start with HTTP/1.1 and a status");
    }
    if (*code < 200) {
        return true;  // an interim answer: the real one follows
    }
    answer_.status = static_cast<int>(*code);
    if (auto chosen = choose_body(head); !chosen) {
        return tl::unexpected(chosen.error());
    }
    return true;
}

Result<void> HttpAnswerReader::choose_body(std::string_view head) {
    if (answer_.status == kNoContent || answer_.status == kNotModified) {
        state_ = State::kWhole;
        return {};
    }
    const auto encodings = values_of(head, "transfer-encoding");
    const auto lengths = values_of(head, "content-length");
    if (encodings.size() == 1 && lengths.empty() && encodings[0] == "chunked") {
        state_ = State::kChunkSize;
        return {};
    }
    if (!encodings.empty() || lengths.size() != 1) {
        return malformed("it does not say how long it is");
    }
    const auto length = number(lengths[0], 10);
    if (!length) {
        return malformed("its length is no number");
    }
    if (*length > kBodyMax) {
        return too_long();
    }
    left_ = *length;
    state_ = left_ == 0 ? State::kWhole : State::kLength;
    return {};
}

bool HttpAnswerReader::take_body() {
    const std::size_t count = std::min(left_, buffer_.size());
    answer_.body.append(buffer_, 0, count);
    buffer_.erase(0, count);
    left_ -= count;
    if (left_ > 0) {
        return false;
    }
    state_ = state_ == State::kChunk ? State::kChunkEnd : State::kWhole;
    return true;
}

Result<bool> HttpAnswerReader::read_chunk_size() {
    const auto taken = take_until(kLineEnd);
    if (!taken || !*taken) {
        return taken ? Result<bool>(false) : tl::unexpected(taken.error());
    }
    const std::string_view line = **taken;
    const auto size = number(trimmed(line.substr(0, line.find(';'))), 16);
    if (!size) {
        return malformed("a chunk's size is no number");
    }
    if (*size > kBodyMax - answer_.body.size()) {
        return too_long();
    }
    left_ = *size;
    state_ = left_ == 0 ? State::kTrailer : State::kChunk;
    return true;
}

Result<bool> HttpAnswerReader::read_chunk_end() {
    if (buffer_.size() < kLineEnd.size()) {
        return false;
    }
    if (!buffer_.starts_with(kLineEnd)) {
        return malformed("a chunk is longer than it says");
    }
    buffer_.erase(0, kLineEnd.size());
    state_ = State::kChunkSize;
    return true;
}

Result<bool> HttpAnswerReader::read_trailer() {
    const auto taken = take_until(kLineEnd);
    if (!taken || !*taken) {
        return taken ? Result<bool>(false) : tl::unexpected(taken.error());
    }
    if ((*taken)->empty()) {
        state_ = State::kWhole;
    }
    return true;
}

}  // namespace frugal::cli
