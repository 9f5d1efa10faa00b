/* What the process holds of the system, to see that nothing is left behind. */
#ifndef HOLDINGS_H
#define HOLDINGS_H

#include "check.h"
#include <dirent.h>
#include <unistd.h>

static inline int entries(const char *directory)
{
    DIR *dir = opendir(directory);
    int count = 0;
    CHECK(dir != NULL);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

static inline int open_descriptors(void)
{
    return entries("/proc/self/fd");
}

static inline int running_threads(void)
{
    return entries("/proc/self/task");
}

/* The same once there are no more than expected, or never will be: a thread that was joined leaves the list of the system a
 * moment later. */
static inline int threads_but(int expected)
{
    int count = running_threads();
    for (int tries = 0; tries < 5000 && count > expected; tries++) {
        usleep(1000);
        count = running_threads();
    }
    return count;
}

#endif
