"""Tests of asvs_check.py: what is missing, unknown, unnamed or gone is found."""

import asvs_check as ac
import tree as source

GOOD = "".join(f"| {n} | x | met | `a_test` |\n" for n in ac.numbers())
TESTS = {"a_test"}


def wrong(page, files=None):
    return {check for check, said in ac.faults(page, TESTS, files or {}).items() if said}


def a_list_is_read_with_its_ranges():
    assert ac.numbers("1.4.1,4-5 2.10.3") == ["1.4.1", "1.4.4", "1.4.5", "2.10.3"]
    assert len(ac.numbers()) == len(set(ac.numbers())) == 259


def a_whole_page_is_good():
    assert wrong(GOOD) == set()


def a_missing_and_a_doubled_row_are_found():
    first = GOOD.splitlines()[0] + "\n"
    assert wrong(GOOD.replace(first, "")) == {"every requirement has one row"}
    assert wrong(GOOD + first) == {"every requirement has one row"}
    assert wrong(GOOD + "| 99.1.1 | x | met | `a_test` |\n") == {"every requirement has one row"}


def a_test_that_is_gone_is_found():
    assert wrong(GOOD.replace("`a_test`", "`another`", 1)) == {"every name is there"}
    assert wrong(GOOD.replace("`a_test`", "`x.py#f`", 1), {"x.py": "def f"}) == set()
    assert wrong(GOOD.replace("`a_test`", "`x.py#g`", 1), {"x.py": "def f"}) == {
        "every name is there"}


def a_state_without_reason_is_found():
    assert wrong(GOOD.replace("met | `a_test`", "met | it is", 1)) == {
        "what is met names something, what is not says why"}
    assert wrong(GOOD.replace("met | `a_test`", "no |  ", 1)) == {
        "what is met names something, what is not says why"}
    assert wrong(GOOD.replace("met |", "perhaps |", 1)) >= {"rows have a state"}


if __name__ == "__main__":
    source.self_test([(name, case) for name, case in sorted(globals().items())
                      if name.startswith("a_")])
