/* status/disk.c - how long the disk lasts; see status.h for the contract. */
#include "base/limits.h"
#include "base/rd.h"
#include "base/time.h"
#include "os/file.h"
#include "status/status.h"

enum {
    EVERY_S = 600,
    KEEP_S = 7 * 86400,
    SPAN_MIN_S = 6 * 3600, /* merges and backups go up and down within hours */
    NOTES_MAX = KEEP_S / EVERY_S + 1,
    TEXT_MAX = NOTES_MAX * 44, /* two numbers, a space, a newline */
    DAYS_MAX = 3650,           /* ten years: nobody plans further */
};

#define NAME "run/disk.notes" /* lost without harm */

struct note {
    int64_t at_s;
    uint64_t free_bytes;
};

static size_t read_notes(const char *path, int64_t now_s, struct note note[NOTES_MAX])
{
    struct mm_buf text;
    struct mm_rd rd;
    struct mm_slice at, bytes;
    uint64_t s, n;
    size_t notes = 0;

    mm_buf_init(&text, TEXT_MAX);
    if (mm_file_read(path, &text) == MM_OK) {
        rd = mm_rd_of(mm_buf_slice(&text));
        while (notes < NOTES_MAX && mm_rd_until(&rd, ' ', &at) && mm_rd_until(&rd, '\n', &bytes)) {
            /* What is older than a week or not yet come tells nothing: clocks are set. */
            if (mm_slice_u64(at, &s) && mm_slice_u64(bytes, &n) && s <= INT64_MAX &&
                (int64_t)s <= now_s && (int64_t)s > now_s - KEEP_S)
                note[notes++] = (struct note){.at_s = (int64_t)s, .free_bytes = n};
        }
    }
    mm_buf_done(&text);
    return notes;
}

void mm_status_disk_note(const char *state_dir, int64_t now_us, uint64_t free_bytes)
{
    char path[MM_MAX_PATH];
    struct note note[NOTES_MAX];
    int64_t now_s = now_us / MM_US_PER_S;
    struct mm_buf text;
    size_t n, from;

    if (mm_path_join(path, state_dir, NAME) != MM_OK)
        return;
    n = read_notes(path, now_s, note);
    if (n > 0 && now_s - note[n - 1].at_s < EVERY_S)
        return;
    from = n == NOTES_MAX ? 1 : 0;
    mm_buf_init(&text, TEXT_MAX);
    for (size_t i = from; i < n; i++)
        mm_buf_fmt(&text, "%lld %llu\n", (long long)note[i].at_s,
                   (unsigned long long)note[i].free_bytes);
    mm_buf_fmt(&text, "%lld %llu\n", (long long)now_s, (unsigned long long)free_bytes);
    /* Not noted on a full disk: then that is said elsewhere. */
    if (mm_buf_ok(&text))
        (void)!mm_file_replace(path, mm_buf_slice(&text), 0600);
    mm_buf_done(&text);
}

int64_t mm_status_disk_days(const char *state_dir, int64_t now_us, uint64_t free_bytes)
{
    char path[MM_MAX_PATH];
    struct note note[NOTES_MAX];
    double mean_t = 0, mean_f = 0, tt = 0, tf = 0, days;
    size_t n;

    if (mm_path_join(path, state_dir, NAME) != MM_OK)
        return -1;
    n = read_notes(path, now_us / MM_US_PER_S, note);
    if (n < 2 || note[n - 1].at_s - note[0].at_s < SPAN_MIN_S)
        return -1;
    for (size_t i = 0; i < n; i++) {
        mean_t += (double)(note[i].at_s - note[0].at_s) / (double)n;
        mean_f += (double)note[i].free_bytes / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        double t = (double)(note[i].at_s - note[0].at_s) - mean_t;

        tt += t * t;
        tf += t * ((double)note[i].free_bytes - mean_f);
    }
    /* Bytes a second by least squares; a disk that empties or stands still never fills. */
    if (tt <= 0 || tf >= 0)
        return -1;
    days = (double)free_bytes / (-tf / tt) / 86400;
    return days > DAYS_MAX ? -1 : (int64_t)days;
}
