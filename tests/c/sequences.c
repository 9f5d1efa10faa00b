/* Calls in any order, with any arguments: sequences SEED COUNT STEPS [threads]
 *
 * A sequence opens engines, servers, sessions and the parts, calls functions of the library at random with arguments that
 * are likely to meet or to be odd, and closes everything in some order. What is checked: a call returns what its
 * documentation names and writes nothing else; keys that only such calls use hold what a naive model says, whichever way
 * they were changed and are read; no thread, descriptor or lent pointer is left. The sanitizers and valgrind look for the rest.
 * COUNT sequences of STEPS calls are run, from SEED on; one fails again if it is run by its own seed. With SEQUENCES_TRACE in
 * the environment every call is told. threads: several threads at the same stores, what ThreadSanitizer is for.
 *
 * Built from sequences_refused.c, with a library that has the feature hooks, any call may be refused its memory. */
#define _GNU_SOURCE
#include "holdings.h"
#include "sequences_threads.h"
#include <signal.h>

#if defined(__SANITIZE_THREAD__)
#define OPENS_FILES true /* ThreadSanitizer does, to name what it finds and then suppresses. */
#else
#define OPENS_FILES false
#endif

/* A thread's first wait asks for memory that cannot be refused (docs/notes.md). */
static void wait_once(void)
{
    rs_engine *engine;
    rs_session *session;
    CHECK_STATUS(RS_OK, rs_engine_open(NULL, &engine));
    CHECK_STATUS(RS_OK, rs_session_open(engine, &session));
    rs_reply_free(rs_command(session, "BLPOP nothing:there 0.001"));
    rs_session_close(session);
    rs_engine_close(engine);
}

static void tell_where(void)
{
    dprintf(2, "sequence %llu, step %u, refuses %d\n", running_seed, running_step, refuses);
}

static void on_abort(int signal)
{
    (void)signal;
    tell_where();
    _exit(99);
}

static void on_exit_early(void)
{
    if (running_seed != 0)
        tell_where();
}

static void run_sequence(uint64_t seed, unsigned steps)
{
    struct world world;
    begin_world(&world, seed);
    for (running_step = 0; running_step < steps; running_step++)
        step(&world);
    end_world(&world);
    close_parts(world.parts);
}

int main(int argc, char **argv)
{
    unsigned long long seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    unsigned count = argc > 2 ? (unsigned)atoi(argv[2]) : 1, steps = argc > 3 ? (unsigned)atoi(argv[3]) : 1000;
    char folder[] = "/tmp/redisrs-sequences.XXXXXX", command[64];
    bool has_threads = argc > 4;
    is_traced = getenv("SEQUENCES_TRACE") != NULL;
    is_host_thread = true;
    work_folder = mkdtemp(folder);
    CHECK(work_folder != NULL && seed > 0);
    fill_corpus();
    signal(SIGABRT, on_abort);
    atexit(on_exit_early);
#ifdef REFUSES
    refuses = true;
#endif
    wait_once();
    int threads = running_threads(), descriptors = open_descriptors();
    for (unsigned i = 0; i < count; i++) {
        running_seed = seed + i;
        if (has_threads)
            run_threads(running_seed, steps);
        else
            run_sequence(running_seed, steps);
        CHECK(threads_but(threads) <= threads);
        CHECK(open_descriptors() == descriptors || OPENS_FILES);
    }
    running_seed = 0;
    sprintf(command, "rm -rf %s", folder);
    CHECK(system(command) == 0);
    printf("%u sequences of %u calls from %llu on, %d checks\n", count, steps, seed, checks);
    return 0;
}
