/*
 * os/child.h - ask a short-lived program of ours: bytes in, bytes out.
 *
 * Purpose   What reads foreign bytes on behalf of a process that has much to lose does so in a
 *           program of its own, which gives away what it does not need before it reads.
 * Owns      The child until it has ended; nothing afterwards.
 * Threads   Any; the caller waits. Signals that the caller blocks are not blocked in the child.
 * Trust     What comes back is hostile: bounded in size and time, otherwise as it came.
 */
#ifndef MM_OS_CHILD_H
#define MM_OS_CHILD_H

#include "base/base.h"
#include "base/buf.h"

/*
 * Run argv[0] (a path; NULL ends argv) with `in` on its standard input and append its standard
 * output to `out`, as far as the buffer's limit. Standard error is ours; other descriptors are
 * closed. *ret_status is its exit status.
 *
 * MM_E_IO: it could not be started or was killed; MM_E_LIMIT: it wrote more than `out` takes;
 * MM_E_BUSY: it took longer than timeout_ms. It is killed and has ended then.
 */
MM_MUST_USE enum mm_code mm_child_ask(const char *const *argv, struct mm_slice in, int timeout_ms,
                                      struct mm_buf *out, int *ret_status);

#endif
