"""Tests of formats_list.py: what a format says and tests reaches the page, and staleness shows."""

import formats_list as fl
import tree as source

TREE = {
    "src/model/fields.def": 'MM_FIELD(USER_NAME, "user.name", KEYWORD, HOT)\n'
                            'MM_FIELD(SOURCE_USER, "source.user.name", KEYWORD, MAP)\n'
                            'MM_FIELD(FILE_PATH, "file.path", TEXT, HOT)\n',
    "src/coverage/topics.def": 'MM_TOPIC(0, TIME, "time", MM_F_NONE)\n'
                               'MM_TOPIC(1, USER, "user", MM_F_USER_NAME,\n'
                               '         MM_F_SOURCE_USER)\n'
                               'MM_TOPIC(2, FILE, "file", MM_F_FILE_PATH)\n',
    "content/formats/door.test": '< a line\n= door ok {"source.user.name":"alice"}\n'
                                 '< broken\n= door zone-given unparsed {"file.path":"x"}\n',
}
DOOR = {"format": "door", "ja": "J", "en": "Door", "covers": {"ja": "", "en": "Door 2"},
        "reads": {"ja": "R", "en": "who | when"}, "tested": {"ja": "T", "en": "by hand"}}
PAGE = "words\n\n| Name |\n|---|\n| old |\n| older |\n\nmore\n\n| A |\n|---|---|\nend\n"


def topics_are_what_tests_expect():
    topics = fl.topics_of(TREE)
    assert list(topics) == ["user", "file"], topics
    assert topics["user"] == {"user.name", "source.user.name"}, topics
    assert fl.topic_rows([DOOR], TREE, topics) == ["| door | ● |  |"]


def a_row_has_the_words_of_its_language():
    assert fl.format_rows([DOOR], "en") == ["| door | Door 2 | who \\| when | by hand |"]
    assert fl.format_rows([DOOR], "ja") == ["| door | J | R | T |"]


def only_rows_of_tables_are_replaced():
    want = "words\n\n| Name |\n|---|\n| new |\n\nmore\n\n| A |\n|---|---|\n| t |\nend\n"
    assert fl.fill(PAGE, [["| new |"], ["| t |"]]) == want
    assert fl.fill(want, [["| new |"], ["| t |"]]) == want


def a_stale_page_is_told():
    assert fl.differences("a\nb\n", "a\nb\n", "p.md") == []
    assert len(fl.differences("a\nold\n", "a\nnew\n", "p.md")) == 2
    assert fl.differences("a\nb\n", "b\na\n", "p.md") != []


def a_format_that_says_nothing_is_told():
    mute = {**DOOR, "tested": {"ja": "", "en": "x"}}
    assert fl.unsaid([DOOR]) == []
    assert fl.unsaid([mute]) == ["content/formats/door.yaml: no `tested` in ja"], fl.unsaid([mute])


if __name__ == "__main__":
    source.self_test([(name, case) for name, case in sorted(globals().items())
                      if callable(case) and case.__module__ == "__main__"])
