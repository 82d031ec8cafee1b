// SPDX-License-Identifier: Apache-2.0
// An edge model answers the classes and takes the input of its task's devices, or is refused.
#include "app/edge_fit.hpp"

#include <gtest/gtest.h>

namespace frugal::app {
namespace {

const std::vector<DeviceInput> kDevices = {{"fashion@1", 784}, {"fashion@2", 784}};

EdgeShape shape(std::size_t input_bytes, std::size_t classes) {
    return {.name = "big", .task = 1, .input_bytes = input_bytes, .classes = classes};
}

TEST(EdgeFit, TakesWhatDevicesSend) {
    EXPECT_EQ(check_edge_fit(shape(784, 10), 10, kDevices), "");
    EXPECT_EQ(check_edge_fit(shape(784, 10), 10, {}), "") << "no release yet: nothing to compare";
    EXPECT_EQ(check_edge_fit(shape(784, 10), 0, kDevices), "") << "a task without labels";
}

struct MisfitCase {
    EdgeShape edge;
    std::vector<DeviceInput> devices;
    const char* cause;
    const char* remedy;
};

TEST(EdgeFit, RefusesWhatNoDeviceCouldAsk) {
    const MisfitCase cases[] = {
        {shape(784, 12), kDevices, "it has 12 classes, the task has 10", "the task's classes"},
        {shape(784, 12), {}, "it has 12 classes, the task has 10", "the task's classes"},
        {shape(3072, 10), kDevices,
         "it takes 3072 bytes, the task's devices send 784 bytes (fashion@1, fashion@2)",
         "the input of the devices' models"},
        {shape(3136, 10), kDevices, "it takes 3136 bytes", "int8 input, or as ONNX"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.cause);
        const auto checked = check_edge_fit(row.edge, 10, row.devices);
        ASSERT_FALSE(checked);
        EXPECT_EQ(checked.error().kind, base::ErrorKind::kConflict);
        EXPECT_NE(checked.error().cause.find(row.cause), std::string::npos)
            << checked.error().describe();
        EXPECT_NE(checked.error().remedy.find(row.remedy), std::string::npos);
        EXPECT_NE(checked.error().message.find("edge model big"), std::string::npos);
    }
}

TEST(EdgeFit, TellsWhichDevicesItCannotServe) {
    const auto note = check_edge_fit(shape(784, 10), 10, {{"fashion@1", 784}, {"wide@1", 1024}});
    ASSERT_TRUE(note);
    EXPECT_NE(note->find("devices whose models take 1024 bytes (wide@1)"), std::string::npos)
        << *note;
}

}  // namespace
}  // namespace frugal::app
