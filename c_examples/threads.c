/* One engine, many threads of the host: one session for each, no lock of your own. */
#include <pthread.h>
#include <redisrs.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 8, ROUNDS = 2000 };

static rs_engine *engine;

/* Said here, since the text of the last error is the thread's and goes with it. */
static void *failed(int number)
{
    fprintf(stderr, "thread %d: %s\n", number, rs_last_error());
    return &engine;
}

static void *work(void *arg)
{
    int number = *(int *)arg;
    rs_session *session;
    if (rs_session_open(engine, &session) != RS_OK)
        return failed(number);
    for (int round = 0; round < ROUNDS; round++) {
        char key[32];
        int klen = snprintf(key, sizeof key, "thread:%d:%d", number, round % 100);
        /* Keys of its own: threads do not wait for each other. */
        if (rs_set(session, key, (size_t)klen, &round, sizeof round, 0) != RS_OK)
            return failed(number);
        /* One key of all: each sum is handed out once. */
        if (rs_incr_by(session, "rounds", 6, 1, NULL) != RS_OK)
            return failed(number);
        /* Several keys in one step that no other thread sees half of. */
        rs_reply *reply = rs_command(session, "MSET left %d right %d", round, round);
        rs_reply_free(reply);
        reply = rs_command(session, "MGET left right");
        if (reply == NULL || reply->elements != 2 || reply->element[0]->len != reply->element[1]->len) {
            fprintf(stderr, "MGET saw half of an MSET\n");
            return failed(number);
        }
        rs_reply_free(reply);
    }
    rs_session_close(session);
    return NULL;
}

int main(void)
{
    if (rs_engine_open(NULL, &engine) != RS_OK)
        return 1;
    pthread_t threads[THREADS];
    int numbers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        if (pthread_create(&threads[i], NULL, work, &numbers[i]) != 0)
            return 1;
    }
    for (int i = 0; i < THREADS; i++) {
        void *failure;
        pthread_join(threads[i], &failure);
        if (failure != NULL)
            return 1;
    }
    rs_session *session;
    int64_t rounds = 0;
    if (rs_session_open(engine, &session) != RS_OK || rs_incr_by(session, "rounds", 6, 0, &rounds) != RS_OK)
        return 1;
    printf("%lld rounds in %d threads\n", (long long)rounds, THREADS);
    rs_session_close(session);
    rs_engine_close(engine);
    return rounds == (int64_t)THREADS * ROUNDS ? 0 : 1;
}
