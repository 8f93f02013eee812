"""Tests of limits_list.py: figures come from the sources, and one that is gone is missed."""

import limits_list as ll
import tree as source

TREE = {
    "src/serve/config.def": 'MM_CONFIG(A, "a.rate", NUMBER, "50", "s", 0, 9, X)\n',
    "x.h": "enum {\n    BYTES_MAX = 64 * 1024, /* why */\n    LAST = 7 /* why */\n};\n"
           "static const int64_t free_of[GATES] = {5, 20, 50};\n",
}


def a_constant_is_worked_out():
    assert ll.value(TREE, "x.h", "BYTES_MAX") == 65536
    assert ll.value(TREE, "x.h", "LAST") == 7


def a_row_of_figures_stays_as_it_is():
    assert ll.value(TREE, "x.h", "free_of") == "5, 20, 50"


def a_key_has_its_default():
    assert ll.value(TREE, "a.rate", "") == 50


def what_is_gone_is_missed():
    assert ll.value(TREE, "x.h", "NONE_MAX") is None
    assert ll.value(TREE, "b.rate", "") is None
    assert ll.value(TREE, "gone.h", "BYTES_MAX") is None


if __name__ == "__main__":
    source.self_test([(name, case) for name, case in sorted(globals().items())
                      if callable(case) and case.__module__ == "__main__"])
