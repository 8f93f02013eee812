/*
 * os/log.h - one line per message to stderr: `level area: text key=value`.
 *            Where systemd reads it ($JOURNAL_STREAM), its priority stands in front.
 *
 * Purpose   What the person who runs the machine reads (journald, a terminal).
 *           Programs log; library folders return codes instead (style.md).
 * Owns      Nothing: no state, no files, no levels to configure.
 * Threads   Any. A line is one write(2), so lines never mix.
 * Trust     Never pass log bytes of companies or secrets; what slips in can
 *           at least not forge a line: bytes outside printable ASCII become
 *           '?', and a line is cut at MM_LOG_MAX.
 * Spec      sd-daemon(3): "<3>" is an error, "<4>" a warning, "<6>" for information.
 */
#ifndef MM_OS_LOG_H
#define MM_OS_LOG_H

#include "base/base.h"

enum { MM_LOG_MAX = 1024 }; /* bytes of one line with its newline; journald splits at 48 KiB */

enum mm_log_level { MM_LOG_ERROR, MM_LOG_WARN, MM_LOG_INFO, MM_LOG_LEVELS };

/* Write one line. area is the module ("intake"); errno is left as it was. */
void mm_log(enum mm_log_level level, const char *area, const char *fmt, ...) MM_PRINTF(3, 4);

#define mm_log_error(area, ...) mm_log(MM_LOG_ERROR, area, __VA_ARGS__)
#define mm_log_warn(area, ...) mm_log(MM_LOG_WARN, area, __VA_ARGS__)
#define mm_log_info(area, ...) mm_log(MM_LOG_INFO, area, __VA_ARGS__)

#endif
