"""lint.py reports what a tool says, looks again at what changed, and only at that."""

import pathlib
import tempfile

import lint
import tree as source

TREE = {"src/a.c": "int a;\n", "src/b.c": "int b;\n", "src/a.h": "", ".clang-tidy": "x"}
SAYS = ["sh", "-c", 'echo "$1:1: error: planted"; echo "$1" >>seen; grep -q "int a" "$1"', "tool"]


def looked(folder, tree):
    """(violations, files the tool was run on) with the tree's C files written to the folder."""
    root = pathlib.Path(folder)
    (root / "src").mkdir(exist_ok=True)
    (root / "seen").write_text("")
    for path in ("src/a.c", "src/b.c"):
        (root / path).write_text(tree[path])
    bad = lint.inspect(folder, folder, ["src/a.c", "src/b.c"], tree, "tool", SAYS)
    return bad, sorted((root / "seen").read_text().split())


def lint_reports_a_failing_tool_each_time_and_remembers_a_pass():
    with tempfile.TemporaryDirectory() as folder:
        assert looked(folder, TREE) == (["src/b.c:1: error: planted"], ["src/a.c", "src/b.c"])
        assert looked(folder, TREE) == (["src/b.c:1: error: planted"], ["src/b.c"])


def lint_looks_again_when_a_header_or_the_list_changes():
    tree = {**TREE, "src/a.c": '#include "a.h"\nint a;\n', "src/a.h": '#include "deep.h"\n',
            "src/deep.h": "", "src/other.h": ""}
    for path, again in (("src/deep.h", True), (".clang-tidy", True), ("src/other.h", False)):
        with tempfile.TemporaryDirectory() as folder:
            looked(folder, tree)
            _, seen = looked(folder, {**tree, path: "/* new */\n"})
            assert ("src/a.c" in seen) == again, f"{path}: looked at {seen}"


def lint_spares_tests_the_analyser():
    tidy = ["clang-tidy", "--quiet"]
    assert "--checks=-clang-analyzer-*" in lint.command_for(tidy, "src/a_test.c")
    assert lint.command_for(tidy, "src/a.c") == [*tidy, "src/a.c"]
    assert lint.command_for(["cppcheck"], "src/a_test.c") == ["cppcheck", "src/a_test.c"]


if __name__ == "__main__":
    source.self_test([(n, f) for n, f in list(globals().items()) if n.startswith("lint_")])
