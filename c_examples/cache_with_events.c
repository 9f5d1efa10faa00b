/* A cache that tells what it drops. The store holds pages under keys that expire; beside it the program has something
 * that belongs to each page and cannot be in a store: here a file descriptor. When a page expires or is deleted, by this
 * program or by a client of a server, an event says so, and the descriptor is closed. */
#include <fcntl.h>
#include <pthread.h>
#include <redisrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, rs_last_error());
    exit(1);
}

/* ---- What belongs to the pages ---- */

enum { PAGES = 8 };

struct companion {
    char key[32];
    int fd; /* -1: none. */
};

static struct companion companions[PAGES];
static int open_count, expired_count, deleted_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void open_companion(int page, const char *key)
{
    pthread_mutex_lock(&lock);
    snprintf(companions[page].key, sizeof companions[page].key, "%s", key);
    companions[page].fd = open("/dev/null", O_RDONLY);
    if (companions[page].fd < 0)
        die("open");
    open_count++;
    pthread_mutex_unlock(&lock);
}

/* Called after something has happened to a key, in the thread that did it: one that runs a command, or the engine's own, in
 * which keys expire. Nothing of the store is locked meanwhile. */
static void on_event(const char *event, const void *key, size_t klen, int db, void *ud)
{
    (void)db, (void)ud;
    /* Events of the class "generic" that leave the key there, such as "expire", do not matter. */
    if (strcmp(event, "expired") != 0 && strcmp(event, "evicted") != 0 && strcmp(event, "del") != 0 &&
        strcmp(event, "rename_from") != 0)
        return;
    pthread_mutex_lock(&lock);
    for (int page = 0; page < PAGES; page++) {
        struct companion *it = &companions[page];
        if (it->fd < 0 || strlen(it->key) != klen || memcmp(it->key, key, klen) != 0)
            continue;
        close(it->fd);
        it->fd = -1;
        open_count--;
        *(strcmp(event, "expired") == 0 ? &expired_count : &deleted_count) += 1;
    }
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

/* ---- The cache ---- */

static int64_t now_ms = 1700000000000; /* The time, which this program sets itself. */

static int64_t clock_ms(void *ud)
{
    (void)ud;
    return __atomic_load_n(&now_ms, __ATOMIC_RELAXED);
}

/* A page from the cache, or made anew and kept for ttl_ms. */
static void get_page(rs_session *session, int page, int64_t ttl_ms, char *text, size_t room)
{
    char key[32];
    size_t len;
    size_t klen = (size_t)snprintf(key, sizeof key, "page:%d", page);
    rs_status status = rs_get(session, key, klen, text, room - 1, &len);
    if (status == RS_OK) {
        text[len] = '\0';
        return;
    }
    if (status != RS_NIL)
        die("rs_get");
    len = (size_t)snprintf(text, room, "<h1>page %d</h1>", page); /* This takes long. */
    open_companion(page, key); /* First, so that it is there whenever the page goes. */
    if (rs_set(session, key, klen, text, len, ttl_ms) != RS_OK)
        die("rs_set");
}

int main(void)
{
    rs_config *config = rs_config_new();
    rs_engine *engine = NULL;
    rs_session *session;
    char text[64];
    for (int page = 0; page < PAGES; page++)
        companions[page].fd = -1;
    if (rs_config_set_clock(config, clock_ms, NULL) != RS_OK || rs_engine_open(config, &engine) != RS_OK ||
        rs_session_open(engine, &session) != RS_OK)
        die("rs_engine_open");
    rs_config_free(config);
    if (rs_engine_on_event(engine, RS_EVENT_EXPIRED | RS_EVENT_EVICTED | RS_EVENT_GENERIC, on_event, NULL) != RS_OK)
        die("rs_engine_on_event");

    for (int page = 0; page < PAGES; page++) {
        get_page(session, page, page < 5 ? 60000 : 3600000, text, sizeof text);
        get_page(session, page, 60000, text, sizeof text); /* Comes from the cache. */
    }
    printf("in the cache: %d pages, the last one is %s\n", open_count, text);

    /* "del" is an event of the class generic; it comes before the command's reply does. */
    rs_reply_free(rs_command(session, "DEL page:0 page:7 page:99"));
    printf("deleted: %d, left: %d\n", deleted_count, open_count);

    /* Nobody asks for the other pages of a minute any more. They expire all the same, in the background. */
    __atomic_fetch_add(&now_ms, 60000, __ATOMIC_RELAXED);
    pthread_mutex_lock(&lock);
    while (expired_count < 4)
        pthread_cond_wait(&changed, &lock);
    printf("expired: %d, left: %d\n", expired_count, open_count);
    pthread_mutex_unlock(&lock);

    /* From now on nobody listens, and nothing is running any more: the rest is ours to close. */
    if (rs_engine_on_event(engine, 0, on_event, NULL) != RS_OK)
        die("rs_engine_on_event");
    rs_reply_free(rs_command(session, "FLUSHALL"));
    for (int page = 0; page < PAGES; page++)
        if (companions[page].fd >= 0)
            close(companions[page].fd);
    rs_session_close(session);
    rs_engine_close(engine);
    return deleted_count == 2 && expired_count == 4 && open_count == 2 ? 0 : 1;
}
