/*
 * codec/cluster_bench.c - what a line that no format reads costs to be put to those like it: the
 * storm of a device that is new, lines of it by kind, and words thrown together at random, of
 * which hardly two are alike.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "codec/cluster.h"

enum { LINES = 4096, LINE_MAX = 1024, ROUNDS = 40, TEMPLATES = 64, SENTENCE = 12 };

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * UINT32_C(1664525) + UINT32_C(1013904223);
    return *seed >> 8;
}

static const char *word(uint32_t *seed)
{
    static const char *const words[] = {
        "port",  "session", "alpha",  "remote", "closed", "user",   "backup", "share",
        "fan",   "request", "policy", "denied", "link",   "worker", "job",    "started",
        "limit", "cache",   "sato",   "tanaka", "queue",  "peer",   "update", "finished"};

    return words[next(seed) % MM_COUNT(words)];
}

static int plain(char *to, uint32_t *s)
{
    return snprintf(to, LINE_MAX, "job %u of share %s ended after %u s with code %u", next(s) % 999,
                    word(s), next(s) % 600, next(s) % 9);
}

static int traffic(char *to, uint32_t *s)
{
    return snprintf(to, LINE_MAX,
                    "2026-11-20 %02u:%02u:%02u gate[%u]: %s from 192.0.2.%u:%u to 198.51.100.%u:%u "
                    "proto tcp, %u bytes in %u.%03u s, rule %u (%s)",
                    next(s) % 24, next(s) % 60, next(s) % 60, next(s) % 9999, word(s),
                    next(s) % 255, next(s) % 65535, next(s) % 255, next(s) % 65535, next(s),
                    next(s) % 60, next(s) % 1000, next(s) % 40, word(s));
}

static int pairs(char *to, uint32_t *s)
{
    return snprintf(
        to, LINE_MAX,
        "date=2026-11-20 time=%02u:%02u:%02u devname=\"gw-%s\" devid=\"EX%06X\" type=\"traffic\" "
        "level=\"notice\" srcip=192.168.10.%u srcport=%u srcintf=\"lan%u\" srcmac=\"00:00:5e:00:53:"
        "%02x\" dstip=203.0.113.%u dstport=%u dstintf=\"wan1\" sessionid=%u proto=6 "
        "action=\"%s\" policyid=%u service=\"HTTPS\" sentbyte=%u rcvdbyte=%u msg=\"session %s "
        "by policy\" hash=%08x%08x",
        next(s) % 24, next(s) % 60, next(s) % 60, word(s), next(s) & 0xFFFFFF, next(s) % 255,
        next(s) % 65535, next(s) % 8, next(s) & 255, next(s) % 255, next(s) % 1024, next(s),
        word(s), next(s) % 99, next(s), next(s), word(s), next(s), next(s));
}

static int json(char *to, uint32_t *s)
{
    return snprintf(to, LINE_MAX,
                    "{\"time\":\"2026-11-20T%02u:%02u:%02uZ\",\"kind\":\"door\",\"name\":\"%s\","
                    "\"state\":\"%s\",\"badge\":%u,\"reader\":{\"ip\":\"10.0.0.%u\",\"up\":true}}",
                    next(s) % 24, next(s) % 60, next(s) % 60, word(s), word(s), next(s),
                    next(s) % 255);
}

static int jumble(char *to, uint32_t *s)
{
    int n = 0;

    for (int i = 0; i < SENTENCE; i++)
        n += snprintf(to + n, (size_t)(LINE_MAX - n), "%s ", word(s));
    return n;
}

/* Microseconds a line, and bytes a line; 0 when a line found no template although there was room.
 */
static double run(int (*make)(char *, uint32_t *), double *ret_bytes, size_t *ret_templates)
{
    static char text[LINES][LINE_MAX];
    static struct mm_slice line[LINES];
    struct mm_cluster set;
    struct mm_shape shape;
    uint32_t seed = 7;
    int64_t best = INT64_MAX;
    size_t bytes = 0;
    bool good = mm_cluster_init(&set, TEMPLATES) == MM_OK;

    for (size_t i = 0; i < LINES; i++) {
        int n = make(text[i], &seed);

        good = good && n > 0 && n < LINE_MAX;
        line[i] = mm_slice_of(text[i], good ? (size_t)n : 0);
        bytes += line[i].n;
    }
    for (int turn = 0; turn < ROUNDS && good; turn++) {
        int64_t from = mm_mono_us(), spent;

        mm_cluster_reset(&set);
        for (size_t i = 0; i < LINES; i++) {
            mm_shape_of(line[i], &shape);
            good = good && (mm_cluster_put(&set, 1, MM_S("new"), &shape) != SIZE_MAX ||
                            set.count == TEMPLATES);
        }
        spent = mm_mono_us() - from;
        best = spent < best ? spent : best;
    }
    *ret_bytes = (double)bytes / LINES;
    *ret_templates = set.count;
    mm_cluster_done(&set);
    return good ? (double)best / LINES : 0;
}

int main(void)
{
    static const struct {
        const char *name;
        int (*make)(char *, uint32_t *);
    } kinds[] = {{"plain", plain},
                 {"traffic", traffic},
                 {"pairs", pairs},
                 {"json", json},
                 {"jumble", jumble}};
    double cost[MM_COUNT(kinds)], bytes;
    size_t templates;

    for (size_t i = 0; i < MM_COUNT(kinds); i++) {
        cost[i] = run(kinds[i].make, &bytes, &templates);
        if (cost[i] == 0)
            return 1;
        printf("%-8s %4.0f bytes a line, %2zu templates: %.2f us a line, %.1f ns a byte\n",
               kinds[i].name, bytes, templates, cost[i], cost[i] * 1000 / bytes);
    }
    printf("cluster: %.2f us a line of text, %.2f of a connection, %.2f of pairs, %.2f of JSON, "
           "%.2f of random words\n",
           cost[0], cost[1], cost[2], cost[3], cost[4]);
    return 0;
}
