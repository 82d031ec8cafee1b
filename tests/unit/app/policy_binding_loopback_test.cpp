// SPDX-License-Identifier: Apache-2.0
// The real gateway makes a version's form for each model that a device comes with: asked for by the
// core, compiled and signed beside it, told over MQTT.
#include <boost/asio/post.hpp>

#include "app/policy_builder.hpp"
#include "base/any_class.hpp"
#include "base/hex.hpp"
#include "frugal/policy.h"
#include "policy/author/compiled_policy.hpp"
#include "unit/app/gateway_fixture.hpp"
#include "unit/core/site_world.hpp"

namespace frugal::app {
namespace {

constexpr std::uint8_t kModelA = 1;
constexpr std::uint8_t kModelB = 2;
constexpr std::uint8_t kModelC = 3;  // released, but the text has no table for it

std::string table_of(std::uint8_t model, int gain) {
    std::string text = "[[task.leaf.model]]\nsha256 = \"" + base::to_hex(core::digest_of(model)) +
                       "\"\ngain = [" + std::to_string(gain);
    for (int i = 1; i < 32; ++i) {
        text += ", " + std::to_string(gain);
    }
    return text + "]\n";
}

class PolicyBindingLoopback : public GatewayTest {
protected:
    void SetUp() override {
        GatewayTest::SetUp();
        if (IsSkipped()) {
            return;
        }
        start();
        gateway->on_bind([this](core::BindPolicy&& wanted, auto answer) {
            boost::asio::post(loop, [this, wanted = std::move(wanted), answer] {
                answer(bind_policy(wanted, key));
            });
        });
        ask(core::DefineTask{task});
        for (const auto model : {kModelA, kModelB, kModelC}) {
            import(model);
        }
        core::PolicyVersionRecord version{.task = 1, .version = 5, .release = "leaf@1"};
        version.text = text;
        version.parts = {{base::any_class(), form_for(kModelA)}};
        ask(core::SetPolicy{std::move(version)});
    }

    void ask(core::AdminCommand command) {
        std::optional<base::Result<core::AdminReply>> reply;
        gateway->ask("ada", std::move(command),
                     [&reply](base::Result<core::AdminReply> said) { reply = std::move(said); });
        run_until([&] { return reply.has_value(); });
        ASSERT_TRUE(*reply) << reply->error().describe();
    }
    void import(std::uint8_t model) {
        auto content = core::manifest_content("leaf", model, model);
        content.model_digest = core::digest_of(model);
        core::ArtifactRecord artifact{.digest = core::digest_of(100 + model),
                                      .size_bytes = 3,
                                      .block_bytes = 512,
                                      .list_digest = core::digest_of(1),
                                      .decoder_profile = 1,
                                      .decoder_ram_bytes = 3000};
        core::ImportRelease command{.model = *base::ModelName::parse("leaf"),
                                    .release = model,
                                    .counter = model,
                                    .task = 1,
                                    .variants = {{core::signed_manifest(content), {artifact}}}};
        command.blobs.push_back(
            {.digest = artifact.digest, .bytes = std::make_shared<const base::Bytes>(3)});
        ask(std::move(command));
    }
    core::SignedPointer form_for(std::uint8_t model) {
        const auto form = bind_policy(
            {.version = 5, .task = task, .text = text, .model = core::digest_of(model)}, key);
        EXPECT_TRUE(form) << form.error().describe();
        return *form;
    }
    /// The device runs this model; what it is told then.
    void come_with(std::uint8_t model) {
        const auto before = desired_count;
        v1::TaskState state;
        state.set_task(1);
        state.set_release(model);
        const auto digest = core::digest_of(model);
        state.set_model_digest(digest.data(), digest.size());
        state.set_phase(v1::UPDATE_PHASE_IDLE);
        say_hello({state});
        run_until([&] { return desired_count > before; });
    }
    void expect_told(std::uint8_t model, int gain) {
        ASSERT_EQ(desired.tasks_size(), 1);
        const auto bytes = base::as_bytes(desired.tasks(0).policy().content());
        EXPECT_EQ(fr_policy_id(bytes.data(), bytes.size()), 5U);
        EXPECT_EQ(fr_policy_model(bytes.data(), bytes.size(), 1),
                  fr_policy_model_tag(core::digest_of(model).data()));
        EXPECT_EQ(policy::read_compiled(bytes)->tasks[0].tables[0][0], gain);
    }

    const crypto::ReleaseKey key = crypto::ReleaseKey::generate().value();
    const core::TaskRecord task{1, "leaf", {"healthy"}, core::TaskPrivacy::kEdgeOnly};
    const std::string text =
        "[policy]\nfail_safe = \"local\"\n[task.leaf]\nprivacy = \"edge-only\"\ncaps = { "
        "node_per_hour = 64 }\nprice = { payload = 1 }\n" +
        table_of(kModelA, 9) + table_of(kModelB, 77);
};

TEST_F(PolicyBindingLoopback, ADeviceGetsTheFormOfTheModelThatItRunsBeforeAndAfterAnUpdate) {
    come_with(kModelA);
    expect_told(kModelA, 9);
    come_with(kModelB);
    expect_told(kModelB, 77);
    come_with(kModelA);  // it went back
    expect_told(kModelA, 9);
    EXPECT_EQ(logged(core::LogEvent::kPolicyNotBound), 0U);
}

TEST_F(PolicyBindingLoopback, WhoseFormCannotBeMadeIsToldWithoutIt) {
    come_with(kModelC);
    EXPECT_EQ(logged(core::LogEvent::kPolicyNotBound), 1U);
    for (const auto& told : desired.tasks()) {
        EXPECT_TRUE(told.policy().content().empty());
    }
}

}  // namespace
}  // namespace frugal::app
