"""Tests of config_page.py: a row reaches the page, and a key that nobody names shows."""

import config_page as cp
import tree as source

DEF = '''/* MM_CONFIG(A, "not.this", TEXT, "", "", 0, 0, MM_USED_PORTAL) */
MM_CONFIG(LISTEN, "door.listen", ADDR, "off", "", 0, 0, MM_USED_PORTAL)
MM_CONFIG(DAYS, "door.days", NUMBER, "90", "days", 1, 400,
          MM_USED_ENGINE | MM_USED_PORTAL)
'''
TREE = {"src/serve/config.def": DEF, "src/app/portal.c": "MM_CFG_LISTEN MM_CFG_DAYS",
        "src/app/engine.c": "x(MM_CFG_DAYS)"}
WORDS = {"config.door.listen": ["where | how"], "config.door.days": ["how long"],
         "config.unit.days": ["days"], "config.kind.addr": ["address:port"]}


def rows_are_read_and_comments_are_not():
    keys = cp.keys_of(TREE)
    assert [k["key"] for k in keys] == ["door.listen", "door.days"], keys
    assert keys[1]["used"] == {"engine", "portal"}, keys


def a_row_has_meaning_bounds_default_and_readers():
    assert cp.rows(cp.keys_of(TREE), WORDS) == [
        "| `door.listen` | where \\| how | address:port | `off` | portal |",
        "| `door.days` | how long | 1-400 days | `90` | engine, portal |"]


def a_program_that_reads_a_key_unnamed_is_told():
    assert not list(cp.misused(cp.keys_of(TREE), TREE))
    more = {**TREE, "src/app/worker.c": "MM_CFG_LISTEN"}
    assert "worker" in list(cp.misused(cp.keys_of(more), more))[0]
    less = {**TREE, "src/app/engine.c": ""}
    assert "door.days" in list(cp.misused(cp.keys_of(less), less))[0]


if __name__ == "__main__":
    source.self_test([(name, case) for name, case in sorted(globals().items())
                      if callable(case) and case.__module__ == "__main__"])
