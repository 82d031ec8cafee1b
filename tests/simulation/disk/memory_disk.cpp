// SPDX-License-Identifier: Apache-2.0
#include "simulation/disk/memory_disk.hpp"

#include <algorithm>
#include <utility>

namespace frugal::simulation {

namespace {

constexpr std::uint64_t kSectorBytes = 512;

void put_bytes(base::Bytes& bytes, const PendingWrite& write) {
    if (write.is_truncation) {
        bytes.resize(write.offset);
        return;
    }
    bytes.resize(std::max<std::size_t>(bytes.size(), write.offset + write.bytes.size()));
    std::copy(write.bytes.begin(), write.bytes.end(),
              bytes.begin() + static_cast<std::ptrdiff_t>(write.offset));
}

bool contains(base::ByteView hay, base::ByteView needle) {
    return std::search(hay.begin(), hay.end(), needle.begin(), needle.end()) != hay.end();
}

}  // namespace

std::shared_ptr<DiskFile> MemoryDisk::open(const std::string& name) {
    auto& file = files_[name];
    if (!file) {
        file = std::make_shared<DiskFile>();
    }
    return file;
}

DiskStatus MemoryDisk::remove(const std::string& name) {
    const auto found = files_.find(name);
    if (removal_is_forbidden_ || crashed_) {
        return DiskStatus::kError;
    }
    if (found == files_.end()) {
        return DiskStatus::kOk;
    }
    if (found->second->is_entry_durable) {
        removed_[name] = found->second->durable;
    }
    files_.erase(found);
    return DiskStatus::kOk;
}

DiskStatus MemoryDisk::read(DiskFile& file) {
    ++reads_;
    if (file.is_detached || (armed_ && fault_ == DiskFault::kReadError && reads_ >= fault_at_)) {
        armed_ = armed_ && file.is_detached;
        return DiskStatus::kError;
    }
    return DiskStatus::kOk;
}

bool MemoryDisk::strikes(DiskFault fault) {
    ++operations_;
    if (!armed_ || fault_ == DiskFault::kReadError || operations_ < fault_at_) {
        return false;
    }
    if (fault_ == DiskFault::kCrash) {
        armed_ = false;
        crashed_ = true;
        return true;
    }
    if (fault_ != fault) {
        return false;
    }
    armed_ = false;
    return true;
}

DiskStatus MemoryDisk::write(DiskFile& file, std::uint64_t offset, base::ByteView bytes) {
    if (file.is_detached) {
        return DiskStatus::kError;
    }
    const auto end = offset + bytes.size();
    if (end > file.cached.size() && size() + (end - file.cached.size()) > quota_) {
        return DiskStatus::kFull;
    }
    PendingWrite write{false, offset, base::Bytes(bytes.begin(), bytes.end())};
    if (strikes(DiskFault::kWriteError)) {
        if (crashed_) {
            file.pending.push_back(std::move(write));
            crash();
        }
        return DiskStatus::kError;
    }
    put_bytes(file.cached, write);
    file.pending.push_back(std::move(write));
    return DiskStatus::kOk;
}

DiskStatus MemoryDisk::truncate(DiskFile& file, std::uint64_t size) {
    if (file.is_detached) {
        return DiskStatus::kError;
    }
    PendingWrite write{true, size, {}};
    if (strikes(DiskFault::kWriteError)) {
        if (crashed_) {
            crash();
        }
        return DiskStatus::kError;
    }
    put_bytes(file.cached, write);
    file.pending.push_back(std::move(write));
    return DiskStatus::kOk;
}

DiskStatus MemoryDisk::sync(DiskFile& file, const std::string& name) {
    if (file.is_detached) {
        return DiskStatus::kError;
    }
    if (!ignored_suffix_.empty() && name.ends_with(ignored_suffix_)) {
        return DiskStatus::kOk;
    }
    if (strikes(DiskFault::kSyncError)) {
        if (crashed_) {
            crash();
        } else {
            // The kernel calls the pages clean now: whatever did not make it never will by itself.
            file.durable = survivor(file);
            file.pending.clear();
        }
        return DiskStatus::kError;
    }
    settle(file);
    removed_.clear();
    return DiskStatus::kOk;
}

void MemoryDisk::settle(DiskFile& file) {
    for (const auto& write : file.pending) {
        put_bytes(file.durable, write);
    }
    file.pending.clear();
    file.is_entry_durable = true;
}

// Any subset of a write's sectors reaches the platter.
void MemoryDisk::apply_torn(base::Bytes& bytes, const PendingWrite& write) {
    for (std::uint64_t done = 0; done < write.bytes.size();) {
        const auto at = write.offset + done;
        const auto size =
            std::min<std::uint64_t>(kSectorBytes - at % kSectorBytes, write.bytes.size() - done);
        if (rng_.chance(0.5)) {
            const auto begin = write.bytes.begin() + static_cast<std::ptrdiff_t>(done);
            put_bytes(bytes,
                      {false, at, base::Bytes(begin, begin + static_cast<std::ptrdiff_t>(size))});
        }
        done += size;
    }
}

base::Bytes MemoryDisk::survivor(const DiskFile& file) {
    auto bytes = file.durable;
    const auto mode = rng_.below(4);  // nothing, everything, any part, torn
    for (const auto& write : file.pending) {
        const bool is_torn = mode == 3 && !write.is_truncation && rng_.chance(0.5);
        if (is_torn) {
            apply_torn(bytes, write);
        } else if (mode == 1 || (mode >= 2 && rng_.chance(0.5))) {
            put_bytes(bytes, write);
        }
    }
    return bytes;
}

void MemoryDisk::arm(DiskFault fault, std::uint64_t distance) {
    armed_ = true;
    fault_ = fault;
    fault_at_ = (fault == DiskFault::kReadError ? reads_ : operations_) + distance + 1;
}

std::uint64_t MemoryDisk::size() const {
    std::uint64_t sum = 0;
    for (const auto& [name, file] : files_) {
        sum += file->cached.size();
    }
    return sum;
}

void MemoryDisk::detach_all() {
    for (auto& [name, file] : files_) {
        file->is_detached = true;
    }
}

void MemoryDisk::crash() {
    detach_all();
    armed_ = false;
    std::map<std::string, std::shared_ptr<DiskFile>> after;
    for (const auto& [name, file] : files_) {
        if (!file->is_entry_durable && rng_.chance(0.5)) {
            continue;
        }
        auto fresh = std::make_shared<DiskFile>();
        fresh->durable = survivor(*file);
        fresh->cached = fresh->durable;
        fresh->is_entry_durable = true;
        after[name] = std::move(fresh);
    }
    for (auto& [name, bytes] : removed_) {
        if (!after.contains(name) && rng_.chance(0.5)) {
            auto fresh = std::make_shared<DiskFile>();
            fresh->durable = bytes;
            fresh->cached = std::move(bytes);
            fresh->is_entry_durable = true;
            after[name] = std::move(fresh);
        }
    }
    removed_.clear();
    files_ = std::move(after);
}

void MemoryDisk::kill_process() {
    detach_all();
    armed_ = false;
    for (auto& [name, file] : files_) {
        auto fresh = std::make_shared<DiskFile>();
        fresh->cached = file->cached;
        fresh->durable = std::move(file->durable);
        fresh->pending = std::move(file->pending);
        fresh->is_entry_durable = file->is_entry_durable;
        file = std::move(fresh);
    }
}

bool MemoryDisk::take_crashed() {
    return std::exchange(crashed_, false);
}

MemoryDisk::Image MemoryDisk::image() const {
    Image image;
    for (const auto& [name, file] : files_) {
        image[name] = file->cached;
    }
    return image;
}

void MemoryDisk::restore(const Image& image) {
    detach_all();
    files_.clear();
    removed_.clear();
    for (const auto& [name, bytes] : image) {
        auto fresh = std::make_shared<DiskFile>();
        fresh->cached = bytes;
        fresh->durable = bytes;
        fresh->is_entry_durable = true;
        files_[name] = std::move(fresh);
    }
}

bool MemoryDisk::holds(base::ByteView needle) const {
    for (const auto& [name, file] : files_) {
        if (contains(file->cached, needle) || contains(file->durable, needle)) {
            return true;
        }
        for (const auto& write : file->pending) {
            if (contains(write.bytes, needle)) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace frugal::simulation
