"""third_party.py names a library nobody listed, and a document that is not what is linked."""

import pathlib
import subprocess
import tempfile

import third_party
import tree as source

ROWS = third_party.read_table(
    "# comment\nliba.so | A | MIT | liba-dev | first\n<b.hpp> | B | BSL-1.0 | libb-dev | second\n"
    "libn.so | N | Apache-2.0 | npm:@n/lib | third\nnpm:t | T | MPL-2.0 | | tests\n")
NPM = {"@n/lib": ("3.1", False), "t": ("4.0", True)}


def document(needed, headers=None, npm=None):
    return third_party.document(ROWS, needed, headers or {}, npm or NPM, lambda package: "1.2")


def third_party_writes_a_line_for_each_library_and_package():
    text, unknown = document({"liba.so": ["p"], "libn.so": ["q"]}, {"<b.hpp>": ["src/x.cpp"]})
    assert not unknown, unknown
    for line in ("| A | 1.2 | MIT | dynamically, `liba.so` | first |",
                 "| B | 1.2 | BSL-1.0 | header only | second |",
                 "| N | 3.1 (npm) | Apache-2.0 | dynamically, `libn.so` | third |",
                 "| T | 4.0 (npm) | MPL-2.0 | not linked: tests only | tests |"):
        assert line in text, f"lacks {line}:\n{text}"


def third_party_names_an_unlisted_library_and_who_links_it():
    _, unknown = document({"libsecret.so": ["mimamori-x"]})
    assert len(unknown) == 1 and "libsecret.so, linked by mimamori-x" in unknown[0], unknown


def third_party_names_an_unlisted_npm_package():
    for dev in (False, True):
        _, unknown = document({}, npm={**NPM, "left-pad": ("1", dev)})
        assert len(unknown) == 1 and "left-pad" in unknown[0], unknown


def third_party_sees_a_stale_document():
    text, _ = document({"liba.so": ["p"]})
    more, _ = document({"liba.so": ["p"], "libn.so": ["q"]})
    assert not third_party.differences(text, text, True)
    assert "lacks" in third_party.differences(text, more, True)[0]
    assert "stale" in third_party.differences(more, text, True)[0]
    newer = text.replace("1.2", "1.3")
    assert third_party.differences(newer, text, True)
    assert not third_party.differences(newer, text, False)


def third_party_reads_what_a_program_links():
    with tempfile.TemporaryDirectory() as folder:
        library, program = pathlib.Path(folder, "libplanted-2.so.7"), pathlib.Path(folder, "prog")
        subprocess.run(["cc", "-shared", "-fPIC", "-Wl,-soname,libplanted-2.so.7", "-x", "c",
                        "-", "-o", library], input="int f(void)\n{\n    return 1;\n}\n",
                       text=True, check=True)
        subprocess.run(["cc", "-Wl,--no-as-needed", "-x", "c", "-", "-x", "none", "-o", program,
                        library], input="int main(void)\n{\n    return 0;\n}\n", text=True,
                       check=True)
        assert third_party.read_needed([program]) == {"libplanted-2.so": ["prog"]}


def third_party_reads_debian_versions():
    for have, want in (("1:1.2.13.dfsg-1", "1.2.13"), ("7.88.1-10+deb12u15", "7.88.1"),
                       ("4.1+ds-2", "4.1"), ("1.5.4+dfsg2-5", "1.5.4"), ("0.8.3-1+b3", "0.8.3")):
        got = third_party.upstream(have)
        assert got == want, f"{have} -> {got}, want {want}"


if __name__ == "__main__":
    source.self_test([(n, f) for n, f in list(globals().items())
                      if n.startswith("third_party_")])
