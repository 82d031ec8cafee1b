#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every shared library a built program links lies in a package of the runtime section, so that an
installed gateway starts on a machine that has those packages and no others."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ALWAYS = {"libc6", "libgcc-s1", "libstdc++6"}


def runtime_packages():
    text = (ROOT / "scripts/lib/packages.txt").read_text()
    section = text.split("[runtime]", 1)[1].split("\n[", 1)[0]
    return {line.split()[0] for line in section.splitlines() if line and not line.startswith("#")}


def libraries_of(program):
    """Path by name of what the program itself links, not what its libraries do."""
    told = subprocess.run(["readelf", "-d", program], capture_output=True, text=True, check=True).stdout
    found = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    paths = {pathlib.Path(path).name: path for path in re.findall(r"(/\S+) \(", found)}
    return {name: paths[name] for name in re.findall(r"\(NEEDED\).*\[(.*)\]", told)}


def packages_of(libraries):
    """Package by path, as dpkg knows it under one of its names."""
    names = {}
    for path in libraries:
        for name in (path, str(pathlib.Path(path).resolve()), "/usr" + path):
            names[name] = path
    told = subprocess.run(["dpkg", "-S", *names], capture_output=True, text=True, check=False).stdout
    owners = (line.split(": ", 1) for line in told.splitlines())
    return {names[name]: owner.split(":")[0] for owner, name in owners}


def main():
    known = runtime_packages() | ALWAYS
    linked = {program: libraries_of(program) for program in sys.argv[1:]}
    packages = packages_of({path for libraries in linked.values() for path in libraries.values()})
    problems = []
    for program, libraries in linked.items():
        for library, path in sorted(libraries.items()):
            package = packages.get(path)
            if package not in known:
                problems.append(f"{pathlib.Path(program).name} links {library} of package {package}, "
                                "which the runtime section of scripts/lib/packages.txt does not name")
    print("\n".join(problems) or f"runtime packages: {len(sys.argv) - 1} programs, nothing missing")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
