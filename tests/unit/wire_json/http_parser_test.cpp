// SPDX-License-Identifier: Apache-2.0
#include "wire/http_parser.hpp"

#include <gtest/gtest.h>

namespace frugal::wire {
namespace {

using State = HttpParser::State;

/// Feeds as a connection does: what was not consumed comes again, with `step` more bytes.
HttpParser parse(std::string_view text, std::size_t step, std::size_t body_limit = 1000) {
    HttpParser parser;
    std::string buffer;
    while (true) {
        const std::size_t count = std::min(step, text.size());
        buffer.append(text.substr(0, count));
        text.remove_prefix(count);
        buffer.erase(0, parser.feed(base::as_bytes(buffer)));
        if (parser.state() == State::kHeadDone) {
            parser.set_body_limit(body_limit);
            buffer.erase(0, parser.feed(base::as_bytes(buffer)));
        }
        if (parser.state() == State::kDone || parser.state() == State::kFailed || text.empty()) {
            return parser;
        }
    }
}

std::string with(std::string_view fields) {
    return "GET / HTTP/1.1\r\nHost: x\r\n" + std::string(fields) + "\r\n";
}

TEST(HttpParser, reads_a_request_whatever_the_pieces_it_arrives_in) {
    const std::string text =
        "POST /api/v1/devices%20x?a=1&b=two+words&c HTTP/1.1\r\nHost: gateway\r\n"
        "Content-TYPE: application/json\r\nContent-Length: 5\r\n\r\nhello";
    for (const std::size_t step : {1u, 2u, 7u, 1000u}) {
        HttpParser parser = parse(text, step);
        ASSERT_EQ(parser.state(), State::kDone) << step;
        const HttpRequest request = parser.take();
        EXPECT_EQ(request.method, HttpMethod::kPost);
        EXPECT_EQ(request.path, "/api/v1/devices x");
        EXPECT_EQ(request.query_value("a"), "1");
        EXPECT_EQ(request.query_value("b"), "two words");
        EXPECT_EQ(request.query_value("c"), "");
        EXPECT_FALSE(request.query_value("d"));
        EXPECT_EQ(request.field("content-type"), "application/json");
        EXPECT_EQ(base::as_text(request.body), "hello");
        EXPECT_TRUE(request.keep_alive);
        EXPECT_EQ(parser.state(), State::kHead);
    }
}

TEST(HttpParser, joins_chunks) {
    const HttpParser parser = parse(
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n2;name=value\r\nde\r\n0\r\n\r\n",
        3);
    ASSERT_EQ(parser.state(), State::kDone);
    EXPECT_EQ(base::as_text(parser.request().body), "abcde");
}

TEST(HttpParser, takes_an_empty_chunked_body_byte_by_byte) {
    const HttpParser parser =
        parse("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 1);
    ASSERT_EQ(parser.state(), State::kDone);
    EXPECT_TRUE(parser.request().body.empty());
}

TEST(HttpParser, leaves_the_next_request_alone) {
    const std::string text = with("") + "GET /second HTTP/1.1\r\nHost: x\r\n\r\n";
    HttpParser parser;
    std::size_t used = parser.feed(base::as_bytes(text));
    ASSERT_EQ(parser.state(), State::kHeadDone);
    parser.set_body_limit(0);
    ASSERT_EQ(parser.state(), State::kDone);
    parser.take();
    used += parser.feed(base::as_bytes(text).subspan(used));
    ASSERT_EQ(parser.state(), State::kHeadDone);
    EXPECT_EQ(parser.request().path, "/second");
    EXPECT_EQ(used, text.size());
}

TEST(HttpParser, closes_when_the_client_says_so) {
    EXPECT_FALSE(parse(with("Connection: close\r\n"), 1000).request().keep_alive);
    EXPECT_FALSE(parse("GET / HTTP/1.0\r\n\r\n", 1000).request().keep_alive);
    EXPECT_TRUE(
        parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 1000).request().keep_alive);
}

TEST(HttpParser, knows_who_waits_for_continue) {
    EXPECT_TRUE(
        parse(with("Expect: 100-Continue\r\nContent-Length: 3\r\n"), 1000).expects_continue());
    EXPECT_FALSE(parse(with(""), 1000).expects_continue());
}

TEST(HttpParser, refuses_what_is_odd_or_too_much) {
    struct Case {
        const char* case_name;
        std::string text;
        int status;
    };
    const std::string long_value(9000, 'a');
    std::string many_fields;
    for (int i = 0; i < 64; ++i) {
        many_fields += "X-" + std::to_string(i) + ": y\r\n";
    }
    const std::vector<Case> cases{
        {"no HTTP", "hello world\r\n\r\n", 400},
        {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        {"version 1.2", "GET / HTTP/1.2\r\nHost: x\r\n\r\n", 505},
        {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
        {"two hosts", with("Host: y\r\n"), 400},
        {"absolute target", "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"asterisk target", "GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"long head", with("X: " + long_value + "\r\n"), 431},
        {"endless first line", "GET /" + long_value, 431},
        {"long target", "GET /" + std::string(3000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414},
        {"too many fields", with(many_fields), 431},
        {"space before colon", with("Content-Length : 3\r\n"), 400},
        {"two lengths", with("Content-Length: 3\r\nContent-Length: 4\r\n"), 400},
        {"negative length", with("Content-Length: -1\r\n"), 400},
        {"huge length", with("Content-Length: 99999999999999999999\r\n"), 400},
        {"length and chunked", with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 400},
        {"chunked and length", with("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), 400},
        {"unknown coding", with("Transfer-Encoding: gzip\r\n"), 501},
        {"chunked then gzip", with("Transfer-Encoding: chunked, gzip\r\n"), 501},
        {"chunked in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501},
        {"compressed body", with("Content-Encoding: gzip\r\nContent-Length: 3\r\n"), 415},
        {"unknown expectation", with("Expect: gold\r\n"), 400},
        {"announced too long", with("Content-Length: 1001\r\n"), 413},
        {"chunk too long", with("Transfer-Encoding: chunked\r\n") + "3e9\r\n", 413},
        {"chunk size no number", with("Transfer-Encoding: chunked\r\n") + "xyz\r\n", 400},
        {"chunk size overflow", with("Transfer-Encoding: chunked\r\n") + "fffffffffffffffff\r\n",
         400},
        {"trailers", with("Transfer-Encoding: chunked\r\n") + "0\r\nX: y\r\n\r\n", 400},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.case_name);
        for (const std::size_t step : {1u, 100000u}) {
            const HttpParser parser = parse(c.text, step);
            ASSERT_EQ(parser.state(), State::kFailed) << step;
            EXPECT_EQ(parser.failure().status, c.status) << parser.failure().error.describe();
            EXPECT_FALSE(parser.failure().error.message.empty());
        }
    }
}

TEST(HttpParser, counts_chunks_together_against_the_limit) {
    std::string text = with("Transfer-Encoding: chunked\r\n");
    for (int i = 0; i < 11; ++i) {
        text += "64\r\n" + std::string(100, 'a') + "\r\n";
    }
    const HttpParser parser = parse(text, 50);
    ASSERT_EQ(parser.state(), State::kFailed);
    EXPECT_EQ(parser.failure().status, 413);
}

TEST(HttpParser, endless_chunk_extensions_are_no_way_to_fill_memory) {
    HttpParser parser;
    const std::string head = with("Transfer-Encoding: chunked\r\n");
    parser.feed(base::as_bytes(head));
    parser.set_body_limit(1000);
    const std::string extension = "1;" + std::string(20000, 'a');
    parser.feed(base::as_bytes(extension));
    EXPECT_EQ(parser.state(), State::kFailed);
}

TEST(HttpTarget, decodes_only_clean_text) {
    struct Case {
        const char* target;
        bool is_good;
    };
    for (const Case& c : {Case{"/", true},
                          Case{"/a%2Db", true},
                          Case{"/k%C3%BCche", true},
                          Case{"", false},
                          Case{"a", false},
                          Case{"/%", false},
                          Case{"/%4", false},
                          Case{"/%zz", false},
                          Case{"/%00", false},
                          Case{"/a%0Ab", false},
                          Case{"/a%2Fb", false},
                          Case{"/a%2fb", false},
                          Case{"/../etc", false},
                          Case{"/a/..", false},
                          Case{"/a/%2e%2e/b", false},
                          Case{"/./a", false},
                          Case{"/%C0%AE%C0%AE/", false},
                          Case{"/%E0%80%AF", false},
                          Case{"/%ED%A0%80", false},
                          Case{"/%F4%90%80%80", false},
                          Case{"/%FF", false},
                          Case{"/a?b=%00", false},
                          Case{"/a?b=%zz", false},
                          Case{"/a?%C0%AE", false},
                          Case{"/a#b", false}}) {
        HttpRequest request;
        EXPECT_EQ(decode_target(c.target, HttpLimits{}, request).has_value(), c.is_good)
            << c.target;
    }
}

TEST(HttpTarget, has_a_limited_number_of_keys) {
    std::string target = "/?";
    for (int i = 0; i < 33; ++i) {
        target += "a=1&";
    }
    HttpRequest request;
    EXPECT_EQ(decode_target(target, HttpLimits{}, request).error().kind, base::ErrorKind::kLimit);
}

}  // namespace
}  // namespace frugal::wire
