/*
 * web/portal/portal.h - the portal: pages and API over records and events.
 *
 * Purpose   Open it over an open records file, hand its handler to web/http.h.
 * Owns      Templates, assets and the secret that forms are signed with.
 * Threads   _open and _close from one thread; the handler runs on many.
 * Trust     Requests are hostile; configuration was checked by the caller.
 */
#ifndef MM_WEB_PORTAL_PORTAL_H
#define MM_WEB_PORTAL_PORTAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "os/hits.h"
#include "os/meter.h"
#include "register/auth.h"
#include "store/records/records.h"
#include "text/mustache.h"
#include "web/http.h"
#include "web/portal/formats.h"
#include "web/portal/pace.h"

/* Logging in with the operator's provider of identities (register/oidc.h). */
struct mm_portal_oidc {
    const char *issuer; /* NULL: there is none */
    const char *client, *redirect;
    const char *label[2]; /* by enum mm_lang; "" has a name of ours */
    bool ask_app;         /* our second factor, unless the provider says it asked for several */
};

struct mm_portal_cfg {
    struct mm_records *records;
    struct mm_auth *auth;
    const struct mm_key *key; /* of the state directory */
    const char *state_dir;    /* where intake's counters and eventd's socket are */
    const char *service_name; /* the operator's own name for its service; "" shows ours */
    const char *desk_tel;     /* whom companies call; "" when they have it on paper only */
    const char *desk_hours;
    const char *rule_dirs[2];   /* folders of detection rules; NULL or absent ones are left out */
    const char *format_dir;     /* log formats, for their titles; NULL: their names are shown */
    const char *own_format_dir; /* the operator's; NULL or absent: none */
    const char *quest_dir;      /* questionnaires that can be begun; NULL: none */
    const char *control_dir;    /* our controls and the glossary; NULL: none */
    const char *guide_dir;      /* guides for connecting devices; NULL: none */
    const char *format_program; /* path of mimamori-format; NULL: no formats are made on pages */
    const char *rules_program;  /* path of mimamori-rules; NULL: no rules are tried on pages */
    const char *status_program; /* path of mimamori-status; NULL: nobody tells how the machine is */
    const char *cost_program;   /* path of mimamori-cost; NULL: nobody tells what companies cost */
    uint64_t machine_yen, hour_yen, fee_yen; /* what it is told to reckon with: cost.* */
    /* Where relays send lines: an address, or ":" and a port of this host; and its public key, ""
     * where an authority vouches for it. */
    const char *relay_url, *relay_pin;
    /* Intake's listeners for syslog, NULL: off; the name or address under which devices reach them,
     * "" where nobody has said it; whether their network was declared private. */
    const char *intake_udp, *intake_tcp, *intake_address;
    bool intake_private;
    const char *metrics_token; /* who has it reads /metrics; "" or NULL: nobody has */
    bool metrics_local;        /* and who asks from this machine */
    struct mm_meters *meters;  /* NULL: nothing is measured */
    struct mm_hits *hits;      /* NULL: nobody counts who runs into limits */
    struct mm_portal_oidc oidc;
    const char *version;
    uint32_t rate;           /* requests a second of one user, token or address; 0: no limit */
    int64_t (*now_us)(void); /* the clock: mm_now_us, or a test's */
};

struct mm_asset {
    const char *name;
    struct mm_slice bytes;
    const char *type;
    char digest[9]; /* of the content, in its address: may be kept for a year */
};

enum { MM_ASSETS_MAX = 16 };

/* Programs that read foreign texts for pages (ask.h): one of each at a time, so that who tries a
 * rule on a month of logs holds up neither a log format nor a set of rules. */
enum mm_ask_lane { MM_ASK_FORMAT, MM_ASK_TRIAL, MM_ASK_UPLOAD, MM_ASK_LANES };

/* Forms in which `mimamori status` answers. */
enum mm_status_form { MM_STATUS_JSON, MM_STATUS_METRICS, MM_STATUS_OPENMETRICS, MM_STATUS_FORMS };

/* Its last answer: whoever asks within seconds is given the same. */
struct mm_status_kept {
    int64_t at_us; /* monotonic */
    struct mm_buf text;
};

struct mm_guide_shelf;
struct mm_quest_shelf;
struct mm_ruleset;

struct mm_portal {
    struct mm_portal_cfg cfg;
    struct mm_key forms; /* signs what forms bring back; made from cfg.key */
    struct mm_arena arena;
    const struct mm_tpl_set *templates;
    struct mm_pace *pace;
    struct mm_asset asset[MM_ASSETS_MAX];
    size_t asset_n;
    struct mm_format_shelf *formats;
    struct mm_quest_shelf *quests;
    struct mm_guide_shelf *guides;
    atomic_int uploads; /* that are being received */
    pthread_mutex_t ask_lock[MM_ASK_LANES];
    pthread_mutex_t status_lock; /* the answers below; one program runs at a time */
    struct mm_status_kept status[MM_STATUS_FORMS];
    pthread_mutex_t rules_lock;
    struct mm_ruleset *rules; /* see rules.h */
    int64_t rules_us;
};

/*
 * MM_E_BUG with fault when a template does not compile (a test sees to that), MM_E_NOMEM. cfg is
 * copied, a rate above MM_PACE_RATE_MAX is that; what it points to must outlive the portal.
 */
MM_MUST_USE enum mm_code mm_portal_open(const struct mm_portal_cfg *cfg, struct mm_portal **ret,
                                        struct mm_fault *fault);
void mm_portal_close(struct mm_portal **portal);
/* What mm_http_start is given. */
void mm_portal_handler(struct mm_portal *portal, struct mm_http_handler *ret);
/* Sets response headers and body of an asset; false when there is none of that name. */
bool mm_portal_asset(const struct mm_portal *portal, struct mm_slice name, struct mm_http_req *req);

#endif
