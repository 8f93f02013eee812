"""clang-format, clang-tidy and cppcheck over our C and C++. Run: lint.py ROOT CLANG-BUILD-DIR. TAP.

Each file that passed is remembered by a digest of itself and of the headers of ours that it
reaches, so that a second run looks only at what changed. Tests are spared clang's path analyser,
which takes most of the time.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

import tree as source

# The output of clang-format differs between versions; .clang-format is written for this one.
FORMAT_VERSION = 14
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.M)


def run(command, **more):
    """(exit status, both outputs as lines)."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", check=False, **more)
    return done.returncode, done.stdout.splitlines()


def major_version(command):
    """Major version that `command --version` prints, or None when it is not installed."""
    try:
        match = re.search(r"version (\d+)", "\n".join(run([command, "--version"])[1]))
    except OSError:
        return None
    return int(match.group(1)) if match else None


def unformatted(root, files):
    """Files that clang-format would change."""
    _, out = run(["clang-format", "--dry-run", *files], cwd=root)
    return sorted({line.split(":")[0] for line in out if "-Wclang-format-violations" in line})


class Memory:
    """Digests of files that passed a tool; lives in the build folder."""

    def __init__(self, path, salt):
        self.path, self.salt = pathlib.Path(path), salt
        self.known = set(json.loads(self.path.read_text())) if self.path.exists() else set()
        self.now = set()

    def digest(self, text):
        return hashlib.sha256((self.salt + text).encode("utf-8", "replace")).hexdigest()

    def save(self):
        self.path.write_text(json.dumps(sorted(self.now)))


def reached(tree, path, seen):
    """All text that `path` consists of: its own and that of our headers, each once."""
    seen.add(path)
    parts = [tree[path]]
    for name in INCLUDE.findall(tree[path]):
        for header in ("src/" + name, name):
            if header in tree and header not in seen:
                parts.append(reached(tree, header, seen))
    return "\n".join(parts)


def command_for(command, path):
    """The tool's command line for one file."""
    light = command[0] == "clang-tidy" and re.search(r"_(test|fuzz|bench)\.(c|cpp)$", path)
    return [*command, *(["--checks=-clang-analyzer-*"] if light else []), path]


def inspect(root, build, files, tree, tool, command):
    """Run `command FILE` over what changed, two at a time; the lines of those that failed."""
    salt = " ".join(command) + tree.get(".clang-tidy", "") + tree.get("src/base/banned.h", "")
    memory = Memory(pathlib.Path(build) / f"{tool}.passed", salt)
    bad = []

    def one(path):
        digest = memory.digest(path + reached(tree, path, set()))
        if digest in memory.known:
            return path, digest, 0, []
        return (path, digest, *run(command_for(command, path), cwd=root))

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, digest, status, out in pool.map(one, files):
            if status == 0:
                memory.now.add(digest)
            else:
                bad += [line for line in out if re.search(r"(error|warning):", line)] or [
                    f"{path}: {tool} failed: {' '.join(out[-1:])}"]
    memory.save()
    return bad


def main(root, build):
    tree = source.load(root)
    ours = sorted(p for p in tree if re.match(r"(src|tests/harness)/.*\.(c|cpp|h)$", p))
    built = {os.path.relpath(os.path.join(unit["directory"], unit["file"]), root)
             for unit in json.loads(pathlib.Path(build, "compile_commands.json").read_text())}
    units = [p for p in ours if p in built]
    results = {}
    here = major_version("clang-format")
    if here == FORMAT_VERSION:
        results["clang-format leaves every file as it is"] = [
            f"{p}: run clang-format -i {p}" for p in unformatted(root, ours)]
    else:
        results[f"clang-format # SKIP version {FORMAT_VERSION} decides, here is {here}"] = []
    results["clang-tidy finds nothing of its list"] = inspect(
        root, build, units, tree, "clang-tidy", ["clang-tidy", "--quiet", "-p", str(build)])
    results["cppcheck finds no fault"] = inspect(
        root, build, [u for u in units if u.endswith(".c")], tree, "cppcheck",
        ["cppcheck", "--quiet", "--error-exitcode=1", "--enable=warning,portability",
         "--inline-suppr", "--std=c11", "-Isrc", "-I.", "--suppress=missingIncludeSystem",
         # cppcheck 2.10 does not read all of C17 (compound literals after `?`): no fault of ours.
         "--suppress=syntaxError", "--suppress=internalAstError",
         # NULL is a pointer in glibc, also behind the last typed argument.
         "--suppress=varFuncNullUB",
         # gcc knows better, it knows that MM_ASSERT(false) does not come back.
         "--suppress=missingReturn",
         # It cannot see that a function fills an output by way of snprintf.
         "--suppress=ctuuninitvar",
         "-D__linux__", "-D__x86_64__", "-DMM_TEST_BUILD",
         "--template={file}:{line}: {severity}: {message} [{id}]"])
    source.report_tap(results)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
