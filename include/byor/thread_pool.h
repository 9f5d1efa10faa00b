// The thread pool of the book "Build Your Own Redis", over redisrs: include this, link libredisrs, leave thread_pool.cpp out.
#pragma once

#ifndef __cplusplus
#error "This header is C++, as the book's is. In C include redisrs.h and use rs_pool_*."
#endif

#include <stddef.h>
#include <stdlib.h>

#include "../redisrs.h"

// The book's header brings these with it, and programs may count on that.
#include <deque>
#include <pthread.h>
#include <vector>

// The book's spelling.
struct TheadPool {
    rs_pool *pool = NULL;
};

struct ThreadPool : TheadPool {};

// Starts the threads.
inline void thread_pool_init(TheadPool *tp, size_t num_threads) {
    tp->pool = rs_pool_new(num_threads);
    if (tp->pool == NULL) {
        abort(); // The book has no way to say so.
    }
}

// Has f called with arg in one of the threads.
inline void thread_pool_queue(TheadPool *tp, void (*f)(void *), void *arg) {
    if (rs_pool_queue(tp->pool, f, arg) != RS_OK) {
        abort();
    }
}

// Runs what is queued, then ends the threads. Not in the book, whose pools live as long as the program.
inline void thread_pool_destroy(TheadPool *tp) {
    rs_pool_free(tp->pool);
    tp->pool = NULL;
}
