/*
 * app/rules_pack.h - a set of rules that comes packed: .zip, .tar.gz, .tar.xz and the like.
 *
 * Purpose   Bring the files of an archive that may hold rules into a folder.
 * Owns      Nothing beyond a call.
 * Threads   One.
 * Trust     Archives are hostile, and the library that reads them is large: `mimamori rules
 *           unpack` does, which has given away files, network and processes before it reads, and
 *           hands over names and texts. Here names are checked: relative, no "..", nothing hidden,
 *           ending as rules do. Sizes and numbers are bounded.
 */
#ifndef MM_APP_RULES_PACK_H
#define MM_APP_RULES_PACK_H

#include "base/base.h"

enum {
    MM_RULES_PACKED_MAX = 64 * 1024 * 1024,    /* SigmaHQ's repository is 6 MB packed */
    MM_RULES_UNPACKED_MAX = 256 * 1024 * 1024, /* all its rules are 9 MB */
    MM_RULES_FILE_MAX = 8 * 1024 * 1024,       /* one file of rules, as `add` has it */
};

/*
 * Hand over every file of the archive that may hold rules; what `take` answers other than MM_OK
 * ends it. MM_E_SYNTAX: no archive, or a damaged one; MM_E_DENIED: a name in it leads out of it;
 * MM_E_LIMIT: too much of it; MM_E_IO: the program did not answer; otherwise what `take` answered.
 */
MM_MUST_USE enum mm_code mm_rules_unpack(struct mm_slice packed,
                                         enum mm_code (*take)(void *ctx, struct mm_slice name,
                                                              struct mm_slice text),
                                         void *ctx);
/* `mimamori rules unpack`: an archive on standard input, its files on standard output. */
_Noreturn void mm_rules_unpack_child(void);

#endif
