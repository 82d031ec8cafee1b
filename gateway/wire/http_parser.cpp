// SPDX-License-Identifier: Apache-2.0
#include "wire/http_parser.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include "base/assert.hpp"

namespace frugal::wire {

namespace {

namespace http = boost::beast::http;
using base::ErrorKind;
using boost::beast::error_code;
using boost::beast::string_view;

/// Beast's largest unit without progress: a head at its limit, or a chunk's header.
constexpr std::size_t kNoProgressBytes = 15 * 1024;

/// The shortest end of a chunked body, "0", CR LF, CR LF. Beast 1.81 asserts that it never looks at
/// less once it saw the last chunk, which a client that sends byte by byte would make untrue.
constexpr std::size_t kChunkedEndBytes = 5;

HttpMethod method_of(http::verb verb) {
    switch (verb) {
        case http::verb::get:
            return HttpMethod::kGet;
        case http::verb::head:
            return HttpMethod::kHead;
        case http::verb::post:
            return HttpMethod::kPost;
        case http::verb::put:
            return HttpMethod::kPut;
        case http::verb::delete_:
            return HttpMethod::kDelete;
        default:
            return HttpMethod::kOther;
    }
}

std::string lower_case(string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return lower;
}

}  // namespace

/// Beast checks the grammar and the framing; the callbacks fill our request and add our limits.
struct HttpParser::Impl : http::basic_parser<true> {
    explicit Impl(const HttpLimits& l) : limits(l) {
        header_limit(static_cast<std::uint32_t>(limits.head_bytes));
        body_limit(boost::none);  // ours: it depends on the route, known after the head
    }

    HttpLimits limits;
    State state = State::kHead;
    HttpRequest request;
    Failure failure;
    std::size_t body_limit_bytes = 0;
    bool waits_for_continue = false;
    bool began = false;
    int http_version = 11;

    void fail_with(int status, std::string message, std::string cause = {}) {
        const ErrorKind kind = status == 413 || status == 414 || status == 431
                                   ? ErrorKind::kLimit
                                   : ErrorKind::kInvalidInput;
        failure = {status, {kind, std::move(message), std::move(cause), {}}};
        state = State::kFailed;
    }

    void refuse(error_code& ec, int status, std::string message, std::string cause = {}) {
        fail_with(status, std::move(message), std::move(cause));
        ec = http::error::bad_field;
    }

    void fail_from(const error_code& ec) {
        if (state == State::kFailed) {
            return;  // our own reason is the better one
        }
        if (ec == http::error::header_limit) {
            fail_with(431, "the request's head is too long",
                      "at most " + std::to_string(limits.head_bytes) + " bytes");
        } else if (ec == http::error::bad_version) {
            fail_with(505, "only HTTP/1.0 and HTTP/1.1 are spoken");
        } else {
            fail_with(400, "the request is not well-formed HTTP", ec.message());
        }
    }

    std::size_t append_body(string_view bytes, error_code& ec) {
        if (bytes.size() > body_limit_bytes - request.body.size()) {
            refuse_body(ec);
            return 0;
        }
        request.body.insert(request.body.end(), bytes.begin(), bytes.end());
        return bytes.size();
    }

    void refuse_body(error_code& ec) {
        refuse(ec, 413, "the request's body is too long",
               "at most " + std::to_string(body_limit_bytes) + " bytes here");
    }

    void check_head(error_code& ec) {
        const auto count = [this](std::string_view name) {
            return std::count_if(request.fields.begin(), request.fields.end(),
                                 [&](const HttpField& field) { return field.name == name; });
        };
        const auto encoding = request.field("content-encoding");
        const auto expect = request.field("expect");
        if (count("host") > 1 || (http_version == 11 && count("host") == 0)) {
            refuse(ec, 400, "the request needs exactly one Host field");
        } else if (count("transfer-encoding") > 0 && (!chunked() || http_version < 11)) {
            refuse(ec, 501, "only chunked transfer encoding is understood");
        } else if (count("transfer-encoding") > 0 && count("content-length") > 0) {
            refuse(ec, 400, "Transfer-Encoding and Content-Length exclude each other");
        } else if (encoding && *encoding != "identity") {
            refuse(ec, 415, "compressed bodies are not accepted", "Content-Encoding is set");
        } else if (expect && lower_case(*expect) != "100-continue") {
            refuse(ec, 400, "only Expect: 100-continue is understood");
        }
        waits_for_continue = expect.has_value() && http_version == 11;
        request.keep_alive = keep_alive();
    }

    void on_request_impl(http::verb verb, string_view, string_view target, int version,
                         error_code& ec) override {
        http_version = version;
        request.method = method_of(verb);
        auto decoded = decode_target({target.data(), target.size()}, limits, request);
        if (!decoded) {
            const int status = decoded.error().kind == ErrorKind::kLimit ? 414 : 400;
            failure = {status, std::move(decoded.error())};
            state = State::kFailed;
            ec = http::error::bad_target;
        }
    }

    void on_response_impl(int, string_view, int, error_code& ec) override {
        ec = http::error::bad_method;
    }

    void on_field_impl(http::field, string_view name, string_view value, error_code& ec) override {
        if (state != State::kHead) {
            refuse(ec, 400, "trailers are not accepted");
        } else if (request.fields.size() >= limits.fields) {
            refuse(ec, 431, "the request has too many fields",
                   "at most " + std::to_string(limits.fields));
        } else {
            request.fields.push_back({lower_case(name), std::string(value)});
        }
    }

    void on_header_impl(error_code& ec) override { check_head(ec); }

    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}

    std::size_t on_body_impl(string_view bytes, error_code& ec) override {
        return append_body(bytes, ec);
    }

    void on_chunk_header_impl(std::uint64_t size, string_view, error_code& ec) override {
        if (size > body_limit_bytes - request.body.size()) {
            refuse_body(ec);
        }
    }

    std::size_t on_chunk_body_impl(std::uint64_t, string_view bytes, error_code& ec) override {
        return append_body(bytes, ec);
    }

    void on_finish_impl(error_code&) override {}
};

HttpParser::HttpParser(HttpLimits limits) : impl_(std::make_unique<Impl>(limits)) {}
HttpParser::~HttpParser() = default;
HttpParser::HttpParser(HttpParser&&) noexcept = default;
HttpParser& HttpParser::operator=(HttpParser&&) noexcept = default;

std::size_t HttpParser::feed(base::ByteView bytes) {
    Impl& impl = *impl_;
    std::size_t consumed = 0;
    while ((impl.state == State::kHead || impl.state == State::kBody) && consumed < bytes.size()) {
        impl.began = true;
        const base::ByteView rest = bytes.subspan(consumed);
        if (impl.state == State::kBody && impl.chunked() && rest.size() < kChunkedEndBytes) {
            return consumed;
        }
        error_code ec;
        const std::size_t count = impl.put(boost::asio::buffer(rest.data(), rest.size()), ec);
        consumed += count;
        if (ec == http::error::need_more) {
            if (count == 0 && rest.size() > kNoProgressBytes) {
                impl.fail_with(400, "the request does not make progress");
            }
            return consumed;
        }
        if (ec) {
            impl.fail_from(ec);
        } else if (impl.state == State::kHead && impl.is_header_done()) {
            impl.state = State::kHeadDone;
        } else if (impl.state == State::kBody && impl.is_done()) {
            impl.state = State::kDone;
        }
    }
    return consumed;
}

void HttpParser::set_body_limit(std::size_t bytes) {
    Impl& impl = *impl_;
    FRUGAL_ASSERT(impl.state == State::kHeadDone);
    impl.body_limit_bytes = bytes;
    const auto announced = impl.content_length();
    if (announced && *announced > bytes) {
        error_code ignored;
        impl.refuse_body(ignored);
        return;
    }
    impl.state = impl.is_done() ? State::kDone : State::kBody;
}

HttpParser::State HttpParser::state() const {
    return impl_->state;
}

const HttpRequest& HttpParser::request() const {
    return impl_->request;
}

const HttpParser::Failure& HttpParser::failure() const {
    return impl_->failure;
}

bool HttpParser::expects_continue() const {
    return impl_->waits_for_continue;
}

bool HttpParser::has_begun() const {
    return impl_->began;
}

HttpRequest HttpParser::take() {
    FRUGAL_ASSERT(impl_->state == State::kDone);
    HttpRequest request = std::move(impl_->request);
    impl_ = std::make_unique<Impl>(impl_->limits);
    return request;
}

}  // namespace frugal::wire
