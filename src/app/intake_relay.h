/*
 * app/intake_relay.h - what relays ask intake for, over its HTTP listener.
 *
 * Purpose   `POST /v1/relay/lines` (intake/relayed.h) between the HTTP server and the core, and the
 *           page of how each relay is (model/relay_page.h).
 * Owns      The page's file and mapping.
 * Threads   _head and _handle in any; _new and _free while no request runs.
 * Trust     Requests are hostile; who speaks is found out before a byte of the body is taken.
 */
#ifndef MM_APP_INTAKE_RELAY_H
#define MM_APP_INTAKE_RELAY_H

#include "app/intake_table.h"
#include "intake/core.h"
#include "web/http.h"

struct mm_intake_relay;

/* tables and core must outlive it. */
MM_MUST_USE enum mm_code mm_intake_relay_new(const char *state_dir, int64_t epoch_us,
                                             struct mm_intake *core, struct mm_tables *tables,
                                             struct mm_intake_relay **ret);
void mm_intake_relay_free(struct mm_intake_relay **r);
/* Is the request for this? */
bool mm_intake_relay_path(const struct mm_http_req *req);
void mm_intake_relay_head(struct mm_intake_relay *r, struct mm_http_req *req);
void mm_intake_relay_handle(struct mm_intake_relay *r, struct mm_http_req *req);

#endif
