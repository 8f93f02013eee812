/*
 * app/intake_bulk.h - what senders that speak to Elasticsearch ask for, over intake's listener.
 *
 * Purpose   `POST /_bulk` and `POST /INDEX/_bulk` between the HTTP server and intake/ingest.h, and
 *           what such senders ask before: `GET /` (which version), `GET /_cat/health` (does it take
 *           lines), `GET /_license` and `/_xpack` (400: there is no licence here, as Elasticsearch
 *           without X-Pack says it). Nothing else of Elasticsearch is there.
 * Owns      Nothing.
 * Threads   Any.
 * Trust     Requests are hostile; who speaks is found out before anything is answered and a byte of
 *           the body is taken: a source's name or number and its token, as "Basic" or "ApiKey".
 */
#ifndef MM_APP_INTAKE_BULK_H
#define MM_APP_INTAKE_BULK_H

#include "app/intake_table.h"
#include "intake/ingest.h"
#include "web/http.h"

/* Is the request for this? */
bool mm_intake_bulk_path(const struct mm_http_req *req);
void mm_intake_bulk_head(struct mm_tables *tables, struct mm_http_req *req);
void mm_intake_bulk_handle(struct mm_intake *core, struct mm_ingest *ingest,
                           struct mm_http_req *req);

#endif
