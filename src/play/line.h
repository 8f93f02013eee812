/*
 * play/line.h - one log line in a device's real format.
 *
 * Purpose   Writers for the formats that the pilot's devices speak, shaped after the vendors'
 *           public documentation, so that what the generator sends is read by the same formats
 *           as a real device's logs.
 * Owns      Nothing; lines are appended to the caller's buffer, without a newline.
 * Threads   Pure but for the random state passed in.
 * Trust     Ours.
 * Spec      FortiOS log reference; YAMAHA RTX command reference (syslog); Squid native format;
 *           Suricata EVE JSON; ISC dhcpd and OpenSSH messages; NXLog's JSON of Windows events.
 */
#ifndef MM_PLAY_LINE_H
#define MM_PLAY_LINE_H

#include "base/buf.h"
#include "play/world.h"

/* The moment and place of one line. */
struct mm_moment {
    const struct mm_play_company *company;
    const struct mm_pc *pc;
    int64_t time_us; /* UTC */
    uint64_t session;
    struct mm_rng *rng;
};

/* Where an outside connection goes; addresses of RFC 5737. */
struct mm_target {
    const char *domain;
    const char *category; /* vendor's category text */
    uint32_t category_id;
    uint8_t ip[4];
};

/* FortiGate, syslog with PRI. */
void mm_line_fg_urlblock(struct mm_buf *out, const struct mm_moment *m, const struct mm_target *t);
void mm_line_fg_virus(struct mm_buf *out, const struct mm_moment *m, const struct mm_target *t,
                      const char *virus, const char *file);
void mm_line_fg_p2p(struct mm_buf *out, const struct mm_moment *m, const char *app);
void mm_line_fg_traffic(struct mm_buf *out, const struct mm_moment *m, const struct mm_target *t);
void mm_line_fg_admin_login(struct mm_buf *out, const struct mm_moment *m, const char *admin,
                            const char *from_ip, bool success);
/* YAMAHA RTX behind a relay that writes RFC 5424 headers. */
void mm_line_rtx_inspect(struct mm_buf *out, const struct mm_moment *m, const struct mm_target *t);
void mm_line_rtx_reject(struct mm_buf *out, const struct mm_moment *m);
/* Squid native. */
void mm_line_squid(struct mm_buf *out, const struct mm_moment *m, const struct mm_target *t,
                   bool connect);
/* ISC dhcpd, sshd, sudo with RFC 5424 headers. */
void mm_line_dhcp_ack(struct mm_buf *out, const struct mm_moment *m);
void mm_line_sshd(struct mm_buf *out, const struct mm_moment *m, bool success);
/* Windows Security as NXLog JSON. */
void mm_line_win_logon(struct mm_buf *out, const struct mm_moment *m);
void mm_line_win_log_cleared(struct mm_buf *out, const struct mm_moment *m);
/* Suricata EVE; src is the proxy when via_proxy, else the PC. */
void mm_line_eve_flow(struct mm_buf *out, const struct mm_moment *m, const struct mm_target *t);
void mm_line_eve_dns(struct mm_buf *out, const struct mm_moment *m, const struct mm_target *t);
void mm_line_eve_c2(struct mm_buf *out, const struct mm_moment *m, const struct mm_target *t);

/* Last byte of the address of the company's proxy and servers. */
enum {
    MM_HOST_ROUTER = 1,
    MM_HOST_UTM = 2,
    MM_HOST_SERVER = 5,
    MM_HOST_WINDOWS = 6,
    MM_HOST_PROXY = 8
};

#endif
