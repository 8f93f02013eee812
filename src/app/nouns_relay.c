/* app/nouns_relay.c - see nouns_relay.h for the contract. */
#include "app/nouns_relay.h"

#include "base/time.h"
#include "model/relay_page.h"
#include "os/file.h"

enum { MIB = 1024 * 1024 };

static void document(struct mm_doc *d, const struct mm_relay_live *live)
{
    mm_doc_time(d, "seen", live->seen_us);
    mm_doc_int(d, "clock_ahead_us", live->ahead_us);
    mm_doc_int(d, "backlog", (int64_t)live->backlog);
    mm_doc_int(d, "disk_free_bytes", (int64_t)live->disk_free);
    mm_doc_int(d, "disk_bytes", (int64_t)live->disk_all);
    mm_doc_int(d, "serial", (int64_t)live->serial);
    mm_doc_int(d, "lost", (int64_t)live->lost);
    mm_doc_bool(d, "refused", live->turned != MM_RELAY_WELCOME);
    if (live->oldest_us > 0)
        mm_doc_time(d, "oldest_waiting", live->oldest_us);
    if (live->copied_us > 0)
        mm_doc_time(d, "copied", live->copied_us);
}

static void tell(struct mm_noun *n, const struct mm_relay_live *live)
{
    char seen[MM_TIME_TEXT], copied[MM_TIME_TEXT];

    mm_time_text(live->seen_us, seen);
    mm_noun_word(n, "seen", seen);
    mm_noun_number(n, "backlog", (int64_t)live->backlog);
    mm_noun_number(n, "ahead", live->ahead_us / MM_US_PER_S);
    mm_noun_number(n, "free", (int64_t)(live->disk_free / MIB));
    mm_noun_number(n, "all", (int64_t)(live->disk_all / MIB));
    mm_noun_tell(n, "cli.relay_live");
    if (live->copied_us > 0) {
        mm_time_text(live->copied_us, copied);
        mm_noun_word(n, "seen", copied);
        mm_noun_tell(n, "cli.relay_copied");
    }
    if (live->turned == MM_RELAY_CLONED)
        mm_noun_tell(n, "cli.relay_cloned");
}

void mm_noun_relay_live(struct mm_noun *n, const struct mm_rec *rec)
{
    const struct mm_relay_live *live = NULL;
    const struct mm_relay_page *page;
    char path[MM_MAX_PATH];
    struct mm_buf file;

    mm_buf_init(&file, sizeof(*page) + 1);
    if (mm_path_join(path, n->state, MM_RELAY_PAGE_NAME) == MM_OK &&
        mm_file_read(path, &file) == MM_OK) {
        page = mm_relay_page_of(mm_buf_slice(&file));
        live = page == NULL ? NULL : mm_relay_live_of(page, rec->id);
    }
    if (live == NULL) {
        mm_doc_null(n->doc, "live");
        mm_noun_tell(n, "cli.relay_unheard");
    } else {
        document(mm_doc_object(n->doc, "live"), live);
        tell(n, live);
    }
    mm_buf_done(&file);
}
