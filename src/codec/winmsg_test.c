/* codec/winmsg_test.c - messages of Windows events, with their line ends and without. */
#include "codec/winmsg.h"

#include <stdio.h>

#include "tests/harness/test.h"

/* The title, then all values as "section/name=value;". */
static void expect(struct mm_slice in, const char *want)
{
    struct mm_winmsg walk;
    struct mm_winmsg_pair pair;
    struct mm_slice title;
    char got[512];
    int n;

    mm_winmsg_init(&walk, in, &title);
    n = snprintf(got, sizeof(got), "%.*s;", MM_S_ARG(title));
    while (mm_winmsg_next(&walk, &pair)) {
        n += snprintf(got + n, sizeof(got) - (size_t)n, "%.*s/%.*s=%.*s;", MM_S_ARG(pair.section),
                      MM_S_ARG(pair.name), MM_S_ARG(pair.value));
        CHECK((size_t)n < sizeof(got));
    }
    CHECK_SLICE(mm_slice_str(got), want);
}

TEST(winmsg_names_values_by_section)
{
    expect(MM_S("An account was logged on.\r\n\r\nSubject:\r\n\tSecurity ID:\t\tS-1-5-18\r\n\t"
                "Account Name:\t\tPC1$\r\n\r\nNew Logon:\r\n\tAccount Name:\t\tsato\r\n"),
           "An account was logged on.;Subject/Security ID=S-1-5-18;Subject/Account Name=PC1$;"
           "New Logon/Account Name=sato;");
    expect(MM_S("An account was logged on.    Subject:   Security ID:  S-1-5-18   "
                "Account Name:  two words    Logon Type:   3    New Logon:   Account Name:  sato"),
           "An account was logged on.;Subject/Security ID=S-1-5-18;"
           "Subject/Account Name=two words;Subject/Logon Type=3;New Logon/Account Name=sato;");
}

TEST(winmsg_reads_values_behind_one_blank)
{
    expect(MM_S("Title.  Network:   Address: 192.0.2.1   Port:  25   Path: C:\\a: b   x=1: 2"),
           "Title.;Network/Address=192.0.2.1;Network/Port=25;Network/Path=C:\\a: b;");
    expect(MM_S("Reason:  not so: said   C:\\x: y"), ";/Reason=not so: said;");
}

TEST(winmsg_keeps_the_section_before_one_that_may_be_a_name_without_a_value)
{
    struct mm_winmsg walk;
    struct mm_winmsg_pair pair;
    struct mm_slice title;

    mm_winmsg_init(&walk, MM_S("Network:  Workstation:    Source:  192.0.2.1"), &title);
    CHECK_NUM(title.n, 0);
    CHECK(mm_winmsg_next(&walk, &pair));
    CHECK_SLICE(pair.section, "Workstation");
    CHECK_SLICE(pair.outer, "Network");
    CHECK_SLICE(pair.name, "Source");
    CHECK_SLICE(pair.value, "192.0.2.1");
    CHECK(!mm_winmsg_next(&walk, &pair));
}

TEST(winmsg_takes_text_without_names_as_a_title)
{
    expect(MM_S("The audit log was cleared."), "The audit log was cleared.;");
    expect(MM_S(" Drive  C:  was  seen"), "Drive;");
    expect(MM_S("Title  Name:"), "Title;");
    expect(MM_S("   "), ";");
    expect(MM_S(""), ";");
}
