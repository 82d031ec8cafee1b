// SPDX-License-Identifier: Apache-2.0
// An open file of the system that closes itself, and writing all of some bytes to one. The owner's
// thread; nothing here flushes, renames or removes a file.
#pragma once

#include <utility>

#include "base/bytes.hpp"

namespace frugal::base {

class Descriptor {
public:
    Descriptor() = default;
    /// Owns `number`; negative for none.
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept;
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { close(); }

    int number() const { return number_; }
    bool is_open() const { return number_ >= 0; }
    /// Keeps errno: what failed before is what its caller tells.
    void close();

private:
    int number_ = -1;
};

/// Writes every byte to an open file, in as many pieces as it takes. 0, or the errno of what
/// failed; how much was written before is not told.
[[nodiscard]] int write_all(int number, ByteView bytes);

}  // namespace frugal::base
