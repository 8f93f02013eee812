"""bench.py takes a bench at its last line only, and only when the bench itself succeeded."""

import contextlib
import io

import bench
import tree as source


def run(script):
    with contextlib.redirect_stdout(io.StringIO()):
        return bench.run_one({"name": "parse", "cmd": ["sh", "-c", script], "env": {"ONE": "1"}})


def bench_accepts_a_line_of_figures():
    assert run("echo warming up; echo parse: $ONE lines/s; echo") == (True, "parse: 1 lines/s")
    assert run("echo skipped, no corpus") == (True, "skipped, no corpus")


def bench_refuses_a_failure_and_a_missing_figure():
    assert run("echo parse: 3 lines/s; exit 1") == (False, "parse: 3 lines/s")
    assert run("echo parse: 3 lines/s; echo done") == (False, "done")
    assert run("true") == (False, "")


if __name__ == "__main__":
    source.self_test([(n, f) for n, f in list(globals().items()) if n.startswith("bench_")])
