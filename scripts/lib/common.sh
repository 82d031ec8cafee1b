# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by every script: strict mode, the project's root, messages on standard error.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scripts=$root/scripts
export PATH=$PATH:/usr/sbin:/sbin
# Two clones of the same sources share what the compiler cache holds.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

say() { printf '%s\n' "$*" >&2; }
step() { printf '\n== %s\n' "$*" >&2; }

fail() {
    printf 'error: %s\n' "$1" >&2
    [[ $# -lt 2 ]] || printf '  remedy: %s\n' "$2" >&2
    exit 1
}

# Compilers of Asio and Beast files take more than a gigabyte each.
job_count() {
    local by_memory
    by_memory=$(awk '/MemAvailable/ {print int($2 / 1400000)}' /proc/meminfo)
    local count=${FRUGAL_JOBS:-$(nproc)}
    if ((by_memory < count)); then count=$by_memory; fi
    if ((count < 1)); then count=1; fi
    echo "$count"
}

# packages_of SECTION...: names, each once; optional ones keep their "?".
packages_of() {
    local wanted=" $* "
    awk -v wanted="$wanted" '
        /^\[/ { gsub(/[][]/, ""); inside = index(wanted, " " $1 " "); next }
        inside && NF && $1 !~ /^#/ && !seen[$1]++ { print $1 $2 }' "$scripts/lib/packages.txt"
}

cache_folder() { echo "${FRUGAL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/frugal}"; }

need_root() {
    if [[ $EUID -ne 0 ]]; then
        say "SKIPPED: $(basename "$0") needs root ($1). Run it as: sudo $0"
        exit 0
    fi
}
