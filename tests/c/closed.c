/* Handles that were ended, used all the same: closed
 *
 * A debug build of the library tells that, without following the pointer, and ending twice is a no-op. (In a release build
 * it is what it is in C: the host's mistake.) */
#include "check.h"
#include <netinet/in.h>

static void never(const void *val, size_t len, void *ud)
{
    (void)val, (void)len, (void)ud;
    exit(1);
}

static int64_t timer(rs_loop *loop, uint64_t id, void *ud)
{
    (void)loop, (void)id, (void)ud;
    return -1;
}

static void task(void *arg)
{
    (void)arg;
}

/* Refused, with a text. */
#define CLOSED(call)                                              \
    do {                                                          \
        CHECK_STATUS(RS_ERR_CLOSED, call);                        \
        CHECK(strstr(rs_last_error(), "ended") != NULL);          \
    } while (0)

static void sessions(rs_engine *engine)
{
    const char *argv[] = { "PING" };
    const char **argvs[] = { argv };
    int argc[] = { 1 };
    char buf[8];
    size_t len = 77;
    int64_t number = 77;
    rs_slice slice = { "k", 1 };
    rs_reply *out = NULL;
    rs_session *session, *next;
    CHECK_STATUS(RS_OK, rs_session_open(engine, &session));
    CHECK_STATUS(RS_OK, rs_set(session, "k", 1, "v", 1, 0));
    rs_session_close(session);
    /* The address is not given out again at once: the next one is another. */
    CHECK_STATUS(RS_OK, rs_session_open(engine, &next));
    CHECK(next != session);
    CHECK(rs_command(session, "PING") == NULL && strstr(rs_last_error(), "ended") != NULL);
    CHECK(rs_command_argv(session, 1, argv, NULL) == NULL);
    CLOSED(rs_command_batch(session, 1, argc, argvs, NULL, &out));
    CLOSED(rs_session_next_push(session, -1, &out));
    CLOSED(rs_session_interrupt(session));
    CLOSED(rs_get(session, "k", 1, buf, sizeof buf, &len));
    CLOSED(rs_get_with(session, "k", 1, never, NULL));
    CLOSED(rs_set(session, "k", 1, "w", 1, 0));
    CLOSED(rs_set_many(session, 1, &slice, &slice));
    CLOSED(rs_del(session, "k", 1));
    CLOSED(rs_exists(session, "k", 1));
    CLOSED(rs_incr_by(session, "k", 1, 1, &number));
    CLOSED(rs_expire(session, "k", 1, 1));
    CLOSED(rs_ttl(session, "k", 1, &number));
    CHECK(out == NULL && len == 77 && number == 77);
    for (int i = 0; i < 3; i++)
        rs_session_close(session);
    CHECK_STATUS(RS_OK, rs_exists(next, "k", 1));
    rs_session_close(next);
}

int main(void)
{
    rs_config *config = rs_config_new();
    rs_engine *engine, *out = NULL;
    rs_session *session = NULL;
    rs_server *server, *started = NULL;
    CHECK_STATUS(RS_OK, rs_config_set(config, "port", "auto"));
    CHECK_STATUS(RS_OK, rs_config_set(config, "bind", "127.0.0.1"));
    CHECK_STATUS(RS_OK, rs_engine_open(config, &engine));
    CHECK_STATUS(RS_OK, rs_server_start(engine, &server));
    rs_config_free(config);
    rs_config_free(config);
    CLOSED(rs_config_set(config, "port", "1"));
    CLOSED(rs_config_load(config, "/dev/null"));
    CLOSED(rs_config_set_logger(config, NULL, NULL));
    CLOSED(rs_config_set_clock(config, NULL, NULL));
    CLOSED(rs_engine_open(config, &out));
    CLOSED(rs_server_run(config));
    sessions(engine);

    CHECK_STATUS(RS_OK, rs_server_stop(server));
    CHECK(rs_server_port(server) == 0 && rs_server_fd(server) == -1);
    CLOSED(rs_server_wait(server, -1));
    CLOSED(rs_server_poll(server, -1));
    CHECK_STATUS(RS_OK, rs_server_stop(server));

    rs_engine_close(engine);
    rs_engine_close(engine);
    CLOSED(rs_session_open(engine, &session));
    CLOSED(rs_server_start(engine, &started));
    CHECK(out == NULL && session == NULL && started == NULL);
    /* A handle of another kind, and something that never was one. */
    uint64_t words[64] = { 0 };
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_session_open((rs_engine *)(void *)words, &session));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_config_set((rs_config *)(void *)words, "port", "1"));

    rs_reader *reader = rs_reader_new();
    rs_request_reader *requests = rs_request_reader_new();
    rs_loop *loop = rs_loop_new();
    rs_pool *pool = rs_pool_new(1);
    rs_reply *reply = NULL;
    rs_reader_free(reader);
    rs_request_reader_free(requests);
    rs_loop_free(loop);
    rs_pool_free(pool);
    CLOSED(rs_reader_feed(reader, "+OK\r\n", 5));
    CLOSED(rs_reader_next(reader, &reply));
    CLOSED(rs_request_reader_feed(requests, "PING\r\n", 6));
    CLOSED(rs_request_reader_next(requests, &reply));
    CLOSED(rs_loop_add_timer(loop, 0, timer, NULL, NULL));
    CLOSED(rs_loop_run(loop));
    CLOSED(rs_loop_stop(loop));
    CLOSED(rs_pool_queue(pool, task, NULL));
    rs_reader_free(reader);
    rs_request_reader_free(requests);
    rs_loop_free(loop);
    rs_pool_free(pool);
    printf("%d checks\n", checks);
    return 0;
}
