// SPDX-License-Identifier: Apache-2.0
#include "app/revocation.hpp"

#include <csignal>

#include <charconv>
#include <deque>

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/fault_point.hpp"
#include "crypto/private_file.hpp"

namespace frugal::app {

namespace asio = boost::asio;
using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kSmallFileMax = 64;

/// The number in a small text file; 0 if there is none.
std::uint64_t read_number(const std::filesystem::path& path) {
    const auto text = crypto::read_file(path, kSmallFileMax);
    std::uint64_t number = 0;
    if (text) {
        std::from_chars(text->data(), text->data() + text->size(), number);
    }
    return number;
}

Result<void> write_number(const std::filesystem::path& path, std::uint64_t number) {
    return crypto::write_file(path, base::as_bytes(std::to_string(number)),
                              crypto::FileAccess::kReadable);
}

}  // namespace

class Revocation::Impl : public std::enable_shared_from_this<Impl> {
public:
    Impl(boost::asio::io_context& loop, SiteFiles files, const crypto::SiteAuthority& authority,
         RevocationSettings settings)
        : loop_(loop),
          files_(std::move(files)),
          authority_(authority),
          settings_(std::move(settings)),
          hold_timer_(loop) {}

    void publish(core::PublishRevocations request, Handler handler) {
        // The list at once: a revocation must not wait behind the take-overs of others.
        auto published = write_list(request);
        published = published ? reload_broker() : published;
        if (published && request.kick && !settings_.can_take_over) {
            published =
                fail(ErrorKind::kUnsupported,
                     "the list is written, but this gateway cannot close the connection of " +
                         request.kick->text(),
                     "only a local broker lets the gateway take a session over",
                     "Load the list into the remote broker and disconnect the client there.");
        }
        if (!published || !request.kick) {
            asio::post(loop_, [self = shared_from_this(), handler = std::move(handler),
                               published = std::move(published)] {
                if (!self->is_closed_) {
                    handler(published);
                }
            });
            return;
        }
        waiting_.push_back({request.kick->text(), std::move(handler)});
        if (waiting_.size() == 1) {
            begin();
        }
    }

    void close() {
        is_closed_ = true;
        hold_timer_.cancel();
        link_.reset();
    }

private:
    struct Waiting {
        std::string device;  ///< whose connection is to be closed
        Handler handler;
    };

    void begin() {
        attempts_ = 0;
        is_finishing_ = false;
        base::fault_point("revocation.kick");
        take_over(waiting_.front().device);
    }

    Result<void> write_list(const core::PublishRevocations& request) {
        std::vector<crypto::RevokedSerial> revoked;
        for (const auto& entry : request.revoked) {
            revoked.push_back({crypto::SerialNumber{entry.serial}, entry.revoked_at});
        }
        const std::uint64_t number = read_number(files_.revocation_number()) + 1;
        auto list = authority_.make_revocation_list(revoked, number);
        if (!list) {
            return tl::unexpected(list.error());
        }
        if (auto written = write_number(files_.revocation_number(), number); !written) {
            return written;
        }
        return crypto::write_file(files_.revocation_list(), base::as_bytes(*list),
                                  crypto::FileAccess::kReadable);
    }

    Result<void> reload_broker() {
        if (!settings_.broker_pid_file.empty()) {
            const auto pid = static_cast<pid_t>(read_number(settings_.broker_pid_file));
            if (pid > 1) {
                // Its absence is no error: a broker that is down reads the list when it starts.
                (void)::kill(pid, SIGHUP);
            }
        }
        return write_number(files_.reload_stamp(), read_number(files_.reload_stamp()) + 1);
    }

    void take_over(const std::string& device) {
        net::MqttSettings settings = settings_.broker;
        settings.client_id = device;
        settings.subscriptions.clear();
        const auto weak = weak_from_this();
        link_ = std::make_unique<net::MqttLink>(
            loop_, std::move(settings),
            net::MqttLink::Handlers{[](const net::MessageBatch&) {},
                                    [weak](const net::LinkChange& change) {
                                        if (auto self = weak.lock()) {
                                            self->on_change(change);
                                        }
                                    }});
        if (auto started = link_->start(); !started) {
            finish(started);
        }
    }

    void on_change(const net::LinkChange& change) {
        if (!link_ || is_finishing_) {
            return;
        }
        if (change.is_up) {
            hold_timer_.expires_after(settings_.hold);
            hold_timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
                auto self = weak.lock();
                if (self && !error && self->link_) {
                    self->finish({});
                }
            });
            return;
        }
        hold_timer_.cancel();
        if (++attempts_ >= settings_.attempts_max) {
            finish(fail(
                ErrorKind::kUnavailable,
                "the connection of " + waiting_.front().device + " could not be closed for good",
                change.error.message.empty() ? "it came back each time" : change.error.message,
                "Check that the broker reloads its revocation list, then revoke again."));
            return;
        }
        (void)reload_broker();  // the link connects again by itself and checks the effect
    }

    void finish(Result<void> outcome) {
        if (is_finishing_) {
            return;  // a timer and a link change may both have been under way
        }
        is_finishing_ = true;
        // Posted: the link must not be destroyed inside its own handler.
        asio::post(loop_, [self = shared_from_this(), outcome = std::move(outcome)] {
            if (self->is_closed_) {
                return;
            }
            self->hold_timer_.cancel();
            self->link_.reset();
            const Handler handler = std::move(self->waiting_.front().handler);
            self->waiting_.pop_front();
            if (!self->waiting_.empty()) {
                self->begin();
            }
            handler(outcome);
        });
    }

    boost::asio::io_context& loop_;
    SiteFiles files_;
    const crypto::SiteAuthority& authority_;
    RevocationSettings settings_;
    std::deque<Waiting> waiting_;
    bool is_closed_ = false;
    bool is_finishing_ = false;  ///< the first one has an outcome that is on its way
    std::unique_ptr<net::MqttLink> link_;
    boost::asio::steady_timer hold_timer_;
    int attempts_ = 0;
};

Revocation::Revocation(boost::asio::io_context& loop, SiteFiles files,
                       const crypto::SiteAuthority& authority, RevocationSettings settings)
    : impl_(std::make_shared<Impl>(loop, std::move(files), authority, std::move(settings))) {}

Revocation::~Revocation() {
    impl_->close();
}

void Revocation::publish(core::PublishRevocations request, Handler handler) {
    impl_->publish(std::move(request), std::move(handler));
}

}  // namespace frugal::app
