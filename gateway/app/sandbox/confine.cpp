// SPDX-License-Identifier: Apache-2.0
#include "app/sandbox/confine.hpp"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <vector>

namespace frugal::app {

using base::Result;

namespace {

// Sanitizers reserve terabytes, make pipes, and ask for more of the kernel than any model does.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kIsInstrumented = true;
#else
constexpr bool kIsInstrumented = false;
#endif

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t kArchitecture = 0;  // elsewhere the other limits must do
#endif

constexpr int kAllowed[] = {SYS_read,          SYS_write,
                            SYS_readv,         SYS_writev,
                            SYS_close,         SYS_fstat,
                            SYS_lseek,         SYS_mmap,
                            SYS_munmap,        SYS_mremap,
                            SYS_mprotect,      SYS_madvise,
                            SYS_brk,           SYS_futex,
                            SYS_rt_sigaction,  SYS_getpid,
                            SYS_gettid,        SYS_exit,
                            SYS_exit_group,    SYS_getrandom,
                            SYS_rt_sigreturn,  SYS_rt_sigprocmask,
                            SYS_clock_gettime, SYS_sched_yield,
                            SYS_sigaltstack,   SYS_sched_getaffinity,
                            SYS_sysinfo};

tl::unexpected<base::Error> refused(const char* what) {
    return base::fail(base::ErrorKind::kInternal, std::string("the kernel refused ") + what,
                      std::strerror(errno), "Allow it in the service's unit.");
}

Result<void> limit(int resource, std::uint64_t value, const char* what) {
    // Processor time has a second more for the signal that names the limit; then it is SIGKILL.
    const rlimit bounds{value, resource == RLIMIT_CPU ? value + 1 : value};
    if (setrlimit(static_cast<__rlimit_resource_t>(resource), &bounds) != 0) {
        return refused(what);
    }
    return {};
}

sock_filter statement(std::uint16_t code, std::uint32_t value) {
    return {code, 0, 0, value};
}

// Everything not allowed fails with EPERM: a library that merely asks goes on, an intruder does
// not.
std::vector<sock_filter> filter_program() {
    std::vector<sock_filter> program;
    program.push_back(statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)));
    program.push_back({BPF_JMP | BPF_JEQ | BPF_K, 1, 0, kArchitecture});
    program.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
    program.push_back(statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
    for (const int number : kAllowed) {
        program.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, 1, static_cast<std::uint32_t>(number)});
        program.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    }
    // Signals to itself only, as abort() sends them: the daemon runs as the same user. The low half
    // of an argument comes first on both architectures.
    program.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, 3, static_cast<std::uint32_t>(SYS_tgkill)});
    program.push_back(statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)));
    program.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, 1, static_cast<std::uint32_t>(getpid())});
    program.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    program.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
    return program;
}

Result<void> filter_system_calls() {
    if (kIsInstrumented || kArchitecture == 0) {
        return {};
    }
    auto program = filter_program();
    const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
    // Threads that a library started before main are confined, too, where the call is allowed.
    const bool is_done =
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) == 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
    if (!is_done) {
        return refused("a filter of system calls");
    }
    return {};
}

/// Libraries map memory before main; what they took is not held against the model.
std::uint64_t mapped_bytes() {
    std::uint64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

Result<void> limit_resources(const Confinement& limits) {
    struct Limit {
        int resource;
        std::uint64_t value;
        const char* what;
    };
    const Limit all[] = {{RLIMIT_CPU, limits.cpu_seconds, "a limit of processor time"},
                         {RLIMIT_FSIZE, 0, "to forbid files"},
                         {RLIMIT_CORE, 0, "to forbid core dumps"},
                         {RLIMIT_NOFILE, 0, "to forbid descriptors"},
                         {RLIMIT_NPROC, 0, "to forbid processes"},
                         {RLIMIT_AS, mapped_bytes() + limits.memory_bytes, "a limit of memory"}};
    for (const auto& one : all) {
        if (kIsInstrumented && (one.resource == RLIMIT_AS || one.resource == RLIMIT_NOFILE)) {
            continue;
        }
        if (auto done = limit(one.resource, one.value, one.what); !done) {
            return done;
        }
    }
    return {};
}

}  // namespace

Result<void> confine(const Confinement& limits) {
    // A parent that died must not leave a child behind that goes on.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
        return refused("to end with its parent");
    }
    if (close_range(STDERR_FILENO, ~0U, 0) != 0) {
        return refused("to close descriptors");
    }
    if (auto limited = limit_resources(limits); !limited) {
        return limited;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return refused("to give up new rights");
    }
    return filter_system_calls();
}

}  // namespace frugal::app
