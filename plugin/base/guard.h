/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Looking at a mapped file without dying of it. Where the file got shorter, or its disk fails, the
 * kernel sends SIGBUS to whoever touches the page; here that ends the one function that did.
 */
#ifndef VMCORE_BASE_GUARD_H
#define VMCORE_BASE_GUARD_H

#include <stdbool.h>

/*
 * Calls FUNCTION(CONTEXT). False if a SIGBUS of this thread's own ended it, at whatever read from a
 * mapping: at such reads it must hold no lock and be in no call that must return (malloc). Other
 * threads and other SIGBUS are dealt with as before. SIGBUS must not be blocked (base/threads.h).
 */
bool guard_run(void (*function)(void *context), void *context);

#endif
