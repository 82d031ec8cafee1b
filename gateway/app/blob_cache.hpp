// SPDX-License-Identifier: Apache-2.0
// The bytes of artifacts and edge models by digest, read from the database when first asked for and
// kept while there is room. Loop thread only. Checks the digest of what it read, so a damaged row
// is never sent.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "storage/reader.hpp"

namespace frugal::app {

using SharedBytes = std::shared_ptr<const base::Bytes>;

/// What is stored under this digest. kNotFound, kStorage; kCorrupt if the stored bytes are not what
/// the digest names. On the reader's thread.
base::Result<base::Bytes> read_blob(storage::Reader& reader, const base::Digest& digest);

class BlobCache {
public:
    BlobCache(storage::Reader reader, std::size_t limit_bytes)
        : reader_(std::move(reader)), limit_bytes_(limit_bytes) {}

    /// Errors of read_blob().
    base::Result<SharedBytes> get(const base::Digest& digest);

    /// Bytes that may be asked for before they are stored; kept, beyond the room there is, until
    /// release() was called as often as hold().
    void hold(const base::Digest& digest, SharedBytes bytes);
    void release(const base::Digest& digest);

private:
    struct Entry {
        SharedBytes bytes;
        std::uint64_t used = 0;
    };
    void make_room(std::size_t size_bytes);

    struct Held {
        SharedBytes bytes;
        std::size_t times = 0;
    };

    storage::Reader reader_;
    std::size_t limit_bytes_;
    std::size_t held_bytes_ = 0;
    std::uint64_t uses_ = 0;
    std::map<base::Digest, Entry> entries_;
    std::map<base::Digest, Held> held_;
};

}  // namespace frugal::app
