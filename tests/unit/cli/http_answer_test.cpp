// SPDX-License-Identifier: Apache-2.0
#include "cli/http_answer.hpp"

#include <gtest/gtest.h>

namespace frugal::cli {
namespace {

using base::ErrorKind;

const std::string kSized = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const std::string kChunked =
    "HTTP/1.1 201 Created\r\nTransfer-Encoding: Chunked\r\n\r\n"
    "3\r\nhel\r\n2;note=1\r\nlo\r\n0\r\nTrailer: x\r\n\r\n";

TEST(HttpAnswer, IsReadHoweverItArrives) {
    for (const std::string& text : {kSized, kChunked, "HTTP/1.1 100 Continue\r\n\r\n" + kSized}) {
        for (std::size_t piece = 1; piece <= text.size(); ++piece) {
            HttpAnswerReader reader;
            for (std::size_t at = 0; at < text.size(); at += piece) {
                ASSERT_TRUE(reader.feed(std::string_view(text).substr(at, piece)));
            }
            ASSERT_TRUE(reader.is_whole()) << text << " in pieces of " << piece;
            EXPECT_TRUE(reader.finish());
            EXPECT_EQ(reader.take().body, "hello");
        }
    }
}

TEST(HttpAnswer, CutOffAnywhereIsNeverTakenForTheWhole) {
    for (const std::string& text : {kSized, kChunked}) {
        for (std::size_t size = 0; size < text.size(); ++size) {
            HttpAnswerReader reader;
            ASSERT_TRUE(reader.feed(text.substr(0, size)));
            EXPECT_FALSE(reader.is_whole()) << size;
            const auto finished = reader.finish();
            ASSERT_FALSE(finished) << size;
            EXPECT_EQ(finished.error().kind, ErrorKind::kUnavailable);
            EXPECT_FALSE(finished.error().remedy.empty());
        }
    }
}

TEST(HttpAnswer, ThatIsNoneOrDoesNotSayItsLengthIsRefused) {
    struct Case {
        const char* case_name;
        std::string text;
        ErrorKind kind = ErrorKind::kInternal;
    };
    const std::string head = "HTTP/1.1 200 OK\r\n";
    const Case cases[] = {
        {"another protocol", "SSH-2.0-OpenSSH\r\n\r\n"},
        {"an older one", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"},
        {"no status", "HTTP/1.1 abc\r\n\r\n"},
        {"no length", head + "\r\nhello"},
        {"two lengths", head + "Content-Length: 5\r\nContent-Length: 4\r\n\r\n"},
        {"length and chunks", head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {"an unknown encoding", head + "Transfer-Encoding: gzip\r\n\r\n"},
        {"a length that is none", head + "Content-Length: five\r\n\r\n"},
        {"a negative length", head + "Content-Length: -1\r\n\r\n"},
        {"too long", head + "Content-Length: 67108865\r\n\r\n", ErrorKind::kLimit},
        {"an endless head", std::string(HttpAnswerReader::kHeadMax + 4, 'x')},
        {"a chunk without a size", head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"},
        {"a chunk too long", head + "Transfer-Encoding: chunked\r\n\r\nffffffff\r\n",
         ErrorKind::kLimit},
        {"a chunk longer than it says", head + "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n"},
        {"an endless chunk line", head + "Transfer-Encoding: chunked\r\n\r\n" +
                                      std::string(HttpAnswerReader::kHeadMax + 2, '1')},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.case_name);
        HttpAnswerReader reader;
        const auto fed = reader.feed(c.text);
        ASSERT_FALSE(fed);
        EXPECT_EQ(fed.error().kind, c.kind);
        EXPECT_FALSE(reader.is_whole());
    }
}

TEST(HttpAnswer, WithoutContentIsWhole) {
    HttpAnswerReader reader;
    ASSERT_TRUE(reader.feed("HTTP/1.1 204 No Content\r\n\r\n"));
    EXPECT_TRUE(reader.is_whole());
    EXPECT_EQ(reader.take().status, 204);
}

}  // namespace
}  // namespace frugal::cli
