"""layers.py turns red on each planted violation and stays green without one."""

import layers
import tree as source

CLEAN = {
    "src/LAYERS": "base:\nos: base\nstore: base os\nweb: base store -store/system.h\n",
    "src/base/base.h": "#include <stdint.h>\n",
    "src/os/log.h": '#include "base/base.h"\n',
    "src/os/log.c": '#include "os/log.h"\n#include <sys/socket.h>\n',
    "src/store/db.h": '#include "base/base.h"\n',
    "src/store/system.h": "",
    "src/store/db.c": '#include "store/db.h"\n#include <sqlite3.h>\n',
    "src/store/db_test.c": '#include "tests/harness/test.h"\n#include <sqlite3.h>\n',
    "src/web/page.c": '#include "store/db.h"\n/* #include "os/log.h" */\n',
    "tests/harness/test.h": '#include "base/base.h"\n',
}


def planted(path, text):
    tree = dict(CLEAN)
    tree[path] = text
    return {promise for promise, bad in layers.check(tree).items() if bad}


ALLOWED = "every include is one that src/LAYERS allows"
DOWN = "src/LAYERS points down only"
LISTED = "every folder with sources has a line in src/LAYERS"
WRAPS = "one file wraps a foreign library"


def expect(path, text, promise):
    got = planted(path, text)
    assert got == {promise}, f"planted in {path}: broke {sorted(got)}, want {promise}"


def layers_accepts_a_clean_tree():
    got = planted("src/base/more.h", "#include <pthread.h>\n#include <linux/filter.h>\n")
    assert got == set(), f"broke {sorted(got)}"


def layers_refuses_an_arrow_that_points_up():
    expect("src/base/up.c", '#include "os/log.h"\n', ALLOWED)
    expect("src/base/up.c", '  #  include   "os/log.h"\n', ALLOWED)


def layers_refuses_a_sibling_that_is_not_listed():
    expect("src/web/page.c", '#include "os/log.h"\n', ALLOWED)


def layers_refuses_a_header_that_is_not_there():
    expect("src/web/page.c", '#include "store/gone.h"\n', ALLOWED)


def layers_refuses_a_forbidden_header_of_an_allowed_folder():
    expect("src/web/page.c", '#include "store/system.h"\n', ALLOWED)


def layers_keeps_the_test_harness_out_of_programs():
    expect("src/web/page.c", '#include "tests/harness/test.h"\n', ALLOWED)


def layers_refuses_a_cycle_in_the_table():
    expect("src/LAYERS", CLEAN["src/LAYERS"].replace("base:", "base: web"), DOWN)
    expect("src/LAYERS", CLEAN["src/LAYERS"] + "later base\n", DOWN)


def layers_names_a_folder_without_a_line():
    expect("src/desk/desk.c", "", LISTED)


def layers_refuses_a_second_file_around_a_foreign_library():
    expect("src/web/page.c", "#include <sqlite3.h>\n", WRAPS)


def layers_lets_the_table_name_several_files_of_a_library():
    tree = dict(CLEAN)
    tree["src/web/page.c"] = "#include <sqlite3.h>\n"
    tree["src/LAYERS"] += "<sqlite3.h>: src/store/db.c src/web/page.c\n"
    assert not any(layers.check(tree).values())
    tree["src/os/log.c"] = "#include <sqlite3.h>\n"
    assert layers.check(tree)[WRAPS]


if __name__ == "__main__":
    source.self_test([(n, f) for n, f in list(globals().items()) if n.startswith("layers_")])
