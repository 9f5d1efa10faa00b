/* A job queue between threads that loses nothing: a worker takes a job and notes that it has it in one step (BLMOVE), and
 * crosses it out when it is done. What a worker leaves behind when it dies is found in its list and done by another.
 *
 *     queue              jobs that nobody has taken yet
 *     taken:<worker>     the job that this worker has taken
 *     results            what came out
 *
 * The same queue can be served by workers in other processes: start a server on the engine, and they are Redis clients. */
#include <pthread.h>
#include <redisrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS = 4, JOBS = 200 };

static rs_engine *engine;

struct worker {
    int number;
    int dies;            /* The worker stops in the middle of its first job. */
    rs_session *session; /* Its own, since a blocked session cannot be shared. */
    pthread_t thread;
};

static void die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, rs_last_error());
    exit(1);
}

/* The reply to a command that cannot fail unless this program is wrong. */
static rs_reply *expect(rs_reply *reply)
{
    if (reply == NULL || reply->type == RS_REPLY_ERROR)
        die(reply == NULL ? "command" : reply->str);
    return reply;
}

static void *work(void *of)
{
    struct worker *worker = of;
    for (;;) {
        /* Waits for a job as long as it takes: the thread sleeps. */
        rs_reply *job = rs_command(worker->session, "BLMOVE queue taken:%d LEFT RIGHT 0", worker->number);
        if (job == NULL)
            die("BLMOVE");
        if (job->type == RS_REPLY_ERROR) { /* rs_session_interrupt: the program ends. */
            rs_reply_free(job);
            return NULL;
        }
        if (worker->dies) { /* In the middle of its work. The job stays in its list. */
            rs_reply_free(job);
            return NULL;
        }
        long long n = atoll(job->str);
        /* Result and "done" in one step, so that no job counts twice or is lost whenever the thread dies. */
        rs_reply_free(expect(rs_command(worker->session, "MULTI")));
        rs_reply_free(expect(rs_command(worker->session, "RPUSH results %lld", n * n)));
        rs_reply_free(expect(rs_command(worker->session, "LREM taken:%d 1 %b", worker->number, job->str, job->len)));
        rs_reply_free(expect(rs_command(worker->session, "EXEC")));
        rs_reply_free(job);
    }
}

static void start(struct worker *worker, int number, int dies)
{
    worker->number = number;
    worker->dies = dies;
    if (rs_session_open(engine, &worker->session) != RS_OK)
        die("rs_session_open");
    if (pthread_create(&worker->thread, NULL, work, worker) != 0)
        die("pthread_create");
}

/* Puts what a dead worker had taken back to where it was; returns how much that is. */
static int take_back(rs_session *session, int number)
{
    int count = 0;
    for (;;) {
        rs_reply *job = expect(rs_command(session, "LMOVE taken:%d queue RIGHT LEFT", number));
        int is_empty = job->type == RS_REPLY_NIL;
        rs_reply_free(job);
        if (is_empty)
            return count;
        count++;
    }
}

int main(void)
{
    rs_session *session;
    struct worker workers[WORKERS], unlucky;
    if (rs_engine_open(NULL, &engine) != RS_OK || rs_session_open(engine, &session) != RS_OK)
        die("rs_engine_open");

    for (int n = 1; n <= JOBS; n++)
        rs_reply_free(expect(rs_command(session, "RPUSH queue %d", n)));

    /* One worker dies over its first job. That it does we know here; elsewhere a program does this when it starts. */
    start(&unlucky, WORKERS, 1);
    pthread_join(unlucky.thread, NULL);
    rs_session_close(unlucky.session);
    printf("left behind by a worker that died: %d\n", take_back(session, WORKERS));

    for (int i = 0; i < WORKERS; i++)
        start(&workers[i], i, 0);

    long long sum = 0;
    for (int i = 0; i < JOBS; i++) { /* BLPOP replies with the name of the list and the element. */
        rs_reply *result = expect(rs_command(session, "BLPOP results 0"));
        sum += atoll(result->element[1]->str);
        rs_reply_free(result);
    }
    printf("results: %d, sum of squares %lld\n", JOBS, sum);

    /* All are waiting for jobs now, or are about to: either way the wait ends. */
    for (int i = 0; i < WORKERS; i++)
        rs_session_interrupt(workers[i].session);
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(workers[i].thread, NULL);
        rs_session_close(workers[i].session);
    }
    rs_reply *left = expect(rs_command(session, "DBSIZE"));
    printf("keys left: %lld\n", left->integer);
    int is_right = sum == (long long)JOBS * (JOBS + 1) * (2 * JOBS + 1) / 6 && left->integer == 0;
    rs_reply_free(left);
    rs_session_close(session);
    rs_engine_close(engine);
    return is_right ? 0 : 1;
}
