"""tally.py counts what a log says, and never turns a broken run into a green line."""

import json
import pathlib
import tempfile

import tally
import tree as source


def count(*tests, missing=()):
    with tempfile.TemporaryDirectory() as folder:
        lines = [json.dumps({"name": "x", **t}) + "\n" for t in tests]
        pathlib.Path(folder, "unit.json").write_text("".join(lines), encoding="utf-8")
        for label in missing:
            pathlib.Path(folder, label + ".missing").touch()
        return tally.count_dir(folder)[0]


def expect(want, *tests, **more):
    got = count(*tests, **more)
    assert got == want, f"counted {got}, want {want}"


def tally_counts_single_tap_tests():
    expect([2, 1, 1], {"result": "FAIL", "stdout": "ok 1 - a\n# note\nnot ok 2 - b\nok 3 - c\n"
                                                   "ok 4 - d # SKIP\n1..4\n"})


def tally_counts_a_crash_after_green_tests_as_failed():
    expect([2, 1, 0], {"result": "ERROR", "stdout": "ok 1 - a\nok 2 - b\n"})
    expect([1, 1, 0], {"result": "TIMEOUT", "stdout": "ok 1 - a\n"})


def tally_counts_other_programs_once():
    expect([1, 1, 1], {"result": "OK", "stdout": "fine\n"}, {"result": "FAIL", "stdout": ""},
           {"result": "SKIP"})


def tally_counts_a_suite_that_did_not_run_as_failed():
    expect([1, 1, 0], {"result": "OK"}, missing=["san"])


if __name__ == "__main__":
    source.self_test([(n, f) for n, f in list(globals().items()) if n.startswith("tally_")])
