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
    told = subprocess.run(["readelf", "-d", program], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"\(NEEDED\).*\[(.*)\]", told))


def package_of(library, program):
    told = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    found = re.search(rf"{re.escape(library)} => (\S+)|(\S*/{re.escape(library)}) ", told)
    path = pathlib.Path(found.group(1) or found.group(2))
    for one in {path, path.resolve(), pathlib.Path("/usr") / str(path).lstrip("/")}:
        owner = subprocess.run(["dpkg", "-S", one], capture_output=True, text=True, check=False)
        if owner.returncode == 0:
            return owner.stdout.split(":")[0]
    return None


def main():
    known = runtime_packages() | ALWAYS
    problems = []
    for program in sys.argv[1:]:
        for library in sorted(libraries_of(program)):
            package = package_of(library, program)
            if package not in known:
                problems.append(f"{pathlib.Path(program).name} links {library} of package {package}, "
                                "which the runtime section of scripts/lib/packages.txt does not name")
    print("\n".join(problems) or f"runtime packages: {len(sys.argv) - 1} programs, nothing missing")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
