"""Runs benches of meson's benchmark list. Run: bench.py BUILD-DIR [NAME [OPTION...]].

With NAME also runs NAME-peer, where another program does the same work; options are NAME's.
Their output is shown as it comes; a bench fails when it says so, or when its last line is not
`NAME: figures` (or `skipped, ...`): a figure that nobody can find was not measured.
"""

import json
import os
import pathlib
import subprocess
import sys


def run_one(bench, options=()):
    """(ok, last line) of one bench of intro-benchmarks.json; copies its output to ours."""
    last = ""
    with subprocess.Popen([*bench["cmd"], *options], stdout=subprocess.PIPE, text=True,
                          errors="replace", cwd=bench.get("workdir") or None,
                          env={**os.environ, **bench.get("env", {})}) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line.strip() or last
    figures = last.startswith((bench["name"] + ": ", "skipped, "))
    return process.returncode == 0 and figures, last


def main(build, name=None, *options):
    path = pathlib.Path(build, "meson-info/intro-benchmarks.json")
    benches = [b for b in json.loads(path.read_text())
               if name in (None, b["name"], b["name"].removesuffix("-peer"))]
    if not benches:
        sys.exit(f"no bench {name}" if name else "no benches yet")
    failed = []
    for bench in benches:
        ok, last = run_one(bench, options if bench["name"] == name else ())
        if not ok:
            failed.append(f"bench {bench['name']} failed, its last line: {last}")
    sys.exit("\n".join(failed) if failed else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
