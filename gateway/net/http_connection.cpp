// SPDX-License-Identifier: Apache-2.0
#include "net/http_connection.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "base/assert.hpp"
#include "wire/http_problem.hpp"

namespace frugal::net {

namespace asio = boost::asio;
using asio::awaitable;
using base::ErrorKind;
using State = wire::HttpParser::State;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kBufferBytes = 16 * 1024;
constexpr base::Duration kLinger = std::chrono::seconds(2);
constexpr std::size_t kLingerBytes = 256 * 1024;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::string_view kHeartbeat = ":\n\n";

}  // namespace

base::Instant http_now() {
    return {std::chrono::duration_cast<base::Duration>(
        std::chrono::steady_clock::now().time_since_epoch())};
}

void HttpExchange::answer(wire::HttpResponse value) {
    if (wake == nullptr || response) {
        return;
    }
    response = std::move(value);
    wake->cancel();
}

struct Responder::State {
    explicit State(std::shared_ptr<HttpExchange> e) : exchange(std::move(e)) {}
    ~State() {
        exchange->answer(
            wire::problem({ErrorKind::kInternal, "the request was not answered",
                           "its handler gave up without a word", "see the log of frugald"}));
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    std::shared_ptr<HttpExchange> exchange;
};

void Responder::operator()(wire::HttpResponse response) const {
    state_->exchange->answer(std::move(response));
}

HttpConnection::HttpConnection(asio::io_context& loop, std::shared_ptr<HttpHost> host,
                               std::unique_ptr<HttpTransport> transport)
    : host_(std::move(host)),
      transport_(std::move(transport)),
      wake_(loop),
      parser_(host_->settings().limits),
      buffer_(kBufferBytes) {
    enter(HttpPhase::kHandshake, host_->settings().handshake_timeout);
}

awaitable<void> HttpConnection::run(std::shared_ptr<HttpConnection> self) {
    const boost::system::error_code error = co_await self->transport_->handshake();
    if (error) {
        self->host_->count_failed_handshake();
        self->close();
        co_return;
    }
    bool goes_on = true;
    while (goes_on) {
        goes_on = co_await self->serve_one();
    }
    self->close();
}

void HttpConnection::stop() {
    if (phase_ == HttpPhase::kHandler || phase_ == HttpPhase::kWrite ||
        phase_ == HttpPhase::kBody || phase_ == HttpPhase::kClosing) {
        return;
    }
    close();
    wake_.cancel();
}

awaitable<bool> HttpConnection::serve_one() {
    const HttpSettings& settings = host_->settings();
    operation_ = "none";
    enter(buffered_ == 0 ? HttpPhase::kIdle : HttpPhase::kHead,
          buffered_ == 0 ? settings.idle_timeout : settings.head_timeout);
    const bool has_head = co_await read_until(State::kHeadDone);
    if (!has_head) {
        co_return false;
    }
    request_start_ = http_now();
    if (parser_.state() == State::kFailed) {
        wire::HttpResponse refusal =
            wire::problem(parser_.failure().status, parser_.failure().error);
        co_await respond(std::move(refusal), false);
        co_await linger();
        co_return false;
    }
    wire::HttpRequest head = parser_.request();
    head.peer = transport_->peer();
    is_head_request_ = head.method == wire::HttpMethod::kHead;
    auto admitted = host_->access().admit(head, transport_->local_actor(), request_start_);
    if (auto* refusal = std::get_if<wire::HttpResponse>(&admitted)) {
        co_await respond(std::move(*refusal), false);
        co_await linger();
        co_return false;
    }
    Admission admission = std::move(std::get<Admission>(admitted));
    operation_ = admission.match.route->operation;
    is_trusted_ = is_trusted_ || admission.actor.role != wire::Role::kAnonymous;
    const bool has_body = co_await read_body(admission.match.route->body_limit);
    if (!has_body) {
        co_return false;
    }
    co_return co_await dispatch(std::move(admission));
}

awaitable<bool> HttpConnection::read_until(State reached) {
    for (;;) {
        const std::size_t used = parser_.feed(base::ByteView(buffer_.data(), buffered_));
        std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(used),
                  buffer_.begin() + static_cast<std::ptrdiff_t>(buffered_), buffer_.begin());
        buffered_ -= used;
        if (parser_.state() == reached || parser_.state() == State::kFailed) {
            co_return true;
        }
        if (phase_ == HttpPhase::kIdle && buffered_ > 0) {
            enter(HttpPhase::kHead, host_->settings().head_timeout);
        }
        FRUGAL_ASSERT(buffered_ < buffer_.size());  // the parser fails before it wants more
        const std::span<std::uint8_t> room(buffer_.data() + buffered_, buffer_.size() - buffered_);
        const IoResult result = co_await transport_->read_some(room);
        if (result.error) {
            co_return false;
        }
        buffered_ += result.size;
    }
}

awaitable<bool> HttpConnection::read_body(std::size_t limit) {
    enter(HttpPhase::kBody, host_->settings().body_timeout);
    parser_.set_body_limit(limit);
    if (parser_.state() == State::kBody && parser_.expects_continue() && buffered_ == 0) {
        const bool is_written = co_await write(std::string(kContinue));
        if (!is_written) {
            co_return false;
        }
        enter(HttpPhase::kBody, host_->settings().body_timeout);
    }
    if (parser_.state() == State::kBody) {
        const bool is_read = co_await read_until(State::kDone);
        if (!is_read) {
            co_return false;
        }
    }
    if (parser_.state() == State::kFailed) {
        wire::HttpResponse refusal =
            wire::problem(parser_.failure().status, parser_.failure().error);
        co_await respond(std::move(refusal), false);
        co_await linger();
        co_return false;
    }
    co_return true;
}

awaitable<bool> HttpConnection::dispatch(Admission admission) {
    wire::HttpRequest request = parser_.take();
    request.peer = transport_->peer();
    request.parameters = std::move(admission.match.parameters);
    request.actor = std::move(admission.actor);
    const bool keep_alive = request.keep_alive;
    const auto access = admission.match.route->access;
    const bool checks_code =
        access == wire::RouteAccess::kClaim || access == wire::RouteAccess::kCode;
    wire::HttpRequest caller;  // what note_failure needs, the rest goes to the handler
    caller.peer = request.peer;

    const auto exchange = std::make_shared<HttpExchange>();
    enter(HttpPhase::kHandler, host_->settings().handler_timeout + kLinger);
    {
        const ExchangeWait waiting(exchange, wake_);
        {
            Responder responder(std::make_shared<Responder::State>(exchange));
            host_->handler(operation_)(std::move(request), std::move(responder));
        }
        if (!exchange->response) {
            co_await wait(host_->settings().handler_timeout);
        }
    }
    if (!exchange->response) {
        wire::HttpResponse late = wire::problem(504, {ErrorKind::kUnavailable,
                                                      "the answer took too long",
                                                      {},
                                                      "ask again; the change may have happened"});
        co_await respond(std::move(late), false);
        co_return false;
    }
    wire::HttpResponse response = std::move(*exchange->response);
    if (checks_code && response.status == 401) {
        host_->access().note_failure(caller, response, http_now());
    }
    if (response.events) {
        co_await stream_events(std::move(response));
        co_return false;
    }
    co_return co_await respond(std::move(response), keep_alive);
}

awaitable<bool> HttpConnection::respond(wire::HttpResponse response, bool keep_alive) {
    const bool stays = keep_alive && !host_->is_stopping();
    count(response.status);
    std::string bytes = wire::serialize_head(response, response.body.size(), stays);
    if (!is_head_request_) {
        bytes += response.body;
    }
    const bool is_written = co_await write(std::move(bytes));
    co_return is_written&& stays;
}

awaitable<void> HttpConnection::stream_events(wire::HttpResponse response) {
    const auto subscription = host_->broadcaster().subscribe(*response.events);
    if (!subscription) {
        wire::HttpResponse full =
            wire::problem(503, {ErrorKind::kLimit,
                                "too many event streams are open",
                                {},
                                "close another page or poll GET /api/v1/overview"});
        co_await respond(std::move(full), false);
        co_return;
    }
    subscription->on_ready = [this, weak = subscription.get()] {
        wake_.cancel();
        if (weak->is_dropped() && phase_ == HttpPhase::kWrite) {
            close();  // its client takes nothing: the write would wait for the deadline
        }
    };
    response.content_type = "text/event-stream";
    count(200);
    bool goes_on = co_await write(wire::serialize_head(response, std::nullopt, false));
    while (goes_on && !subscription->is_dropped() && !host_->is_stopping()) {
        if (!subscription->has_pending()) {
            enter(HttpPhase::kEvents, host_->settings().event_heartbeat + kLinger);
            co_await wait(host_->settings().event_heartbeat);
        }
        std::string bytes = subscription->take();
        if (bytes.empty()) {
            bytes = kHeartbeat;
        }
        goes_on = co_await write(std::move(bytes));
    }
    subscription->on_ready = nullptr;
}

awaitable<bool> HttpConnection::write(std::string bytes) {
    enter(HttpPhase::kWrite, host_->settings().write_timeout);
    const IoResult result = co_await transport_->write(bytes);
    co_return !result.error;
}

awaitable<void> HttpConnection::wait(base::Duration duration) {
    wake_.expires_after(duration);
    auto [ignored] = co_await wake_.async_wait(kAwait);
    (void)ignored;
}

/// Takes what a refused client still sends, or its reset would wipe out our answer on the way.
awaitable<void> HttpConnection::linger() {
    enter(HttpPhase::kClosing, kLinger);
    co_await transport_->finish_writing();
    std::size_t taken = 0;
    while (taken < kLingerBytes) {
        const std::span<std::uint8_t> room(buffer_);
        const IoResult result = co_await transport_->read_some(room);
        if (result.error) {
            co_return;
        }
        taken += result.size;
    }
}

void HttpConnection::enter(HttpPhase phase, base::Duration timeout) {
    phase_ = phase;
    phase_start_ = http_now();
    deadline_ = phase_start_ + timeout;
}

void HttpConnection::count(int status) {
    host_->count(operation_, status, http_now() - request_start_);
}

}  // namespace frugal::net
