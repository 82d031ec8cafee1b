// SPDX-License-Identifier: Apache-2.0
// Asks a server of the Open Inference Protocol (v2, HTTP with JSON tensors) for the third tier.
// Made and used on the loop thread; answers come there. A job is asked once, never hedged, and
// answered once, when its time is over at the latest (a name that cannot be resolved may take
// longer). An input whose task is not public is refused here too, whatever its type says. A model
// is asked only after its server said that it is ready; a failure makes the next call ask that
// again.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/effect.hpp"
#include "core/event.hpp"
#include "wire/inference_protocol.hpp"

namespace boost::asio {
class io_context;
}

namespace frugal::net {

struct InferenceServerSettings {
    std::string url;      ///< http://host[:port] or https://host[:port]
    std::string ca_file;  ///< https: who signed it; empty: the system's authorities
    std::string token;    ///< bearer; empty for none
    std::uint32_t priority = 0;
    wire::InputScale scale;  ///< for models with float inputs
};

class InferenceClient {
public:
    using Handler = std::function<void(core::CloudDone)>;

    /// kInvalidInput for an URL that is none, kNotFound or kInvalidInput for the CA file.
    static base::Result<std::unique_ptr<InferenceClient>> open(boost::asio::io_context& loop,
                                                               InferenceServerSettings settings);

    /// Closes what is open; jobs under way are not answered any more.
    ~InferenceClient();
    InferenceClient(const InferenceClient&) = delete;
    InferenceClient& operator=(const InferenceClient&) = delete;

    /// `handler` is called on the loop, never from inside this call, after `time_left` at the
    /// latest.
    void ask(core::AskCloud job, base::Duration time_left, Handler handler);

    struct Shared;

private:
    explicit InferenceClient(std::shared_ptr<Shared> shared);

    std::shared_ptr<Shared> shared_;
};

}  // namespace frugal::net
