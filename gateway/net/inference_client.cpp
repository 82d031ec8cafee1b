// SPDX-License-Identifier: Apache-2.0
#include "net/inference_client.hpp"

#include <openssl/rand.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/assert.hpp"
#include "base/hex.hpp"
#include "net/http_call.hpp"
#include "wire/server_address.hpp"

namespace frugal::net {

namespace {

namespace asio = boost::asio;
using asio::awaitable;
using base::ErrorKind;
using base::fail;
using base::Result;
using boost::system::error_code;

using Clock = std::chrono::steady_clock;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kIdleMax = 4;
constexpr auto kIdleTime = std::chrono::seconds(5);

std::string random_id() {
    std::array<std::uint8_t, 16> bytes{};
    FRUGAL_ASSERT(RAND_bytes(bytes.data(), bytes.size()) == 1);
    return base::to_hex(bytes);
}

struct Idle {
    std::unique_ptr<HttpTransport> transport;
    Clock::time_point since;
};

}  // namespace

/// What the calls of one client share. Calls under way hold it; a client that is gone says so.
struct InferenceClient::Shared {
    asio::io_context& loop;
    InferenceServerSettings settings;
    wire::ServerAddress server;
    std::shared_ptr<asio::ssl::context> tls;
    std::map<std::string, wire::InferenceModel> ready;  ///< models that said so
    std::vector<Idle> idle;
    std::set<class Call*> calls;
    bool is_closed = false;
};

namespace {

using Shared = InferenceClient::Shared;

}  // namespace

/// One job on its way. Ends with one call of its handler, unless the client is gone.
class Call : public std::enable_shared_from_this<Call> {
public:
    Call(std::shared_ptr<Shared> shared, core::AskCloud job, base::Duration time_left,
         InferenceClient::Handler handler)
        : shared_(std::move(shared)),
          job_(std::move(job)),
          handler_(std::move(handler)),
          deadline_(Clock::now() + time_left),
          timer_(shared_->loop),
          resolver_(shared_->loop),
          socket_(shared_->loop) {
        shared_->calls.insert(this);
    }
    ~Call() { shared_->calls.erase(this); }

    void start() {
        timer_.expires_at(deadline_);
        timer_.async_wait([self = weak_from_this()](error_code error) {
            const auto call = self.lock();
            if (!error && call) {
                call->close();
            }
        });
        asio::co_spawn(shared_->loop, run(shared_from_this()), asio::detached);
    }

    void close() {
        is_over_ = true;
        error_code ignored;
        resolver_.cancel();
        socket_.close(ignored);
        if (transport_) {
            transport_->close();
        }
    }

private:
    static awaitable<void> run(std::shared_ptr<Call> self) {
        // co_spawn begins inside ask(): the handler must not be called from there.
        co_await asio::post(self->shared_->loop, asio::use_awaitable);
        Result<core::EdgeAnswer> answer = co_await self->answer();
        self->finish(std::move(answer));
    }

    void finish(Result<core::EdgeAnswer> answer) {
        timer_.cancel();
        job_.features.wipe();
        if (shared_->is_closed) {
            return;
        }
        if (!answer) {
            shared_->ready.erase(job_.model);
        } else if (transport_ && shared_->idle.size() < kIdleMax && keeps_open_) {
            shared_->idle.push_back({std::move(transport_), Clock::now()});
        }
        if (!answer && is_over_) {
            answer = fail(ErrorKind::kUnavailable, "the inference server did not answer in time");
        }
        handler_(core::CloudDone{job_.work, std::move(answer)});
    }

    awaitable<Result<core::EdgeAnswer>> answer() {
        if (!shared_->ready.contains(job_.model)) {
            const Result<void> prepared = co_await prepare();
            if (!prepared) {
                Result<core::EdgeAnswer> failed = tl::unexpected<base::Error>(prepared.error());
                co_return failed;
            }
        }
        // A copy: another call's failure may take the entry away while this one waits.
        const wire::InferenceModel model = shared_->ready.at(job_.model);
        const Result<void> fitting = wire::check_model_classes(model, job_.classes);
        if (!fitting) {
            Result<core::EdgeAnswer> failed = fail(fitting.error(), told());
            co_return failed;
        }
        const auto left =
            std::chrono::duration_cast<std::chrono::microseconds>(deadline_ - Clock::now());
        const wire::InferenceCall call{
            random_id(), shared_->settings.priority,
            static_cast<std::uint64_t>(std::max<std::int64_t>(left.count(), 1)), job_.classes};
        auto body =
            wire::inference_request(model, shared_->settings.scale, call, job_.features.view());
        if (!body) {
            Result<core::EdgeAnswer> failed = tl::unexpected<base::Error>(body.error());
            co_return failed;
        }
        const Result<std::string> reply =
            co_await request("POST", wire::model_path(job_.model) + "/infer", *body);
        wipe(*body);
        if (!reply) {
            Result<core::EdgeAnswer> failed = tl::unexpected<base::Error>(reply.error());
            co_return failed;
        }
        Result<core::EdgeAnswer> result = wire::read_inference_answer(*reply, model, call);
        if (!result) {
            result = fail(result.error(), told());
        }
        co_return result;
    }

    /// Where it happened, for people.
    std::string told() const { return fmt::format("task {}, model {}", job_.task, job_.model); }

    /// Ready, and what its input is like.
    awaitable<Result<void>> prepare() {
        const std::string path = wire::model_path(job_.model);
        const Result<std::string> ready = co_await request("GET", path + "/ready", std::string());
        if (!ready) {
            Result<void> failed = tl::unexpected<base::Error>(ready.error());
            co_return failed;
        }
        const Result<std::string> metadata = co_await request("GET", path, std::string());
        if (!metadata) {
            Result<void> failed = tl::unexpected<base::Error>(metadata.error());
            co_return failed;
        }
        auto model = wire::read_model_metadata(*metadata);
        if (!model) {
            Result<void> failed = fail(model.error(), told());
            co_return failed;
        }
        shared_->ready[job_.model] = std::move(*model);
        Result<void> done;
        co_return done;
    }

    /// The body of a response with status 200; anything else is an error.
    awaitable<Result<std::string>> request(std::string method, std::string path, std::string body) {
        const bool is_reused = transport_ != nullptr || take_idle();
        HttpExchange exchange = co_await exchange_once(method, path, body);
        if (!exchange.reply && is_reused && !exchange.has_answer_begun && !is_over_) {
            // The server had closed it: not a second question, the first was never heard.
            transport_.reset();
            exchange = co_await exchange_once(method, path, body);
        }
        wipe(body);
        if (!exchange.reply) {
            Result<std::string> failed = tl::unexpected<base::Error>(exchange.reply.error());
            co_return failed;
        }
        keeps_open_ = exchange.reply->keeps_open;
        if (!keeps_open_) {
            transport_.reset();
        }
        Result<std::string> result = std::move(exchange.reply->body);
        if (exchange.reply->status != 200) {
            result = fail(ErrorKind::kUnavailable, "the inference server refused " + path,
                          wire::inference_error_text(exchange.reply->status, *result));
        }
        co_return result;
    }

    awaitable<HttpExchange> exchange_once(std::string method, std::string path, std::string body) {
        if (!transport_) {
            const Result<void> connected = co_await connect();
            if (!connected) {
                HttpExchange failed;
                failed.reply = tl::unexpected<base::Error>(connected.error());
                co_return failed;
            }
        }
        std::string text = head(method, path, body) + body;
        HttpExchange exchange = co_await exchange_http(transport_.get(), std::move(text),
                                                       wire::kInferenceAnswerBytesMax);
        wipe(body);
        co_return exchange;
    }

    std::string head(const std::string& method, const std::string& path,
                     const std::string& body) const {
        const wire::ServerAddress& server = shared_->server;
        const std::string& token = shared_->settings.token;
        return fmt::format(
            "{} {}{} HTTP/1.1\r\nHost: {}\r\nAccept: application/json\r\n"
            "Content-Type: application/json\r\nContent-Length: {}\r\n{}{}{}\r\n",
            method, server.prefix, path, server.authority, body.size(),
            token.empty() ? "" : "Authorization: Bearer ", token, token.empty() ? "" : "\r\n");
    }

    /// Requests carry inputs: none of their copies outlives the call.
    static void wipe(std::string& text) {
        core::wipe_bytes({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
    }

    bool take_idle() {
        const auto now = Clock::now();
        while (!shared_->idle.empty()) {
            Idle idle = std::move(shared_->idle.back());
            shared_->idle.pop_back();
            if (now - idle.since < kIdleTime) {
                transport_ = std::move(idle.transport);
                return true;
            }
        }
        return false;
    }

    awaitable<Result<void>> connect() {
        const wire::ServerAddress& server = shared_->server;
        Result<void> result;
        auto [unresolved, addresses] =
            co_await resolver_.async_resolve(server.host, server.port, kAwait);
        error_code error = unresolved;
        if (!error && !is_over_) {
            auto [unconnected, address] = co_await asio::async_connect(socket_, addresses, kAwait);
            error = unconnected;
        }
        if (!error && !is_over_) {
            transport_ = server.is_tls ? make_tls_client_transport(std::move(socket_), shared_->tls,
                                                                   server.host)
                                       : make_tcp_transport(std::move(socket_));
            socket_ = asio::ip::tcp::socket(shared_->loop);
            error = co_await transport_->handshake();
        }
        if (error || is_over_) {
            transport_.reset();
            result = fail(ErrorKind::kUnavailable,
                          "cannot reach the inference server " + server.authority,
                          is_over_ ? "no time left" : error.message());
        }
        co_return result;
    }

    std::shared_ptr<Shared> shared_;
    core::AskCloud job_;
    InferenceClient::Handler handler_;
    Clock::time_point deadline_;
    asio::steady_timer timer_;
    asio::ip::tcp::resolver resolver_;
    asio::ip::tcp::socket socket_;  ///< while it connects
    std::unique_ptr<HttpTransport> transport_;
    bool keeps_open_ = false;
    bool is_over_ = false;
};

InferenceClient::InferenceClient(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

InferenceClient::~InferenceClient() {
    shared_->is_closed = true;
    shared_->idle.clear();
    for (Call* call : shared_->calls) {
        call->close();
    }
}

Result<std::unique_ptr<InferenceClient>> InferenceClient::open(asio::io_context& loop,
                                                               InferenceServerSettings settings) {
    auto server = wire::read_server_address(settings.url);
    if (!server) {
        return fail(server.error(), "cloud.url");
    }
    std::shared_ptr<asio::ssl::context> tls;
    if (server->is_tls) {
        auto context = make_tls_client_context(settings.ca_file);
        if (!context) {
            return tl::unexpected<base::Error>(context.error());
        }
        tls = std::move(*context);
    }
    auto shared = std::make_shared<Shared>(
        Shared{loop, std::move(settings), std::move(*server), std::move(tls), {}, {}, {}, false});
    return std::unique_ptr<InferenceClient>(new InferenceClient(std::move(shared)));
}

void InferenceClient::ask(core::AskCloud job, base::Duration time_left, Handler handler) {
    if (job.privacy != core::TaskPrivacy::kPublic) {
        job.features.wipe();
        asio::post(shared_->loop, [work = job.work, handler = std::move(handler)] {
            handler(core::CloudDone{
                work, fail(ErrorKind::kDenied, "the input's task is not public: not sent")});
        });
        return;
    }
    std::make_shared<Call>(shared_, std::move(job), time_left, std::move(handler))->start();
}

}  // namespace frugal::net
