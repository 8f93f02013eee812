/* detect/detect_test.c - rules from YAML to hits, and what a set tells about itself. */
#include "tests/harness/test.h"

#include "detect/testkit.h"

TEST(rule_matches_when_all_items_of_a_map_hold)
{
    const char *d = "  s:\n    Image|endswith: '\\cmd.exe'\n    CommandLine|contains: whoami\n"
                    "  condition: s\n";

    HIT(d, "process.executable", "C:\\Windows\\System32\\CMD.EXE", "process.command_line",
        "cmd /c WHOAMI");
    MISS(d, "process.executable", "C:\\Windows\\System32\\cmd.exe", "process.command_line", "dir");
    MISS(d, "process.executable", "C:\\Windows\\System32\\cmd.exe");
    MISS(d, "process.command_line", "whoami");
}

TEST(condition_excludes_filters)
{
    const char *d = "  sel_a:\n    A: x\n  sel_b:\n    B: y\n  filter_main:\n    C: z\n"
                    "  condition: 1 of sel_* and not 1 of filter_*\n";

    HIT(d, "A", "x");
    HIT(d, "B", "Y");
    MISS(d, "A", "x", "C", "z");
    MISS(d, "C", "z");
}

TEST(list_of_maps_is_any_of_them)
{
    const char *d = "  s:\n    - A: x\n      B: y\n    - C|startswith: z\n  condition: s\n";

    HIT(d, "A", "x", "B", "y");
    HIT(d, "C", "zzz");
    MISS(d, "A", "x");
}

TEST(absent_field_is_null_and_present_field_exists)
{
    HIT("  s:\n    A: x\n    B: null\n  condition: s\n", "A", "x");
    MISS("  s:\n    A: x\n    B: null\n  condition: s\n", "A", "x", "B", "");
    HIT("  s:\n    A: x\n    B: ''\n  condition: s\n", "A", "x", "B", "");
    MISS("  s:\n    A: x\n    B: ''\n  condition: s\n", "A", "x");
    HIT("  s:\n    B|exists: true\n  condition: s\n", "B", "");
    MISS("  s:\n    B|exists: true\n  condition: s\n", "A", "x");
    HIT("  s:\n    A: x\n    B|exists: false\n  condition: s\n", "A", "x");
    MISS("  s:\n    A: x\n    B|exists: no\n  condition: s\n", "A", "x", "B", "1");
    HIT("  s:\n    B: '*'\n  condition: s\n", "B", "anything");
    MISS("  s:\n    B: '*'\n  condition: s\n", "A", "anything");
}
