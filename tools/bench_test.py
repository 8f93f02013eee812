"""bench.py takes a bench at its last line only, and only when the bench itself succeeded."""

import contextlib
import io
import json
import pathlib
import tempfile

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


def bench_runs_the_peer_with_its_bench_and_hands_options_to_the_bench_alone():
    benches = [{"name": n, "cmd": ["echo", n + ": x"], "env": {}} for n in ("a", "a-peer", "b")]
    with tempfile.TemporaryDirectory() as build, contextlib.redirect_stdout(io.StringIO()) as out:
        (pathlib.Path(build) / "meson-info").mkdir()
        (pathlib.Path(build) / "meson-info/intro-benchmarks.json").write_text(json.dumps(benches))
        try:
            bench.main(build, "a", "7")
        except SystemExit as end:
            assert end.code == 0, end.code
    assert out.getvalue() == "a: x 7\na-peer: x\n", out.getvalue()


if __name__ == "__main__":
    source.self_test([(n, f) for n, f in list(globals().items()) if n.startswith("bench_")])
