// SPDX-License-Identifier: Apache-2.0
#include "base/descriptor.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace frugal::base {
namespace {

struct Pipe {
    Pipe() {
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        reading = Descriptor(ends[0]);
        writing = Descriptor(ends[1]);
    }
    Descriptor reading;
    Descriptor writing;
};

TEST(Descriptor, ClosesWhenItEndsAndKeepsErrno) {
    Descriptor reading;
    {
        Pipe pipe;
        reading = std::move(pipe.reading);
        errno = ENOSPC;
    }
    EXPECT_EQ(errno, ENOSPC);
    char byte = 0;
    EXPECT_EQ(::read(reading.number(), &byte, 1), 0) << "the writing end is closed";
    reading.close();
    EXPECT_FALSE(reading.is_open());
}

TEST(WriteAll, WritesEveryByte) {
    const Pipe pipe;
    const Bytes bytes = {1, 2, 3, 4, 5};
    ASSERT_EQ(write_all(pipe.writing.number(), bytes), 0);
    Bytes got(bytes.size());
    ASSERT_EQ(::read(pipe.reading.number(), got.data(), got.size()), 5);
    EXPECT_EQ(got, bytes);
    EXPECT_EQ(write_all(-1, {}), 0) << "nothing is written nowhere";
}

TEST(WriteAll, SaysWhyNot) {
    const Descriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    const Bytes bytes(100);
    EXPECT_EQ(write_all(full.number(), bytes), ENOSPC);
    EXPECT_EQ(write_all(-1, bytes), EBADF);
}

}  // namespace
}  // namespace frugal::base
