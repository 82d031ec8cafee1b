// SPDX-License-Identifier: Apache-2.0
#include "simulation/disk/memory_vfs.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace frugal::simulation {

namespace {

/// What SQLite holds for an open file; begins with its own struct.
struct Handle {
    sqlite3_file base{};
    MemoryDisk* disk = nullptr;
    std::shared_ptr<DiskFile> file{};
    std::string name{};
    bool deletes_on_close = false;
    int level = SQLITE_LOCK_NONE;
    bool uses_shm = false;
    unsigned shm_shared = 0;
    unsigned shm_exclusive = 0;
};

Handle& handle_of(sqlite3_file* file) {
    return *reinterpret_cast<Handle*>(file);
}

int code_of(DiskStatus status, int error) {
    switch (status) {
        case DiskStatus::kOk:
            return SQLITE_OK;
        case DiskStatus::kFull:
            return SQLITE_FULL;
        case DiskStatus::kError:
            return error;
    }
    return error;
}

// Locks -----------------------------------------------------------------------------------------

int lock(sqlite3_file* file, int level) {
    auto& self = handle_of(file);
    auto& state = self.file->shared;
    if (level <= self.level) {
        return SQLITE_OK;
    }
    const auto is_other = [&self](const void* owner) { return owner && owner != &self; };
    if (level == SQLITE_LOCK_SHARED) {
        if (is_other(state.exclusive) || is_other(state.pending)) {
            return SQLITE_BUSY;
        }
        ++state.shared_count;
    } else if (level == SQLITE_LOCK_RESERVED) {
        if (is_other(state.reserved)) {
            return SQLITE_BUSY;
        }
        state.reserved = &self;
    } else {
        if (is_other(state.reserved) || is_other(state.pending)) {
            return SQLITE_BUSY;
        }
        state.pending = &self;
        if (state.shared_count > 1) {
            self.level = SQLITE_LOCK_PENDING;
            return SQLITE_BUSY;
        }
        state.exclusive = &self;
    }
    self.level = level;
    return SQLITE_OK;
}

int unlock(sqlite3_file* file, int level) {
    auto& self = handle_of(file);
    auto& state = self.file->shared;
    if (level >= self.level) {
        return SQLITE_OK;
    }
    for (const void** owner : {&state.reserved, &state.pending, &state.exclusive}) {
        if (*owner == &self) {
            *owner = nullptr;
        }
    }
    if (level == SQLITE_LOCK_NONE) {
        --state.shared_count;
    }
    self.level = level;
    return SQLITE_OK;
}

int check_reserved(sqlite3_file* file, int* result) {
    *result = handle_of(file).file->shared.reserved != nullptr ? 1 : 0;
    return SQLITE_OK;
}

// Shared memory ---------------------------------------------------------------------------------

int shm_map(sqlite3_file* file, int page, int page_size, int extend, void volatile** out) {
    auto& self = handle_of(file);
    auto& state = self.file->shared;
    if (!self.uses_shm) {
        self.uses_shm = true;
        ++state.shm_users;
    }
    *out = nullptr;
    if (static_cast<std::size_t>(page) >= state.regions.size() && extend == 0) {
        return SQLITE_OK;
    }
    while (static_cast<std::size_t>(page) >= state.regions.size()) {
        state.regions.push_back(
            std::make_unique<std::uint8_t[]>(static_cast<std::size_t>(page_size)));
    }
    *out = state.regions[static_cast<std::size_t>(page)].get();
    return SQLITE_OK;
}

void shm_unlock(Handle& self, unsigned slots) {
    auto& state = self.file->shared;
    for (unsigned slot = 0; slot < kShmSlots; ++slot) {
        const unsigned bit = 1U << slot;
        if ((slots & self.shm_shared & bit) != 0) {
            --state.slot_shared[slot];
        }
        if ((slots & self.shm_exclusive & bit) != 0) {
            state.slot_exclusive[slot] = nullptr;
        }
    }
    self.shm_shared &= ~slots;
    self.shm_exclusive &= ~slots;
}

bool shm_is_free(const Handle& self, unsigned slots, bool for_sharing) {
    const auto& state = self.file->shared;
    for (unsigned slot = 0; slot < kShmSlots; ++slot) {
        const unsigned bit = 1U << slot;
        const int mine = (self.shm_shared & bit) != 0 ? 1 : 0;
        if ((slots & bit) == 0) {
            continue;
        }
        const void* owner = state.slot_exclusive[slot];
        if ((owner != nullptr && owner != &self) ||
            (!for_sharing && state.slot_shared[slot] > mine)) {
            return false;
        }
    }
    return true;
}

int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
    auto& self = handle_of(file);
    auto& state = self.file->shared;
    const unsigned slots = ((1U << count) - 1U) << offset;
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
        shm_unlock(self, slots);
        return SQLITE_OK;
    }
    const bool shares = (flags & SQLITE_SHM_SHARED) != 0;
    if (!shm_is_free(self, slots, shares)) {
        return SQLITE_BUSY;
    }
    for (unsigned slot = 0; slot < kShmSlots; ++slot) {
        const unsigned bit = 1U << slot;
        if ((slots & bit) == 0) {
            continue;
        }
        if (!shares) {
            state.slot_exclusive[slot] = &self;
            self.shm_exclusive |= bit;
        } else if ((self.shm_shared & bit) == 0) {
            ++state.slot_shared[slot];
            self.shm_shared |= bit;
        }
    }
    return SQLITE_OK;
}

void shm_barrier(sqlite3_file*) {}

int shm_unmap(sqlite3_file* file, int) {
    auto& self = handle_of(file);
    if (self.uses_shm) {
        shm_unlock(self, (1U << kShmSlots) - 1U);
        self.uses_shm = false;
        if (--self.file->shared.shm_users == 0) {
            self.file->shared.regions.clear();
        }
    }
    return SQLITE_OK;
}

// Files -----------------------------------------------------------------------------------------

int close_file(sqlite3_file* file) {
    auto& self = handle_of(file);
    shm_unmap(file, 0);
    unlock(file, SQLITE_LOCK_NONE);
    if (self.deletes_on_close) {
        self.disk->remove(self.name);
    }
    self.~Handle();
    return SQLITE_OK;
}

int read_file(sqlite3_file* file, void* out, int size, sqlite3_int64 offset) {
    auto& self = handle_of(file);
    if (self.disk->read(*self.file) != DiskStatus::kOk) {
        return SQLITE_IOERR_READ;
    }
    const auto& bytes = self.file->cached;
    const auto begin = std::min<std::size_t>(static_cast<std::size_t>(offset), bytes.size());
    const auto length = std::min<std::size_t>(static_cast<std::size_t>(size), bytes.size() - begin);
    std::memcpy(out, bytes.data() + begin, length);
    if (length < static_cast<std::size_t>(size)) {
        std::memset(static_cast<std::uint8_t*>(out) + length, 0,
                    static_cast<std::size_t>(size) - length);
        return SQLITE_IOERR_SHORT_READ;
    }
    return SQLITE_OK;
}

int write_file(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
    auto& self = handle_of(file);
    const base::ByteView view(static_cast<const std::uint8_t*>(bytes),
                              static_cast<std::size_t>(size));
    return code_of(self.disk->write(*self.file, static_cast<std::uint64_t>(offset), view),
                   SQLITE_IOERR_WRITE);
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
    auto& self = handle_of(file);
    return code_of(self.disk->truncate(*self.file, static_cast<std::uint64_t>(size)),
                   SQLITE_IOERR_TRUNCATE);
}

int sync_file(sqlite3_file* file, int) {
    auto& self = handle_of(file);
    return code_of(self.disk->sync(*self.file, self.name), SQLITE_IOERR_FSYNC);
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
    *size = static_cast<sqlite3_int64>(handle_of(file).file->cached.size());
    return SQLITE_OK;
}

int file_control(sqlite3_file*, int, void*) {
    return SQLITE_NOTFOUND;
}
int sector_size(sqlite3_file*) {
    return 4096;
}
int characteristics(sqlite3_file*) {
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;  // as SQLite's own for Unix says
}

constexpr sqlite3_io_methods kMethods = {
    2,        close_file,  read_file,      write_file,   truncate_file, sync_file,       file_size,
    lock,     unlock,      check_reserved, file_control, sector_size,   characteristics, shm_map,
    shm_lock, shm_barrier, shm_unmap,      nullptr,      nullptr};

MemoryDisk& disk_of(sqlite3_vfs* vfs) {
    return *static_cast<MemoryDisk*>(vfs->pAppData);
}

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    auto& disk = disk_of(vfs);
    file->pMethods = nullptr;
    const std::string path = name != nullptr ? name : "temporary";
    if ((flags & SQLITE_OPEN_CREATE) == 0 && !disk.exists(path)) {
        return SQLITE_CANTOPEN;
    }
    auto* self = new (file) Handle();
    self->disk = &disk;
    self->file = disk.open(path);
    self->name = path;
    self->deletes_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    self->base.pMethods = &kMethods;
    if (out_flags != nullptr) {
        *out_flags = flags;
    }
    return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int) {
    return code_of(disk_of(vfs).remove(name), SQLITE_IOERR_DELETE);
}

int access_file(sqlite3_vfs* vfs, const char* name, int, int* result) {
    *result = disk_of(vfs).exists(name) ? 1 : 0;
    return SQLITE_OK;
}

int full_path(sqlite3_vfs*, const char* name, int size, char* out) {
    sqlite3_snprintf(size, out, "%s", name);
    return SQLITE_OK;
}

int randomness(sqlite3_vfs* vfs, int size, char* out) {
    for (int i = 0; i < size; ++i) {
        out[i] = static_cast<char>(disk_of(vfs).rng().next());
    }
    return size;
}

int sleep_for(sqlite3_vfs*, int microseconds) {
    return microseconds;
}

int current_time(sqlite3_vfs*, double* now) {
    *now = 2460000.5;
    return SQLITE_OK;
}

int last_error(sqlite3_vfs*, int, char*) {
    return 0;
}

}  // namespace

MemoryVfs::MemoryVfs(MemoryDisk& disk) : vfs_(std::make_unique<sqlite3_vfs>()) {
    sqlite3_initialize();
    vfs_->iVersion = 1;
    vfs_->szOsFile = sizeof(Handle);
    vfs_->mxPathname = 512;
    vfs_->zName = kName;
    vfs_->pAppData = &disk;
    vfs_->xOpen = open_file;
    vfs_->xDelete = delete_file;
    vfs_->xAccess = access_file;
    vfs_->xFullPathname = full_path;
    vfs_->xRandomness = randomness;
    vfs_->xSleep = sleep_for;
    vfs_->xCurrentTime = current_time;
    vfs_->xGetLastError = last_error;
    sqlite3_vfs_register(vfs_.get(), 1);
    sqlite3_randomness(0, nullptr);  // the next random number is seeded from here
}

MemoryVfs::~MemoryVfs() {
    sqlite3_vfs_unregister(vfs_.get());
}

}  // namespace frugal::simulation
