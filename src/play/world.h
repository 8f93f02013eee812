/*
 * play/world.h - the made-up companies: their PCs, people, devices and addresses.
 *
 * Purpose   What a line may name. Built from the seed alone.
 * Owns      A world owns its arrays; _free gives them back.
 * Threads   Read-only once built.
 * Trust     Ours. Outside addresses are those of RFC 5737, names those of RFC 2606.
 */
#ifndef MM_PLAY_WORLD_H
#define MM_PLAY_WORLD_H

#include "base/base.h"
#include "play/rng.h"

enum {
    MM_WORLD_COMPANIES_MAX = 1000,
    MM_WORLD_PCS_MAX = 200, /* one /24 with room for servers */
};

enum mm_pattern { MM_PATTERN_NONE, MM_PATTERN_INLINE, MM_PATTERN_MIRROR };

/* Kinds of device that send logs; each company has some of them. */
enum mm_device {
    MM_DEV_UTM,     /* FortiGate, in-line companies */
    MM_DEV_SENSOR,  /* Suricata on a mirror port, mirror companies */
    MM_DEV_ROUTER,  /* YAMAHA RTX */
    MM_DEV_PROXY,   /* Squid, mirror companies */
    MM_DEV_DHCP,    /* ISC dhcpd on the small Linux server */
    MM_DEV_SERVER,  /* sshd and sudo on the same server */
    MM_DEV_WINDOWS, /* Windows file server, Security log as JSON */
    MM_DEV_COUNT
};

struct mm_pc {
    uint8_t host; /* last byte of its address */
    uint8_t mac[6];
    char name[16]; /* "PC-KEIRI-03" */
    char user[16]; /* "k.suzuki" */
};

struct mm_play_company {
    enum mm_pattern pattern;
    uint32_t number; /* 1-based, as the records will number it in order of creation */
    uint32_t employees;
    uint8_t net[3]; /* 192.168.N */
    uint32_t pcs_n;
    struct mm_pc *pcs;
    char tag[8]; /* "s07": stands in device names */
    bool has[MM_DEV_COUNT];
};

struct mm_world {
    uint32_t n;
    struct mm_play_company *company;
};

/* Name of a device kind as used in source names ("utm"). */
const char *mm_device_name(enum mm_device d);
/* The format that this device writes, as in content/formats. */
const char *mm_device_format(enum mm_device d);

/*
 * n companies (1..MM_WORLD_COMPANIES_MAX) of which `monitored` have devices; every tenth monitored
 * one has a mirror sensor, which gives the pilot's 27 + 3 for 30.
 */
MM_MUST_USE enum mm_code mm_world_new(uint64_t seed, uint32_t n, uint32_t monitored,
                                      struct mm_world *ret);
void mm_world_free(struct mm_world *w);

#endif
