"""Tests of speed.py: what was measured stands in the tables, what was not measured stays."""

import speed
import tree as source

PAGE = ("words\n\n| bench | day | processor | figures |\n|---|---|---|---|\n"
        "| `evtx` | 2026-01-01 | old | 5 MB/s |\n\n"
        "| format | lines/s | bytes | MB/s |\n|---|---|---|---|\n| door | 1,000 | 10 | 0.1 |\n\n"
        "end\n")
OUTPUT = ("slow-one      2000 lines/s,    50 bytes a line,    0.1 MB/s, 99.0 % parsed; split 1\n"
          "fast       3000000 lines/s,   100 bytes a line,  300.0 MB/s, 99.0 % parsed; split 1\n"
          "median of 2 formats, 100 distinct lines each; fast is 1 x memcpy\n"
          "parse: 2000 lines/s/core median\n")


def speed_writes_what_was_measured_the_slowest_first():
    page = speed.document(PAGE, OUTPUT, "2026-11-20", "cpu")
    assert "| `parse` | 2026-11-20 | cpu | 2000 lines/s/core median |" in page, page
    assert "| slow-one | 2,000 | 50 | 0.1 |\n| fast | 3,000,000 |" in page, page
    assert page.endswith("| fast | 3,000,000 | 100 | 300.0 |\n\nend\n"), page
    assert "door" not in page and "median of 2" not in page, page
    assert speed.document(page, OUTPUT, "2026-11-20", "cpu") == page


def speed_keeps_what_was_not_measured():
    page = speed.document(PAGE, "cluster: 3 us a line\n", "2026-11-20", "cpu")
    assert "| cpu | 3 us a line |\n| `evtx` | 2026-01-01 | old" in page, page
    assert "| door | 1,000 | 10 | 0.1 |" in page, page


def speed_names_the_processor_in_one_line():
    assert speed.processor("model name\t: Made  Up (R)\nflags : x\n") == "Made Up (R)"
    assert speed.processor("") == "unknown"


if __name__ == "__main__":
    source.self_test([(n, f) for n, f in list(globals().items()) if n.startswith("speed_")])
