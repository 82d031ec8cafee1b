// SPDX-License-Identifier: Apache-2.0
#include "support/device/site_model.hpp"

#include <algorithm>

#include "frugal/limits.h"

namespace frugal::test {
namespace {

template <typename Message>
bool parse(Message& message, const base::Bytes& payload) {
    return message.ParseFromArray(payload.data(), static_cast<int>(payload.size()));
}

template <typename Column>
std::uint32_t entry(const Column& column, int index) {
    return column.size() == 1 ? column[0] : column[index];
}

}  // namespace

void SiteModel::check_canonical(const google::protobuf::MessageLite& message,
                                const base::Bytes& payload) {
    if (serialize(message) != payload) {
        complaints.push_back("not canonical: " + message.GetTypeName());
    }
}

Down SiteModel::ack() const {
    v1::Ack ack;
    ack.set_stream(stream);
    ack.set_next_sequence(next_sequence);
    ack.set_fencing_epoch(fencing);
    ack.set_credit(credit);
    ack.set_price(price);
    ack.set_load(load);
    for (const auto& [id, its_price] : dearer) {
        auto* task = ack.add_dearer();
        task->set_task(id);
        task->set_price(its_price);
    }
    return {FR_DOWN_ACK, serialize(ack)};
}

Down SiteModel::desired() const {
    v1::Desired desired;
    desired.set_fencing_epoch(fencing);
    desired.set_version(version);
    auto* task = desired.add_tasks();
    task->set_task(1);
    if (wanted) {
        offer(*wanted, *task);
    }
    if (policy) {
        *task->mutable_policy() = *policy;
    }
    if (shadow) {
        *task->mutable_shadow() = *shadow;
    }
    task->set_minimum_battery_half_percent(minimum_battery);
    task->set_not_before_ticks(not_before_ticks);
    for (const auto& [id, release] : also_wanted) {
        auto* other = desired.add_tasks();
        other->set_task(id);
        offer(release, *other);
        if (const auto own = also_policies.find(id); own != also_policies.end()) {
            *other->mutable_policy() = own->second;
        }
    }
    return {FR_DOWN_DESIRED, serialize(desired)};
}

const Release& SiteModel::encoding_for_device(const Release& release) const {
    const bool is_known = hello && hello->tasks_size() != 0;
    const bool runs_base =
        is_known && hello->tasks(0).model_digest() == base::as_text(release.base_digest);
    return release.in_full && is_known && !runs_base ? *release.in_full : release;
}

void SiteModel::offer(const Release& wish, v1::TaskDesired& task) const {
    const Release& release = encoding_for_device(wish);
    *task.mutable_manifest() = release.signed_manifest;
    if (offers_artifact) {
        auto* artifact = task.mutable_artifact();
        artifact->set_digest(release.artifact.digest.data(), 32);
        artifact->set_list_digest(release.artifact.list_digest.data(), 32);
        artifact->set_size_bytes(release.artifact.layout.size_bytes);
        artifact->set_block_bytes(release.artifact.layout.block_bytes);
        artifact->set_decoder_profile(release.decoder_profile);
        artifact->set_decoder_ram_bytes(release.decoder_ram_bytes);
        artifact->set_base_lag_bytes(release.base_lag_bytes);
        artifact->set_base_digest(release.base_digest.data(), release.base_digest.size());
    }
}

const Release* SiteModel::release_of_artifact(const std::string& digest) const {
    const auto has = [&digest](const Release& release) {
        return std::equal(release.artifact.digest.begin(), release.artifact.digest.end(),
                          digest.begin(), digest.end(),
                          [](auto a, char b) { return a == static_cast<std::uint8_t>(b); });
    };
    // As a gateway does: of the two encodings only the one that is offered now.
    if (wanted && has(encoding_for_device(*wanted))) {
        return &encoding_for_device(*wanted);
    }
    for (const auto& [id, release] : also_wanted) {
        if (has(release)) {
            return &release;
        }
    }
    return nullptr;
}

Down SiteModel::chunk(const Release& release, std::uint32_t block) const {
    const auto& artifact = release.artifact;
    const auto start = block * artifact.layout.block_bytes;
    v1::Chunk chunk;
    chunk.set_artifact(artifact.digest.data(), 32);
    chunk.set_block(block);
    chunk.set_content(artifact.bytes.data() + start,
                      fr_artifact_block_bytes(&artifact.layout, block));
    return {FR_DOWN_CHUNK, serialize(chunk)};
}

std::vector<Down> SiteModel::receive(fr_up_kind_t kind, const base::Bytes& payload) {
    switch (kind) {
        case FR_UP_HELLO:
            return on_hello(payload);
        case FR_UP_DECISIONS:
            return on_decisions(payload);
        case FR_UP_FETCH:
            return on_fetch(payload);
        case FR_UP_ESCALATE:
            return on_escalate(payload);
        case FR_UP_REPORT: {
            auto& report = reports.emplace_back();
            if (!parse(report, payload)) {
                complaints.emplace_back("report does not parse");
            }
            check_canonical(report, payload);
            return {};
        }
        case FR_UP_HEALTH: {
            health.emplace();
            if (!parse(*health, payload)) {
                complaints.emplace_back("health does not parse");
            }
            check_canonical(*health, payload);
            return {};
        }
        default:
            return {};
    }
}

std::vector<Down> SiteModel::on_hello(const base::Bytes& payload) {
    v1::Hello message;
    ++hellos;
    if (!parse(message, payload)) {
        complaints.emplace_back("hello does not parse");
        return {};
    }
    check_canonical(message, payload);
    if (message.stream() == stream && hello && message.boot_epoch() < hello->boot_epoch()) {
        complaints.emplace_back("boot epoch went back");
    }
    if (message.stream() != stream) {
        stream = message.stream();
        next_sequence = 0;
        stored.clear();
    }
    if (message.next_sequence() < next_sequence) {
        complaints.emplace_back("the device forgot decisions it had sent");
    }
    hello = message;
    std::vector<Down> downs{ack()};
    if (wanted) {
        downs.push_back(desired());
    }
    return downs;
}

void SiteModel::store(const v1::Decisions& batch) {
    std::uint32_t ticks = batch.start_ticks();
    for (int i = 0; i < batch.classes_size(); ++i) {
        if (i > 0) {
            ticks += entry(batch.delta_ticks(), i - 1);
        }
        const std::uint64_t sequence = batch.first_sequence() + static_cast<std::uint64_t>(i);
        const Stored row{batch.boot_epoch(), batch.release(),          ticks,
                         batch.classes(i),   entry(batch.doubts(), i), entry(batch.outcomes(), i)};
        const auto [place, is_new] = stored.emplace(sequence, row);
        if (!is_new && place->second != row) {
            complaints.push_back("equivocation at sequence " + std::to_string(sequence));
        }
        next_sequence = std::max(next_sequence, sequence + 1);
    }
}

std::vector<Down> SiteModel::on_decisions(const base::Bytes& payload) {
    if (!hears_decisions) {
        return {};
    }
    v1::Decisions batch;
    if (!parse(batch, payload)) {
        complaints.emplace_back("decisions do not parse");
        return {};
    }
    check_canonical(batch, payload);
    batch_bytes += static_cast<std::uint32_t>(payload.size());
    batched += static_cast<std::uint32_t>(batch.classes_size());
    if (batch.stream() != stream) {
        return {};
    }
    if (batch.first_sequence() > next_sequence) {
        if (!batch.has_dropped_from() || batch.dropped_from() > next_sequence) {
            return acks ? std::vector<Down>{ack()} : std::vector<Down>{};
        }
        declared_dropped += batch.first_sequence() - next_sequence;
        next_sequence = batch.first_sequence();
    }
    store(batch);
    return acks ? std::vector<Down>{ack()} : std::vector<Down>{};
}

std::vector<Down> SiteModel::on_fetch(const base::Bytes& payload) {
    v1::Fetch fetch;
    std::vector<Down> downs;
    if (!parse(fetch, payload)) {
        complaints.emplace_back("fetch does not parse");
        return {};
    }
    check_canonical(fetch, payload);
    const auto* release = release_of_artifact(fetch.artifact());
    if (release == nullptr) {
        return {};
    }
    std::uint32_t left = fetch.credit();
    for (std::uint32_t i = 0; i < 64 && left > 0; ++i) {
        const auto block = fetch.base_block() + i;
        if ((fetch.missing() >> i & 1U) == 0) {
            continue;
        }
        if (block >= release->artifact.layout.block_count) {
            complaints.emplace_back("asked for a block that does not exist");
            break;
        }
        downs.push_back(chunk(*release, block));
        chunk_bytes_sent += fr_artifact_block_bytes(&release->artifact.layout, block);
        --left;
    }
    return downs;
}

std::vector<Down> SiteModel::on_escalate(const base::Bytes& payload) {
    v1::Escalate escalate;
    if (!parse(escalate, payload)) {
        complaints.emplace_back("escalate does not parse");
        return {};
    }
    check_canonical(escalate, payload);
    ++escalations;
    may_go_on += escalate.may_go_on() ? 1 : 0;
    if (answer == Answer::kSilence) {
        return {};
    }
    v1::Verdict verdict;
    verdict.set_stream(escalate.stream());
    verdict.set_sequence(escalate.sequence());
    verdict.set_status(answer == Answer::kEdge   ? v1::VERDICT_STATUS_ANSWERED
                       : answer == Answer::kBusy ? v1::VERDICT_STATUS_BUSY
                                                 : v1::VERDICT_STATUS_REFUSED);
    const auto own = dearer.find(escalate.task());
    verdict.set_price(own != dearer.end() ? own->second : price);
    verdict.set_load(load);
    verdict.set_retry_after_ms(answer == Answer::kBusy ? 500 : 0);
    if (answer == Answer::kEdge) {
        verdict.set_class_id(edge_class);
        verdict.set_confidence(240);
        verdict.set_tier(v1::TIER_EDGE);
    }
    return {{FR_DOWN_VERDICT, serialize(verdict)}};
}

}  // namespace frugal::test
