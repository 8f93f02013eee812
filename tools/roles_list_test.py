"""Tests of roles_list.py: who may is computed as the portal does, and staleness shows."""

import roles_list as rl
import tree as source

TREE = {
    "src/register/roles.def": 'MM_ROLE(ANALYST, "analyst", STAFF, true, SEE | RULES)\n'
                              'MM_ROLE(CHARGE, "charge", PERSON, false, SEE)\n',
    "src/register/rights.def": 'MM_RIGHT(SEE, "see", 0) /* x */\nMM_RIGHT(RULES, "rules", 5)\n',
    "src/web/portal/routes.def":
        '\nMM_ROUTE(GET, "/a", MM_MAY_SEE, MM_ROUTE_PAGE, a)\n'
        'MM_ROUTE(GET, "/s", MM_MAY_SEE | MM_WHO_STAFF, MM_ROUTE_PAGE, s)\n'
        'MM_ROUTE(POST, "/r", MM_MAY_RULES | MM_WHO_COOKIE,\n         MM_ROUTE_ACT, r)\n'
        'MM_ROUTE(GET, "/l", MM_WHO_ALL, 0, l)\n',
}
WORDS = {"role.analyst": "A", "role.charge": "C", "right.see": "see", "right.rules": "rules",
         "roles.second": "two", "roles.all": "all", "roles.session": "in", "roles.may": "May"}


def rights_become_dots():
    assert rl.role_rows(rl.roles_of(TREE), [("SEE", "see"), ("RULES", "rules")], WORDS) == [
        "| see | ● | ● |", "| rules | ● |  |", "| two | ● |  |"]


def routes_name_who_may():
    assert rl.route_rows(rl.roles_of(TREE), rl.routes_of(TREE), WORDS) == [
        "| GET `/a` | in | ● |", "| GET `/s` | A | ● |", "| POST `/r` | A |  |",
        "| GET `/l` | all |  |"]


def a_route_of_more_rights_needs_all():
    assert not rl.may(rl.roles_of(TREE)[1], {"MAY_SEE", "SEE", "RULES"})


def head_has_a_column_a_role():
    assert rl.head(rl.roles_of(TREE), WORDS) == "| May | A | C |"


if __name__ == "__main__":
    source.self_test([(name, case) for name, case in sorted(globals().items())
                      if callable(case) and case.__module__ == "__main__"])
