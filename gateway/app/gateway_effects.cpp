// SPDX-License-Identifier: Apache-2.0
// How the gateway performs what the core asks for.
#include <boost/asio/post.hpp>

#include "app/gateway_impl.hpp"

namespace frugal::app {

using base::Result;

void Gateway::Impl::perform_effect(core::Send&& message) {
    if (link_) {
        link_->send(message);
    }
}

void Gateway::Impl::perform_effect(core::SendBlocks&& blocks) {
    const auto bytes = blobs_->get(blocks.artifact);
    if (!bytes) {
        log_.error("artifact.unreadable", bytes.error());
    } else if (link_) {
        link_->send(blocks, **bytes);
    }
}

void Gateway::Impl::perform_effect(core::Infer&& job) {
    auto model = blobs_->get(job.edge_model);
    if (!model) {
        // Posted, as a worker's answer is: this may be the midst of a step's effects.
        boost::asio::post(loop_, [this, generation = generation_, work = job.work,
                                  count = job.inputs.size(), error = std::move(model.error())] {
            core::InferenceDone failed{work, {}, {}};
            failed.answers.assign(count, tl::unexpected(error));
            deliver(generation, std::move(failed));
        });
        return;
    }
    workers_->run(std::move(job), std::move(*model));
}

void Gateway::Impl::perform_effect(core::AskCloud&& job) {
    const auto time_left = job.deadline - clock_().instant;
    cloud_->ask(std::move(job), time_left, [this, generation = generation_](core::CloudDone done) {
        deliver(generation, std::move(done));
    });
}

void Gateway::Impl::perform_effect(core::IssueCertificate&& job) {
    issuer_.issue(std::move(job), clock_().wall,
                  [this, generation = generation_](core::CertificateDone&& done) {
                      deliver(generation, std::move(done));
                  });
}

void Gateway::Impl::perform_effect(core::PublishRevocations&& request) {
    const base::WorkId work = request.work;
    revocation_->publish(std::move(request),
                         [this, generation = generation_, work](Result<void> outcome) {
                             deliver(generation, core::RevocationDone{work, std::move(outcome)});
                         });
}

void Gateway::Impl::perform_effect(core::Reply&& reply) {
    const auto found = replies_.find(reply.request);
    if (found == replies_.end()) {
        return;
    }
    auto handler = std::move(found->second);
    replies_.erase(found);
    handler(std::move(reply.reply));
}

void Gateway::Impl::perform_effect(core::Observed&& one) {
    if (evidence_.on_answer) {
        evidence_.on_answer(std::move(one));
    }
}

void Gateway::Impl::perform_effect(core::DecisionsStored&& one) {
    if (evidence_.on_decisions) {
        evidence_.on_decisions(std::move(one));
    }
}

void Gateway::Impl::perform_effect(core::BindPolicy&& wanted) {
    auto answer = [this, generation = generation_,
                   work = wanted.work](Result<core::SignedPointer> form) {
        deliver(generation, core::PolicyBound{work, std::move(form)});
    };
    if (binder_) {
        binder_(std::move(wanted), std::move(answer));
        return;
    }
    boost::asio::post(loop_, [answer = std::move(answer)] {
        answer(base::fail(base::ErrorKind::kUnavailable, "nobody makes policies here"));
    });
}

void Gateway::Impl::perform_effect(core::Log&& line) {
    log_.write(level_of(line.event), core::to_string(line.event), line.fields);
    if (log_observer_) {
        log_observer_(line);
    }
}

}  // namespace frugal::app
