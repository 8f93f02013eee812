/* web/portal/portal.c - see portal.h for the contract. */
#include "web/portal/portal.h"

#include "base/hash.h"
#include "web/portal/guides.h"
#include "web/portal/page.h"
#include "web/portal/quests.h"
#include "web/portal/rules.h"

enum {
    ARENA_MAX = 8 * 1024 * 1024,   /* templates compile to about 500 KB */
    VISITOR_MAX = 16 * 1024,       /* bodies: who is not known has a login to send, 4 KB sealed */
    FORM_MAX = 64 * 1024,          /* a report with everything ticked and long words is 20 KB */
    LONG_MAX = 256 * 1024,         /* a rule of Sigma's largest kind, a list of 1,000 values */
    UPLOAD_MAX = 32 * 1000 * 1000, /* rules: SigmaHQ's repository is 6 MB packed; po/ names it */
    UPLOADS_MAX = 2,               /* at once: each is held in memory */
};

struct file {
    const char *name;
    const uint8_t *p;
    size_t n;
};

#define MM_EMBED_BYTES
#include "web/portal/templates.inc"
#undef MM_EMBED_BYTES
static const struct file templates[] = {
#include "web/portal/templates.inc"
};

#define MM_EMBED_BYTES
#include "web/portal/assets.inc"
#undef MM_EMBED_BYTES
static const struct file assets[] = {
#include "web/portal/assets.inc"
};

static const char *type_of(struct mm_slice name)
{
    static const struct {
        struct mm_slice suffix;
        const char *type;
    } rows[] = {
        {MM_S_INIT(".css"), "text/css; charset=utf-8"},
        {MM_S_INIT(".js"), "text/javascript; charset=utf-8"},
        {MM_S_INIT(".svg"), "image/svg+xml"},
    };

    for (size_t i = 0; i < MM_COUNT(rows); i++) {
        if (mm_slice_ends(name, rows[i].suffix))
            return rows[i].type;
    }
    return "application/octet-stream";
}

static enum mm_code load_templates(struct mm_portal *p, struct mm_fault *fault)
{
    struct mm_tpl_source src[MM_COUNT(templates)];
    size_t at = 0;

    static_assert(MM_COUNT(templates) <= MM_TPL_MAX_COUNT, "too many templates");
    for (size_t i = 0; i < MM_COUNT(templates); i++)
        src[i] = (struct mm_tpl_source){.name = templates[i].name,
                                        .text = mm_slice_of(templates[i].p, templates[i].n)};
    return mm_tpl_load(&p->arena, src, MM_COUNT(src), &p->templates, &at, fault);
}

enum mm_code mm_portal_open(const struct mm_portal_cfg *cfg, struct mm_portal **ret,
                            struct mm_fault *fault)
{
    struct mm_portal *p = calloc(1, sizeof(*p));
    struct mm_digest digest;
    enum mm_code code;

    MM_ASSERT(cfg != NULL && cfg->records != NULL && cfg->key != NULL && cfg->auth != NULL &&
              cfg->now_us != NULL);
    static_assert(MM_COUNT(assets) <= MM_ASSETS_MAX, "too many assets");
    static_assert(sizeof(digest.b) == sizeof(p->forms.b), "a digest is a key");
    if (p == NULL)
        return mm_fail(fault, MM_E_NOMEM, 0, "portal.memory");
    p->cfg = *cfg;
    (void)pthread_mutex_init(&p->rules_lock, NULL);
    for (size_t i = 0; i < MM_ASK_LANES; i++)
        (void)pthread_mutex_init(&p->ask_lock[i], NULL);
    (void)pthread_mutex_init(&p->status_lock, NULL);
    mm_arena_init(&p->arena, ARENA_MAX);
    mm_digest_keyed(cfg->key, MM_S("portal forms"), &digest);
    memcpy(p->forms.b, digest.b, sizeof(p->forms.b));
    p->formats = mm_format_shelf_new(cfg->format_dir, cfg->own_format_dir);
    p->quests = mm_quest_shelf_new(cfg->quest_dir, cfg->control_dir);
    p->guides = mm_guide_shelf_new(cfg->guide_dir);
    code = mm_pace_new(cfg->rate < MM_PACE_RATE_MAX ? cfg->rate : MM_PACE_RATE_MAX, &p->pace);
    code = code != MM_OK || p->formats == NULL || p->quests == NULL || p->guides == NULL
               ? mm_fail(fault, MM_E_NOMEM, 0, "portal.memory")
               : load_templates(p, fault);
    if (code != MM_OK) {
        mm_portal_close(&p);
        return code;
    }
    for (size_t i = 0; i < MM_COUNT(assets); i++) {
        struct mm_asset *a = &p->asset[p->asset_n++];

        a->name = assets[i].name;
        a->bytes = mm_slice_of(assets[i].p, assets[i].n);
        a->type = type_of(mm_slice_str(a->name));
        (void)snprintf(a->digest, sizeof(a->digest), "%08x", mm_crc32c(0, a->bytes));
    }
    *ret = p;
    return MM_OK;
}

void mm_portal_close(struct mm_portal **portal)
{
    struct mm_portal *p = *portal;

    if (p == NULL)
        return;
    mm_rules_unref(&p->rules);
    mm_format_shelf_free(&p->formats);
    mm_quest_shelf_free(&p->quests);
    mm_guide_shelf_free(&p->guides);
    mm_pace_free(&p->pace);
    (void)pthread_mutex_destroy(&p->rules_lock);
    for (size_t i = 0; i < MM_ASK_LANES; i++)
        (void)pthread_mutex_destroy(&p->ask_lock[i]);
    (void)pthread_mutex_destroy(&p->status_lock);
    for (size_t i = 0; i < MM_STATUS_FORMS; i++)
        mm_buf_done(&p->status[i].text);
    mm_arena_done(&p->arena);
    mm_wipe(&p->forms, sizeof(p->forms));
    free(p);
    *portal = NULL;
}

bool mm_portal_asset(const struct mm_portal *portal, struct mm_slice name, struct mm_http_req *req)
{
    for (size_t i = 0; i < portal->asset_n; i++) {
        const struct mm_asset *a = &portal->asset[i];

        if (!mm_slice_eq(mm_slice_str(a->name), name))
            continue;
        mm_http_set(req, "Cache-Control", "public, max-age=31536000, immutable");
        mm_http_static(req, 200, a->type, a->bytes);
        return true;
    }
    return false;
}

/* An upload takes a place until its request is done; `state` remembers that. */
static void admit_upload(struct mm_portal *p, struct mm_http_req *req)
{
    bool busy = atomic_fetch_add(&p->uploads, 1) >= UPLOADS_MAX;

    req->state = p;
    if (mm_page_admit_upload(p, req, UPLOAD_MAX, busy))
        req->body_max = UPLOAD_MAX;
}

static void on_head(void *user, struct mm_http_req *req)
{
    struct mm_match m;

    if (mm_route_find(req->method, req->path, &m) != MM_OK || req->method != MM_HTTP_POST)
        return;
    if ((m.route->flags & MM_ROUTE_UPLOAD) != 0)
        admit_upload(user, req);
    else
        req->body_max = (m.route->who & MM_WHO_ALL) != 0        ? VISITOR_MAX
                        : (m.route->flags & MM_ROUTE_LONG) != 0 ? LONG_MAX
                                                                : FORM_MAX;
}

static void on_done(void *user, struct mm_http_req *req, bool whole)
{
    struct mm_portal *p = user;

    (void)whole;
    if (req->state != NULL)
        atomic_fetch_sub(&p->uploads, 1);
}

static void on_request(void *user, struct mm_http_req *req)
{
    mm_page_serve(user, req);
}

void mm_portal_handler(struct mm_portal *portal, struct mm_http_handler *ret)
{
    *ret = (struct mm_http_handler){
        .user = portal, .head = on_head, .handle = on_request, .done = on_done};
}
