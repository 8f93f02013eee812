/* app/portal_guide_test.c - guides on pages: with this company's own address and port, or saying
 * what is missing. */
#include <stdio.h>

#include "tests/harness/test.h"
#include "tests/portal/site.h"

#define HERE "/companies/1/guides"

TEST(guide_has_this_companys_own_address_and_port)
{
    struct site s;

    site_open(&s);
    CHECK(login(&s, "hanako", PASSWORD_FORM));
    fits_schema(&s, HERE, "guides");
    CHECK(has(s.body, "\"refused\":0") && has(s.body, "\"guide\":\"yamaha-rtx\""));
    fits_schema(&s, HERE "/linux", "guide");
    CHECK(has(s.body, "target=\\\"192.168.1.5\\\" port=\\\"6514\\\""));
    CHECK(has(s.body, "\"ready\":true,\"why\":null,\"by_relay\":false,\"via\":\"TCP\""));
    CHECK(!has(s.body, "{address}") && !has(s.body, "{port}"));
    CHECK(has(s.body, "\"register\":null")); /* that is the operator's */
    get(&s, HERE "/linux");
    CHECK_NUM(s.status, 200);
    CHECK(has(s.body, "target=&quot;192.168.1.5&quot;"));
    get(&s, HERE "/nothing");
    CHECK_NUM(s.status, 404);
    get(&s, "/companies/2/guides/linux");
    CHECK_NUM(s.status, 404);
    site_close(&s);
}

TEST(guide_says_what_is_missing_instead_of_printing_a_guess)
{
    struct site s;

    site_open(&s);
    CHECK(login(&s, "hanako", PASSWORD_FORM));
    fits_schema(&s, HERE "/yamaha-rtx", "guide"); /* UDP, and there is no such listener */
    CHECK(has(s.body, "\"ready\":false,\"why\":\"off\"") && has(s.body, "\"steps\":[]"));
    get(&s, HERE "/yamaha-rtx");
    CHECK(!has(s.body, "syslog host") && has(s.body, "受付口がまだ開いていません"));
    s.portal->cfg.intake_private = false; /* plain syslog never goes over the internet */
    fits_schema(&s, HERE "/linux", "guide");
    CHECK(has(s.body, "\"ready\":false,\"why\":\"private\"") && has(s.body, "\"steps\":[]"));
    CHECK(has(s.body, "\"before\":[]"));
    s.portal->cfg.intake_private = true;
    s.portal->cfg.intake_address = "";
    fits_schema(&s, HERE "/linux", "guide"); /* of 0.0.0.0 nobody can tell how it is reached */
    CHECK(has(s.body, "\"ready\":true") && has(s.body, "\"address\":null"));
    CHECK(has(s.body, "target=\\\"〈送り先のアドレス〉\\\"") && !has(s.body, "0.0.0.0"));
    s.portal->cfg.intake_tcp = "127.0.0.1:6514";
    fits_schema(&s, HERE "/linux", "guide");
    CHECK(has(s.body, "\"ready\":false,\"why\":\"local\""));
    s.portal->cfg.intake_udp = "192.168.1.5:5514"; /* the router can send to 514 only */
    fits_schema(&s, HERE "/yamaha-rtx", "guide");
    CHECK(has(s.body, "\"ready\":false,\"why\":\"port\"") && has(s.body, "\"only_port\":514"));
    s.portal->cfg.intake_udp = "192.168.1.5:514";
    fits_schema(&s, HERE "/yamaha-rtx", "guide");
    CHECK(has(s.body, "syslog host 192.168.1.5\\n") && has(s.body, "\"port\":514"));
    site_close(&s);
}
