// SPDX-License-Identifier: Apache-2.0
// Whether the devices that a version is for run the release it was made for.
#include "unit/core/site_world.hpp"

namespace frugal::core {
namespace {

/// Two releases of "net"; m4-1 and m4-2 run the first, tiny-1 the second, new-1 nothing yet.
class PolicyReleaseTest : public ::testing::Test {
protected:
    PolicyReleaseTest() {
        world.import(1, 1, 51);
        world.import(2, 2, 52);
        add("m4-1", "m4", 51);
        add("m4-2", "m4", 51);
        add("tiny-1", "tiny", 52);
        add("new-1", "m4", 0);
    }
    void add(const std::string& name, const std::string& device_class, std::uint8_t model) {
        world.enrol(name);
        auto word = hello(name, ++stream_);
        word.capability = capability(device_class);
        if (model != 0) {
            word.tasks[0].release = 1;
            word.tasks[0].model_digest = digest_of(model);
        }
        world.say(name, word);
    }
    /// "ON/DEVICES of NET@N", or what the answer lacks.
    std::string use(const std::string& release, const std::vector<std::string>& classes,
                    const base::Audience& audience = {}, bool is_trial = false) {
        SetPolicy command{{.task = 1,
                           .version = ++version_,
                           .release = release,
                           .text = "text",
                           .audience = audience}};
        for (const auto& name : classes) {
            command.version.parts.push_back(
                {*base::ClassName::parse(name), signed_policy("policy" + name)});
        }
        command.asks_use = true;
        command.is_trial = is_trial;
        const auto use = world.get<PolicySet>(std::move(command)).use;
        return !use ? "not told"
                    : std::to_string(use->on_release) + "/" + std::to_string(use->devices) +
                          " of " + use->release;
    }

    SiteWorld world;

private:
    std::uint64_t stream_ = 0;
    std::uint32_t version_ = 0;
};

TEST_F(PolicyReleaseTest, CountsDevicesOfItsClassesWithAModel) {
    EXPECT_EQ(use("net@1", {"any"}), "2/3 of net@1");
    EXPECT_EQ(use("net@1", {"m4"}), "2/2 of net@1");
    EXPECT_EQ(use("net@2", {"m4"}), "0/2 of net@2");
    EXPECT_EQ(use("net@2", {"m4"}, {}, true), "0/2 of net@2") << "a trial tells it too";
}

TEST_F(PolicyReleaseTest, AnOverrideCountsItsOwnDevices) {
    EXPECT_EQ(use("net@1", {"any"}), "2/3 of net@1");
    const auto tiny = base::Audience::device(device_id("tiny-1"));
    EXPECT_EQ(use("net@1", {"any"}, tiny), "0/1 of net@1");
    EXPECT_EQ(use("net@2", {"any"}, tiny), "1/1 of net@2");
}

TEST_F(PolicyReleaseTest, OfAnUnknownReleaseNothingIsTold) {
    EXPECT_EQ(use("net@3", {"any"}), "not told");
    EXPECT_EQ(use("", {"any"}), "not told");
}

}  // namespace
}  // namespace frugal::core
