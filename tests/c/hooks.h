/* Faults on demand: src/ffi/hooks.rs, in libraries built with the feature hooks only. */
#ifndef HOOKS_H
#define HOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Has the thread panic that reaches this place after so many others; NULL: nobody. */
void rs_internal_hook_panic(const char *place, size_t passes);
/* How many panics there were. */
size_t rs_internal_hook_panics(void);
/* Refuses one request of at least bytes_min bytes, after so many others were granted, in any thread; all of them, if passes is
 * negative; none, if bytes_min is 0. */
void rs_internal_hook_refuse(size_t bytes_min, int64_t passes);
/* How many requests were refused. */
size_t rs_internal_hook_refused(void);
/* Refuses the nth request of at least bytes_min bytes that the calling thread makes from now on, counted from 1, and if for_good
 * all that follow it; none, if nth is 0. Other threads are granted everything. */
void rs_internal_hook_refuse_nth(size_t bytes_min, uint64_t nth, bool for_good);
/* How many requests of that size the calling thread has made since. */
uint64_t rs_internal_hook_seen(void);

#endif
