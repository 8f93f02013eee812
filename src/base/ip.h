/*
 * base/ip.h - IP and MAC addresses from text and back.
 *
 * Purpose   One 16-byte form for both families: IPv4 is stored as ::ffff:a.b.c.d
 *           (RFC 4291 2.5.5.2), so that one column and one comparison do.
 * Owns      Nothing.
 * Threads   Pure functions.
 * Trust     Text is hostile: whole slice or nothing; no octal, no short forms.
 * Spec      RFC 4291, RFC 5952 (output form comes from inet_ntop), zones (RFC 4007 11) only where
 * said.
 */
#ifndef MM_BASE_IP_H
#define MM_BASE_IP_H

#include "base/base.h"

struct mm_ip {
    uint8_t b[16];
};

struct mm_cidr {
    struct mm_ip net;
    uint8_t bits; /* 0..128, counted over the 16-byte form */
};

enum { MM_IP_TEXT = 46, MM_MAC_TEXT = 18 };

MM_MUST_USE bool mm_ip_parse(struct mm_slice s, struct mm_ip *ret);
/* As logs write it: also with a zone behind an IPv6 address (fe80::1%eth0), which is left out, and
 * in brackets. */
MM_MUST_USE bool mm_ip_parse_log(struct mm_slice s, struct mm_ip *ret);
bool mm_ip_is_v4(const struct mm_ip *ip);
/* RFC 1918, loopback, link-local, ULA: what is inside a company. */
bool mm_ip_is_private(const struct mm_ip *ip);
/* 127.0.0.0/8 and ::1: this machine itself. */
bool mm_ip_is_loopback(const struct mm_ip *ip);
/* Who is behind an address, for limits: an IPv4 address is itself, an IPv6 address its /64, for
 * whoever has one of these has them all. */
struct mm_ip mm_ip_owner(const struct mm_ip *ip);
/* NUL-terminated; IPv4 without its prefix. */
void mm_ip_text(const struct mm_ip *ip, char ret[MM_IP_TEXT]);
/* "10.0.0.0/8", "2001:db8::/32" or a bare address; host bits must be zero. */
MM_MUST_USE bool mm_cidr_parse(struct mm_slice s, struct mm_cidr *ret);
bool mm_cidr_has(const struct mm_cidr *net, const struct mm_ip *ip);
/*
 * aa:bb:cc:dd:ee:ff, AA-BB-…, aa bb …, aabb.ccdd.eeff, aabb-ccdd-eeff, aabbcc-ddeeff, 12 digits,
 * 0:a0:de:1:2:3, and each of the first three with the hardware type of a DHCP client identifier in
 * front (01:aa:bb:…). The text becomes aa:bb:cc:dd:ee:ff.
 */
MM_MUST_USE bool mm_mac_parse(struct mm_slice s, char ret[MM_MAC_TEXT]);

#endif
