// SPDX-License-Identifier: Apache-2.0
#include "unit/core/site_world.hpp"

#include "crypto/release_key.hpp"
#include "crypto/verified_manifest.hpp"
#include "wire/manifest.hpp"

namespace frugal::core {

namespace {

const crypto::ReleaseKey& release_key() {
    static const auto key = *crypto::ReleaseKey::generate();
    return key;
}

SignedBlob signed_bytes(base::Bytes content) {
    const auto signature = *release_key().sign(content);
    return SignedBlob(*crypto::VerifiedManifest::verify(std::move(content), signature,
                                                        release_key().public_key()));
}

}  // namespace

ManifestPointer signed_manifest(ManifestContent content) {
    return std::make_shared<const VerifiedManifest>(
        *wire::parse_manifest(signed_bytes(*wire::encode_manifest(content))));
}

SignedPointer signed_policy(std::string_view content) {
    const auto bytes = base::as_bytes(content);
    return std::make_shared<const SignedBlob>(signed_bytes({bytes.begin(), bytes.end()}));
}

ManifestContent manifest_content(std::string_view model, std::uint32_t release,
                                 std::uint32_t counter, std::string_view device_class) {
    return {.model = model_name(model),
            .release = release,
            .counter = counter,
            .task = 1,
            .device_class = *base::ClassName::parse(device_class),
            .runtime_abi = 1,
            .model_digest = digest_of(static_cast<std::uint8_t>(release)),
            .model_bytes = 8000,
            .arena_bytes = 10'000,
            .operators = {3 * 256 + 1, 9 * 256 + 2},
            .input_bytes = 784,
            .output_classes = 10};
}

Capability capability(std::string_view device_class) {
    return {.device_class = *base::ClassName::parse(device_class),
            .runtime_abi = 1,
            .arena_bytes = 65'536,
            .slot_bytes = 262'144,
            .staging_bytes = 262'144,
            .block_bytes = 1024,
            .decoder_ram_bytes = 4096,
            .decoder_profiles = 2,
            .operators = {3 * 256 + 3, 9 * 256 + 4},
            .features_bytes_max = 4096};
}

Hello hello(std::string_view device, std::uint64_t stream) {
    return {.protocol = 1,
            .device = std::string(device),
            .stream = {stream},
            .boot_epoch = 1,
            .capability = capability(),
            .tasks = {{.task = 1, .phase = UpdatePhase::kIdle}}};
}

Decisions decisions(std::uint64_t first, std::uint32_t count, std::uint64_t stream) {
    Decisions batch{.stream = {stream},
                    .first_sequence = first,
                    .boot_epoch = 1,
                    .task = 1,
                    .release = 1,
                    .energy_uj = count * 10,
                    .count = count};
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto sequence = first + i;
        batch.ticks[i] = static_cast<std::uint32_t>(sequence * 3);
        batch.classes[i] = static_cast<std::uint8_t>(sequence % 10);
        batch.confidences[i] = static_cast<std::uint8_t>(200 + sequence % 50);
        batch.outcomes[i] = 0x11;
    }
    return batch;
}

SiteWorld::SiteWorld(const CoreConfig& config, Snapshot snapshot)
    : now{base::Instant{std::chrono::seconds(1)}, base::WallTime{1'700'000'000'000}},
      tick(std::move(snapshot), config) {
    absorb(tick.boot(now));
}

void SiteWorld::absorb(TickOutput output) {
    const auto from = effects.size();
    for (auto& effect : output.effects) {
        effects.push_back(std::move(effect));
    }
    if (output.commit) {
        ASSERT_FALSE(pending_) << "two commits in flight";
        pending_ = std::move(output.commit);
        if (!is_disk_held_) {
            commit();
        }
    }
    answer_effects(from);
}

// The parts of the world that always work in these tests: the authority and the broker's list.
void SiteWorld::answer_effects(std::size_t from) {
    std::vector<Event> answers;
    for (std::size_t i = from; i < effects.size(); ++i) {
        if (const auto* issue = std::get_if<IssueCertificate>(&effects[i])) {
            IssuedCertificate certificate;
            certificate.pem = "certificate of " + issue->device.text();
            certificate.record.serial[0] = static_cast<std::uint8_t>(issue->work.value);
            answers.push_back(CertificateDone{issue->work, certificate});
        } else if (const auto* publish = std::get_if<PublishRevocations>(&effects[i])) {
            answers.push_back(RevocationDone{publish->work, {}});
        }
    }
    if (!answers.empty()) {
        absorb(tick.step(std::move(answers), now));
    }
}

void SiteWorld::commit() {
    ASSERT_TRUE(pending_);
    const auto request = std::move(*pending_);
    pending_.reset();
    committed.push_back(request.batch);
    absorb(tick.on_commit(request.id, {}, now));
}

void SiteWorld::fail_commit() {
    ASSERT_TRUE(pending_);
    const auto id = pending_->id;
    pending_.reset();
    absorb(tick.on_commit(id, base::fail(base::ErrorKind::kStorage, "disk"), now));
}

void SiteWorld::give(Event event) {
    std::vector<Event> events;
    events.push_back(std::move(event));
    absorb(tick.step(std::move(events), now));
}

void SiteWorld::say(const std::string& device, UpMessage message) {
    give(DeviceMessage{device_id(device), std::move(message), 100});
}

base::Result<AdminReply> SiteWorld::ask(AdminCommand command, const std::string& actor) {
    const base::RequestId request{next_request_++};
    give(AdminRequest{request, actor, std::move(command)});
    for (auto& effect : effects) {
        if (auto* reply = std::get_if<Reply>(&effect);
            reply != nullptr && reply->request == request) {
            return reply->reply;
        }
    }
    return base::fail(base::ErrorKind::kInternal, "no reply yet");
}

void SiteWorld::enrol(const std::string& device) {
    get<Done>(AddDevice{device_id(device), "a label", digest_of(9), std::chrono::hours(1)});
    get<CertificateIssued>(EnrolDevice{device_id(device), digest_of(9), {1, 2, 3}});
}

void SiteWorld::import(std::uint32_t release, std::uint32_t counter, std::uint8_t model_fill,
                       std::uint32_t task) {
    auto content = manifest_content("net", release, counter);
    content.model_digest = digest_of(model_fill);
    content.task = task;
    const ArtifactRecord artifact{.digest = digest_of(static_cast<std::uint8_t>(100 + release)),
                                  .size_bytes = 5000,
                                  .block_bytes = 512,
                                  .list_digest = digest_of(1),
                                  .decoder_profile = 1,
                                  .decoder_ram_bytes = 3000};
    ImportRelease command{.model = model_name("net"),
                          .release = release,
                          .counter = counter,
                          .task = task,
                          .variants = {{signed_manifest(content), {artifact}}}};
    command.blobs.push_back(
        {.digest = artifact.digest, .bytes = std::make_shared<const base::Bytes>(5000)});
    get<ReleaseImported>(std::move(command));
}

RolloutDeviceRecord SiteWorld::standing(base::RolloutId rollout, const std::string& device) {
    for (const auto& entry : get<RolloutDetail>(GetRollout{rollout, {}, 1000}).devices) {
        if (entry.device.text() == device) {
            return entry.record;
        }
    }
    return {};
}

void SiteWorld::advance(base::Duration duration) {
    const auto end = now.instant + duration;
    for (int i = 0; i < 100'000; ++i) {
        const auto deadline = tick.next_deadline();
        if (!deadline || *deadline > end) {
            break;
        }
        now.instant = std::max(now.instant, *deadline);
        absorb(tick.step({}, now));
    }
    now.instant = end;
    absorb(tick.step({}, now));
}

std::vector<Effect> SiteWorld::take() {
    return std::exchange(effects, {});
}

std::size_t SiteWorld::stored_decisions() const {
    std::size_t rows = 0;
    for (const auto& batch : committed) {
        rows += batch->decision_rows;
    }
    return rows;
}

}  // namespace frugal::core
