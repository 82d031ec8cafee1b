// SPDX-License-Identifier: Apache-2.0
// Real models on real images under the shipped policy: the device's own evaluator decides, the edge
// model answers, the daemon's learner learns; against everything local and everything to the edge.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "app/learner_feed.hpp"
#include "base/hex.hpp"
#include "base/rng.hpp"
#include "crypto/sha256.hpp"
#include "device-sim/sensors/image_sensor.hpp"
#include "inference/engine.hpp"
#include "policy/author/policy_file.hpp"
#include "unit/core/site_world.hpp"

namespace frugal::app {
namespace {

constexpr int kImages = 600;
constexpr int kTasks = 9600;
// Design 2.1 and 2.2: 600 pJ a multiply-accumulate on a Cortex-M4, 1.8 uJ a byte on 802.15.4.
constexpr double kLocal_uj = 3296 * 600e-6;
constexpr double kRadio_uj = 784 * 1.8;

struct Picture {
    std::uint32_t truth = 0;
    inference::Classification local;
    inference::Classification edge;
};

base::Bytes read_file(const std::string& name) {
    std::ifstream file(std::string(FRUGAL_SOURCE_DIR) + "/" + name, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    const std::string all = text.str();
    return {all.begin(), all.end()};
}

/// Both models' answers to the same images, once for all tests.
const std::vector<Picture>& pictures() {
    static const std::vector<Picture> all = [] {
        std::vector<Picture> made;
        auto sensor = swarm::ImageSensor::load(swarm::ImageSensor::kInstalledAt);
        auto local = inference::Engine::load(read_file("device-sim/models/fashion-tiny-1.tflite"));
        auto edge = inference::Engine::load(read_file("device-sim/models/fashion-edge.tflite"));
        if (!sensor || !local || !edge) {
            return made;
        }
        swarm::Random random(5);
        swarm::Sample sample;
        for (int i = 0; i < kImages; ++i) {
            sensor->measure(random, sample);
            made.push_back({static_cast<std::uint32_t>(sample.label),
                            *local->classify(sample.input), *edge->classify(sample.input)});
        }
        return made;
    }();
    return all;
}

struct Figures {
    double accuracy = 0;
    double sent = 0;
    double energy_uj = 0;
};

class Fleet {
public:
    explicit Fleet(bool is_table_known) {
        std::string text(base::as_text(read_file("config/policies/fashion.toml")));
        if (!is_table_known) {  // as if somebody had written a policy that never asks
            for (auto at = text.find("gain = ["); at != std::string::npos;
                 at = text.find("gain = [", at + 1)) {
                const auto end = text.find(']', at);
                std::string none = "gain = [0";
                for (int i = 1; i < 32; ++i) {
                    none += ", 0";
                }
                text.replace(at, end - at, none);
            }
            for (auto at = text.find("canary = 500"); at != std::string::npos;
                 at = text.find("canary = 500")) {
                text.replace(at, 12, "canary = 0");
            }
        }
        model_ = crypto::sha256(read_file("device-sim/models/fashion-tiny-1.tflite"));
        edge_ = crypto::sha256(read_file("device-sim/models/fashion-edge.tflite"));
        compiled_ =
            *policy::compile_policy(text, "fashion.toml", {"fashion", 1, model_, labels(), 1});
        text_ = text;
        auto content = core::manifest_content("fashion", 1, 1, "tiny");
        content.model_digest = model_;
        core::ReleaseRecord release{
            .model = core::model_name("fashion"), .release = 1, .counter = 1};
        release.task = 1;
        release.variants.emplace_back().manifest = core::signed_manifest(content);
        knowledge_.models.releases = {std::make_shared<const core::ReleaseRecord>(release)};
        knowledge_.tasks.tasks = {{1, "fashion", labels()}};
        knowledge_.tasks.edge_models = {{1, edge_, "fashion-edge", 784}};
        tell();
    }

    /// `shift` is added to the device's class: a fault that leaves it as confident as before.
    Figures live(int tasks, std::uint32_t shift = 0) {
        Figures figures;
        for (int i = 0; i < tasks; ++i) {
            decide(pictures()[rng_.below(pictures().size())], shift, figures);
            if (++done_ % 64 == 0) {
                step();
            }
        }
        figures.accuracy /= tasks;
        figures.sent /= tasks;
        figures.energy_uj = kLocal_uj + figures.sent * kRadio_uj;
        return figures;
    }

private:
    static std::vector<std::string> labels() {
        return {"t-shirt", "trouser", "pullover", "dress", "coat",
                "sandal",  "shirt",   "sneaker",  "bag",   "ankle-boot"};
    }

    void tell() {
        knowledge_.authored = {{id_, {text_, "fashion@1"}}};
        knowledge_.tasks.policies = {{*base::ClassName::parse("tiny"), 1, id_,
                                      core::signed_policy(base::as_text(compiled_))}};
        feed_.know(knowledge_);
    }

    void decide(const Picture& picture, std::uint32_t shift, Figures& figures) {
        const std::uint32_t local = (picture.local.class_index + shift) % 10;
        fr_policy_context_t context{};
        context.fields[FR_FIELD_TASK] = 1;
        context.fields[FR_FIELD_CONFIDENCE] = picture.local.confidence_q8;
        context.fields[FR_FIELD_CLASS] = static_cast<std::int16_t>(local);
        context.fields[FR_FIELD_PRIVACY] = 1;
        context.fields[FR_FIELD_BATTERY] = 200;
        context.fields[FR_FIELD_RTT] = 16;
        context.fields[FR_FIELD_PAYLOAD] = 784 / 16;
        context.fields[FR_FIELD_TOKENS] = 100;
        context.fields[FR_FIELD_SLACK] = INT16_MAX;
        context.fields[FR_FIELD_LINK] = 1;
        context.random = static_cast<std::uint32_t>(rng_.next() >> 32);
        fr_policy_answer_t answer{};
        fr_policy_evaluate(compiled_.data(), compiled_.size(), &context, &answer);
        const auto tiny = *base::ClassName::parse("tiny");
        if (answer.tier == FR_TIER_LOCAL) {
            core::DecisionsStored stored{tiny, {}, model_};
            stored.run.decisions.task = 1;
            stored.run.decisions.count = 1;
            stored.run.decisions.classes[0] = static_cast<std::uint8_t>(local);
            stored.run.decisions.confidences[0] = picture.local.confidence_q8;
            stored.run.decisions.outcomes[0] = static_cast<std::uint8_t>(16 + answer.reason);
            news_.decided.push_back(std::move(stored));
            figures.accuracy += local == picture.truth ? 1 : 0;
            return;
        }
        core::Observed observed{tiny, {}, model_};
        auto& record = observed.record;
        record.device = static_cast<core::DeviceNumber>(rng_.below(20));
        record.task = 1;
        record.local_confidence = picture.local.confidence_q8;
        record.local_class = local;
        record.edge_class = picture.edge.class_index;
        record.edge_chance = picture.edge.confidence_q8;
        record.local_chance = picture.edge.probability_q8[local];
        record.is_audit = answer.reason == FR_POLICY_AUDIT;
        record.is_in_time = true;
        record.edge_model = edge_;
        news_.answered.push_back(std::move(observed));
        figures.accuracy += picture.edge.class_index == picture.truth ? 1 : 0;
        figures.sent += 1;
    }

    void step() {
        now_ = now_ + std::chrono::seconds(60);
        feed_.take(std::exchange(news_, {}));
        auto result = feed_.learner().step(now_, id_ + 1);
        for (const auto& push : result.pushes) {
            compiled_ = push.compiled;
            id_ = push.id;
            feed_.learner().on_pushed(push, now_);
            tell();
        }
    }

    base::Rng rng_{17};
    base::Digest model_{};
    base::Digest edge_{};
    base::Bytes compiled_;
    std::string text_;
    std::uint32_t id_ = 1;
    SiteKnowledge knowledge_;
    LearnerFeed feed_{3};
    LearnerNews news_;
    base::Instant now_;
    int done_ = 0;
};

double local_accuracy(std::uint32_t shift = 0) {
    double right = 0;
    for (const auto& picture : pictures()) {
        right += (picture.local.class_index + shift) % 10 == picture.truth ? 1 : 0;
    }
    return right / static_cast<double>(pictures().size());
}

double edge_accuracy() {
    double right = 0;
    for (const auto& picture : pictures()) {
        right += picture.edge.class_index == picture.truth ? 1 : 0;
    }
    return right / static_cast<double>(pictures().size());
}

void print(const char* name, const Figures& figures) {
    std::printf("%-22s accuracy %.4f  escalated %.3f  energy %.0f uJ a task\n", name,
                figures.accuracy, figures.sent, figures.energy_uj);
}

class FashionLearner : public ::testing::Test {
protected:
    void SetUp() override {
        if (pictures().empty()) {
            GTEST_SKIP() << "needs the Debian package dataset-fashion-mnist";
        }
    }
};

TEST_F(FashionLearner, IsNearlyAsRightAsTheEdgeForAFractionOfItsRadio) {
    const double local = local_accuracy();
    const double edge = edge_accuracy();
    print("local only", {local, 0, kLocal_uj});
    print("edge only", {edge, 1, kRadio_uj});
    Fleet fleet(true);
    const Figures learned = fleet.live(kTasks);
    print("learned", learned);
    ASSERT_GT(edge, local + 0.03);
    EXPECT_GT(learned.accuracy, local + 0.6 * (edge - local));
    EXPECT_LT(learned.sent, 0.4);
    EXPECT_LT(learned.energy_uj, 0.5 * kRadio_uj);
}

TEST_F(FashionLearner, RepairsATableThatNeverAsks) {
    Fleet fleet(false);
    const Figures before = fleet.live(64);
    fleet.live(kTasks);
    const Figures after = fleet.live(2000);
    print("never asks: at first", before);
    print("never asks: learned", after);
    EXPECT_LT(before.sent, 0.1);
    EXPECT_GT(after.accuracy, local_accuracy() + 0.5 * (edge_accuracy() - local_accuracy()));
}

TEST_F(FashionLearner, RecoversFromAFaultThatLeavesDevicesConfident) {
    Fleet fleet(true);
    fleet.live(kTasks);
    fleet.live(1000, 1);
    const Figures after = fleet.live(2000, 1);
    print("fault: local only", {local_accuracy(1), 0, kLocal_uj});
    print("fault: learned", after);
    EXPECT_LT(local_accuracy(1), 0.2);
    EXPECT_GT(after.accuracy, 0.85 * edge_accuracy());
}

}  // namespace
}  // namespace frugal::app
