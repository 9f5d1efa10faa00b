/* What the tests of panics share: arming them, and what must hold after each. */
#ifndef PANICS_H
#define PANICS_H

#include "check.h"
#include "hooks.h"
#include <unistd.h>

/* Under a leak checker: what a panic has damaged is given up, not freed. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return 1;
}

static size_t fired;

static inline void arm_after(const char *place, size_t passes)
{
    fired = rs_internal_hook_panics();
    rs_internal_hook_panic(place, passes);
}

static inline void arm(const char *place)
{
    arm_after(place, 0);
}

static inline bool went_off(void)
{
    return rs_internal_hook_panics() == fired + 1;
}

static inline void await_panic(void)
{
    while (!went_off())
        usleep(1000);
}

static inline bool is_error(rs_reply *reply, const char *text)
{
    bool is = reply != NULL && reply->type == RS_REPLY_ERROR && strstr(reply->str, text) != NULL;
    if (!is && reply != NULL)
        fprintf(stderr, "reply of type %d: %s\n", reply->type, reply->str != NULL ? reply->str : "");
    rs_reply_free(reply);
    return is;
}

static inline bool is_status(rs_reply *reply, const char *text)
{
    bool is = reply != NULL && reply->type == RS_REPLY_STATUS && strcmp(reply->str, text) == 0;
    if (!is && reply != NULL)
        fprintf(stderr, "reply of type %d: %s\n", reply->type, reply->str != NULL ? reply->str : "");
    rs_reply_free(reply);
    return is;
}

#endif
