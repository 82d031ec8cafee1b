// SPDX-License-Identifier: Apache-2.0
// Turns bytes of one HTTP/1.1 connection into requests, without a socket: feed() what arrived, look
// at state(), take() the request, go on with what is left. Owned by one connection, its thread.
// Every length has a limit; anything odd is an error after which the connection must close.
#pragma once

#include <cstddef>
#include <memory>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "wire/http_message.hpp"

namespace frugal::wire {

struct HttpLimits {
    std::size_t head_bytes = 8192;
    std::size_t fields = 64;
    std::size_t target_bytes = 2048;
    std::size_t query_keys = 32;
};

class HttpParser {
public:
    enum class State {
        kHead,      ///< more bytes of the head are needed
        kHeadDone,  ///< request() is complete but for its body: set_body_limit(), then feed()
        kBody,      ///< more bytes of the body are needed
        kDone,      ///< take() the request
        kFailed,    ///< failure() says why; close after answering with its status
    };

    /// Why a request was refused and the status that says so (400, 413, 414, 431, 501, 505).
    struct Failure {
        int status = 400;
        base::Error error;
    };

    explicit HttpParser(HttpLimits limits = {});
    ~HttpParser();
    HttpParser(HttpParser&&) noexcept;
    HttpParser& operator=(HttpParser&&) noexcept;

    /// Consumes bytes up to the end of the head or of the request; returns how many were taken.
    /// Feed the rest again (after set_body_limit() or take()).
    std::size_t feed(base::ByteView bytes);

    /// The largest body to accept for this request; call in kHeadDone, else the limit is 0 bytes.
    void set_body_limit(std::size_t bytes);

    State state() const;
    const HttpRequest& request() const;
    const Failure& failure() const;
    bool expects_continue() const;  ///< the client waits for "100 Continue" before its body
    bool has_begun() const;         ///< at least one byte of the current request has arrived

    /// Gives the finished request away and starts anew. Only in kDone.
    HttpRequest take();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Splits and decodes a request target ("/a/b?x=1") into path and query. kInvalidInput, kLimit.
base::Result<void> decode_target(std::string_view target, const HttpLimits& limits,
                                 HttpRequest& request);

}  // namespace frugal::wire
