// The thread pool: tasks in all threads at once, tasks that queue others, and a sorted set freed in the background.
#include "harness.h"
#include "thread_pool.h"
#include "zset.h"

#include <string>

static TheadPool pool;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int meeting, done;

static const int THREADS = 4, TASKS = 1000;

// Goes on only when as many tasks are running as there are threads.
static void meet(void *) {
    pthread_mutex_lock(&mutex);
    meeting++;
    pthread_cond_broadcast(&changed);
    while (meeting < THREADS) {
        pthread_cond_wait(&changed, &mutex);
    }
    pthread_mutex_unlock(&mutex);
}

static void count(void *step) {
    pthread_mutex_lock(&mutex);
    done += *(int *)step;
    pthread_mutex_unlock(&mutex);
}

static int one = 1;

static void queue_another(void *) { thread_pool_queue(&pool, &count, &one); }

static void clear(void *zset) {
    zset_clear((ZSet *)zset);
    delete (ZSet *)zset;
}

int main() {
    thread_pool_init(&pool, THREADS);
    for (int i = 0; i < THREADS; i++) {
        thread_pool_queue(&pool, &meet, NULL);
    }
    for (int i = 0; i < TASKS; i++) {
        thread_pool_queue(&pool, &count, &one);
        thread_pool_queue(&pool, &queue_another, NULL);
    }
    ZSet *zset = new ZSet();
    for (int i = 0; i < TASKS; i++) {
        std::string name = std::to_string(i);
        zset_insert(zset, name.data(), name.size(), i);
    }
    thread_pool_queue(&pool, &clear, zset);
    thread_pool_destroy(&pool);
    CHECK(meeting == THREADS && done == 2 * TASKS);

    struct ThreadPool other; // the other spelling
    thread_pool_init(&other, 1);
    thread_pool_queue(&other, &count, &one);
    thread_pool_destroy(&other);
    CHECK(done == 2 * TASKS + 1);
    printf("thread_pool: %d tasks done\n", done);
    return 0;
}
