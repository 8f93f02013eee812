"""Writes THIRD_PARTY.md from what the built programs really link, and checks it.

Run: third_party.py ROOT BUILD-DIR (prints the document) or with --check (prints TAP). What is
linked comes from the programs' own headers (readelf), names and licences from third_party.txt,
versions from the installed packages and package-lock.json.
"""

import json
import pathlib
import re
import subprocess
import sys

import tree as source

# The compiler's and the system's own run time; every program on the machine has it.
RUNTIME = re.compile(r"^(libc|libm|libgcc_s|libstdc\+\+|ld-linux[-\w]*|lib(pthread|dl|rt))\.so")
# Versions in the committed document are those of the release that we build on.
RELEASE = "12"
NEEDED = re.compile(r"\(NEEDED\)\s+Shared library: \[([^\]]+)\]")
INTRO = """# Third-party software

Written by `./dev build` from what the built programs link; do not edit. No third-party source
lies in this repository: Debian's packages and npm bring the libraries. Besides these, programs
link the C and C++ run time of the system (glibc: LGPL-2.1-or-later; libgcc and libstdc++: GPL-3.0
with the GCC Runtime Library Exception).

| library | version (Debian 12, npm) | licence | how linked | for |
|---|---|---|---|---|
"""


def read_table(text):
    """{key: (name, licence, package, use)}."""
    rows = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            key, *rest = (cell.strip() for cell in line.split("|"))
            assert len(rest) == 4 and key not in rows, f"third_party.txt: {line}"
            rows[key] = tuple(rest)
    return rows


def stem(soname):
    """`libpcre2-8.so.0` -> `libpcre2-8.so`."""
    return re.sub(r"\.so.*$", ".so", soname)


def read_needed(programs):
    """{library stem: [program, ...]} of executables, the run time left out."""
    used = {}
    for path in sorted(programs):
        text = subprocess.run(["readelf", "-d", path], capture_output=True, text=True,
                              check=True).stdout
        for soname in NEEDED.findall(text):
            if not RUNTIME.match(soname):
                used.setdefault(stem(soname), []).append(pathlib.Path(path).name)
    return used


def built_programs(build):
    """Paths of our installed executables that exist in the build folder."""
    targets = json.loads(pathlib.Path(build, "meson-info/intro-targets.json").read_text())
    paths = [name for target in targets for name in target["filename"]
             if target["type"] == "executable" and target["name"].startswith("mimamori")]
    return [p for p in paths if pathlib.Path(p).exists()]


def header_users(tree, rows):
    """{<header> of the table: [files that include it]}."""
    used = {}
    for key in (k for k in rows if k.startswith("<")):
        pattern = re.compile(r"#\s*include\s*<(?:\w+/)*" + re.escape(key[1:]))
        users = [p for p, text in sorted(tree.items())
                 if p.startswith("src/") and pattern.search(text)]
        if users:
            used[key] = users
    return used


def npm_versions(lock):
    """{name: (version, dev only)} of package-lock.json: what we ask for ourselves, and what a
    program of ours gets through it. What a test's package brings along stands in the lock."""
    packages = json.loads(lock)["packages"]
    ours = packages.get("", {})
    asked = {**ours.get("dependencies", {}), **ours.get("devDependencies", {})}
    return {path[len("node_modules/"):]: (p["version"], p.get("dev", False))
            for path, p in packages.items() if path.startswith("node_modules/")
            and (not p.get("dev", False) or path[len("node_modules/"):] in asked)}


def upstream(version):
    """Upstream part of a Debian version: `1:1.2.13.dfsg-1` -> `1.2.13`."""
    return re.sub(r"([.+](dfsg|ds)\d*)?-[^-]*$", "", re.sub(r"^\d+:", "", version))


def debian_version(package):
    """Upstream version of an installed package."""
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package],
                          capture_output=True, text=True, check=False)
    return upstream(done.stdout.strip()) or "not installed"


def document(rows, needed, headers, npm, version_of):
    """The text of THIRD_PARTY.md; the keys that no row explains are the second value."""
    lines, unknown = [], []
    for key, users in sorted({**needed, **headers}.items(), key=lambda kv: kv[0].strip("<")):
        if key not in rows:
            unknown.append(f"{key}, linked by {', '.join(users)}: no row in tools/third_party.txt")
            continue
        name, licence, package, use = rows[key]
        how = "header only" if key.startswith("<") else f"dynamically, `{key}`"
        version = (npm[package[4:]][0] + " (npm)" if package.startswith("npm:")
                   else version_of(package))
        lines.append(f"| {name} | {version} | {licence} | {how} | {use} |")
    for package, (version, dev) in sorted(npm.items()):
        if dev:
            if f"npm:{package}" not in rows:
                unknown.append(f"npm package {package}: no row in tools/third_party.txt")
                continue
            name, licence, _, use = rows[f"npm:{package}"]
            lines.append(f"| {name} | {version} (npm) | {licence} | not linked: tests only "
                         f"| {use} |")
        elif not any(row[2] == f"npm:{package}" for row in rows.values()):
            unknown.append(f"npm package {package}: no row in tools/third_party.txt")
    return INTRO + "\n".join(lines) + "\n", unknown


def without_versions(text):
    return re.sub(r"^(\|[^|]*)\|[^|]*\|", r"\1||", text, flags=re.M)


def differences(have, want, same_release):
    """Lines of `want` that the committed document lacks, and lines it has too many."""
    if not same_release:
        have, want = without_versions(have), without_versions(want)
    have, want = have.splitlines(), want.splitlines()
    return ([f"THIRD_PARTY.md lacks (run ./dev build): {line}" for line in want if line not in have]
            + [f"THIRD_PARTY.md is stale (run ./dev build): {line}"
               for line in have if line not in want])


def main(root, build, check):
    tree = source.load(root)
    rows = read_table(tree["tools/third_party.txt"])
    programs = built_programs(build)
    needed = read_needed(programs)
    text, unknown = document(rows, needed, header_users(tree, rows),
                             npm_versions(tree["package-lock.json"]), debian_version)
    if not check:
        print(text, end="")
        sys.exit("\n".join(unknown) if unknown else 0)
    release = pathlib.Path("/etc/os-release").read_text(encoding="utf-8")
    same = f'VERSION_ID="{RELEASE}"' in release
    results = {"every library that a program links is known, with its licence": unknown}
    if "libchdb.so" in needed:
        results["THIRD_PARTY.md is what the build would write"] = differences(
            tree.get("THIRD_PARTY.md", ""), text, same)
    else:
        results["THIRD_PARTY.md # SKIP a build without libchdb lacks programs"] = []
    source.report_tap(results)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], "--check" in sys.argv)
