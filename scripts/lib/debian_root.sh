# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154  # sourced after common.sh, which sets scripts
# A clean Debian 12 root made once and kept in the cache; every test works on its own copy.

# The archive this machine uses itself.
debian_mirror() {
    local mirror
    mirror=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p' /etc/apt/sources.list.d/*.sources 2>/dev/null | head -1)
    [[ $mirror ]] || mirror=$(sed -n 's/^deb \(\[[^]]*\] \)\?\([^ ]*\).*/\2/p' /etc/apt/sources.list 2>/dev/null | head -1)
    [[ $mirror ]] || fail "apt names no archive to take Debian from" "add one to /etc/apt/sources.list"
    echo "$mirror"
}

# debian_root: prints the path of the pristine minimal root, making it when there is none.
debian_root() {
    local cache base mirror
    cache=$(cache_folder)
    base=$cache/debian12
    if [[ ! -e $base.done ]]; then
        "$scripts/bootstrap" service
        mirror=$(debian_mirror) || exit 1
        say "making a clean Debian 12 root in $base (once, some minutes)"
        mkdir -p "$cache"
        rm -rf "$base"
        nice -n 15 debootstrap --variant=minbase bookworm "$base" "$mirror" >&2 ||
            fail "debootstrap failed" "see $base/debootstrap/debootstrap.log"
        copy_sources "$base"
        touch "$base.done"
    fi
    echo "$base"
}

# The security updates matter: without them versions lag behind this machine's.
copy_sources() {
    rm -f "$1/etc/apt/sources.list"
    cp -a /etc/apt/sources.list.d/*.sources "$1/etc/apt/sources.list.d/" 2>/dev/null ||
        cp -a /etc/apt/sources.list "$1/etc/apt/"
    cp -L /etc/resolv.conf "$1/etc/resolv.conf"
    printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d"
    chmod +x "$1/usr/sbin/policy-rc.d"
}

# copy_root FROM TO: a private copy; /proc, /dev and the like are empty in it.
copy_root() {
    rm -rf "$2"
    mkdir -p "$(dirname "$2")"
    cp -a --reflink=auto "$1" "$2"
}

# in_root ROOT COMMAND...: runs a command inside with its own mounts, gone afterwards.
in_root() {
    local inside=$1
    shift
    # shellcheck disable=SC2016  # the inner shell expands these
    unshare --mount --pid --fork --kill-child --propagation private bash -c '
        set -e
        mount -t proc proc "$1/proc"
        mount --rbind /dev "$1/dev"
        mount -t tmpfs tmpfs "$1/tmp"
        if [[ $FRUGAL_BIND ]]; then
            mkdir -p "$1/mnt/source"
            mount --bind -o ro "$FRUGAL_BIND" "$1/mnt/source"
        fi
        inside=$1
        shift
        exec chroot "$inside" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin \
            LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive ${CI:+CI=true} "$@"' bash "$inside" "$@" </dev/null
}
