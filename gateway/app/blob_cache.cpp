// SPDX-License-Identifier: Apache-2.0
#include "app/blob_cache.hpp"

#include <algorithm>

#include "base/hex.hpp"
#include "crypto/sha256.hpp"

namespace frugal::app {

base::Result<base::Bytes> read_blob(storage::Reader& reader, const base::Digest& digest) {
    auto bytes = reader.blob(digest);
    if (!bytes) {
        return base::fail(bytes.error(), "blob " + base::to_hex(digest));
    }
    if (crypto::sha256(*bytes) != digest) {
        return base::fail(base::ErrorKind::kCorrupt,
                          "blob " + base::to_hex(digest) + " in the database is damaged",
                          "its bytes have another SHA-256 than when they were stored",
                          "Restore a backup, or import the model as a new release.");
    }
    return bytes;
}

base::Result<SharedBytes> BlobCache::get(const base::Digest& digest) {
    if (auto found = entries_.find(digest); found != entries_.end()) {
        found->second.used = ++uses_;
        return found->second.bytes;
    }
    if (const auto held = held_.find(digest); held != held_.end()) {
        return held->second.bytes;
    }
    auto bytes = read_blob(reader_, digest);
    if (!bytes) {
        return tl::unexpected(bytes.error());
    }
    make_room(bytes->size());
    held_bytes_ += bytes->size();
    auto shared = std::make_shared<const base::Bytes>(std::move(*bytes));
    entries_[digest] = Entry{shared, ++uses_};
    return shared;
}

void BlobCache::hold(const base::Digest& digest, SharedBytes bytes) {
    auto& held = held_[digest];
    held.bytes = std::move(bytes);
    ++held.times;
}

void BlobCache::release(const base::Digest& digest) {
    const auto held = held_.find(digest);
    if (held != held_.end() && --held->second.times == 0) {
        held_.erase(held);
    }
}

void BlobCache::make_room(std::size_t size_bytes) {
    while (!entries_.empty() && held_bytes_ + size_bytes > limit_bytes_) {
        const auto oldest = std::min_element(
            entries_.begin(), entries_.end(),
            [](const auto& a, const auto& b) { return a.second.used < b.second.used; });
        held_bytes_ -= oldest->second.bytes->size();
        entries_.erase(oldest);
    }
}

}  // namespace frugal::app
