/* web/portal/relay_page.c - a machine comes with a code and becomes a relay. */
#include "register/relay.h"
#include "web/portal/pages.h"
#include "web/portal/portal.h"

/* Lines of text for a program, not a page: who asks has no session, and shows with the code that it
 * may ask. */
enum mm_code mm_page_relay_enrol(struct mm_page *p)
{
    char peer[MM_IP_TEXT];
    struct mm_relay_request r = {.step = mm_input_get(&p->in, "step"),
                                 .code = mm_input_get(&p->in, "code"),
                                 .half = mm_input_get(&p->in, "half"),
                                 .machine = mm_input_get(&p->in, "machine"),
                                 .proof = mm_input_get(&p->in, "proof"),
                                 .url = p->portal->cfg.relay_url,
                                 .pin = p->portal->cfg.relay_pin,
                                 .now_us = p->now_us};
    struct mm_buf text;
    int64_t wait_s = 0;
    int status;

    mm_ip_text(&p->req->peer, peer);
    r.peer = mm_slice_str(peer);
    mm_buf_init(&text, 4096);
    status = mm_relay_enrolling(p->portal->cfg.auth, &r, &text, &wait_s);
    mm_page_retry(p, wait_s);
    mm_buf_add(mm_http_reply(p->req, status, "text/plain; charset=utf-8"), mm_buf_slice(&text));
    mm_buf_done(&text);
    return MM_OK;
}
