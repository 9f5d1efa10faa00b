/* A panic while functions of the host are called, or its signals arrive: panics_inside
 *
 * The library is one built with the feature hooks. A panic while one event is delivered keeps no other from being told,
 * wherever it was caused, and nobody waits for ever for those that came before; commands that run inside a host command and
 * inside an event callback panic without harm to what is around them; a server that is told by a signal to stop
 * does stop. */
#define _GNU_SOURCE
#include "panics.h"
#include "socket.h"
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/un.h>
#include <sys/wait.h>

extern char **environ;

static rs_engine *engine;
static rs_session *session;
static int sets, expired;

static void on_event(const char *event, const void *key, size_t klen, int db, void *ud)
{
    (void)key, (void)klen, (void)db, (void)ud;
    __atomic_fetch_add(strcmp(event, "expired") == 0 ? &expired : &sets, 1, __ATOMIC_SEQ_CST);
}

static int count_of(int *counter)
{
    return __atomic_load_n(counter, __ATOMIC_SEQ_CST);
}

/* Nothing is damaged, and events are told. */
static void check_events(void)
{
    int before = count_of(&sets);
    for (int i = 0; i < 100; i++) {
        char name[16];
        int len = snprintf(name, sizeof name, "key:%d", i);
        CHECK_STATUS(RS_OK, rs_set(session, name, (size_t)len, "v", 1, 0));
    }
    CHECK(is_status(rs_command(session, "SET other v"), "OK"));
    CHECK(count_of(&sets) == before + 101);
}

static void expire_one(void)
{
    int before = count_of(&expired);
    CHECK_STATUS(RS_OK, rs_set(session, "brief", 5, "v", 1, 1));
    while (count_of(&expired) == before)
        usleep(1000);
}

/* ---- events ---- */

static void own_calls(void)
{
    int before = count_of(&sets);
    arm("event");
    CHECK(rs_command(session, "SET key:1 w") == NULL && went_off());
    CHECK_STATUS(RS_ERR_PANIC, rs_last_status());
    CHECK(count_of(&sets) == before);
    check_events();
    arm("event");
    CHECK_STATUS(RS_ERR_PANIC, rs_set(session, "key:1", 5, "x", 1, 0));
    CHECK(went_off());
    check_events();
    /* The first of three is lost, the others are not; and what was changed is. */
    before = count_of(&sets);
    CHECK(is_status(rs_command(session, "MULTI"), "OK"));
    for (int i = 1; i <= 3; i++)
        CHECK(is_status(rs_command(session, "SET key:%d %d", i, i), "QUEUED"));
    arm("event");
    CHECK(rs_command(session, "EXEC") == NULL && went_off());
    CHECK(count_of(&sets) == before + 2);
    for (int i = 1; i <= 3; i++) {
        char buf[8];
        size_t len;
        CHECK_STATUS(RS_OK, rs_get(session, i == 1 ? "key:1" : i == 2 ? "key:2" : "key:3", 5, buf, sizeof buf, &len));
        CHECK(len == 1 && buf[0] == '0' + i);
    }
    check_events();
}

static bool is_over;

struct tally {
    int calls, panics;
};

static void *set_again_and_again(void *arg)
{
    struct tally *tally = arg;
    rs_session *own;
    CHECK_STATUS(RS_OK, rs_session_open(engine, &own));
    while (!__atomic_load_n(&is_over, __ATOMIC_SEQ_CST)) {
        rs_status status = rs_set(own, "key:1", 5, "v", 1, 0);
        CHECK(status == RS_OK || status == RS_ERR_PANIC);
        tally->calls++;
        tally->panics += status == RS_ERR_PANIC;
    }
    rs_session_close(own);
    return NULL;
}

/* Threads that wait for each other's events of one key: whichever panics, all go on. */
static void threads_in_turn(void)
{
    enum { THREADS = 3, PANICS = 20 };
    pthread_t threads[THREADS];
    struct tally tallies[THREADS] = { { 0, 0 } }, all = { 0, 0 };
    int before = count_of(&sets);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, set_again_and_again, &tallies[i]) == 0);
    for (int i = 0; i < PANICS; i++) {
        arm_after("event", 10);
        await_panic();
    }
    __atomic_store_n(&is_over, true, __ATOMIC_SEQ_CST);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        all.calls += tallies[i].calls;
        all.panics += tallies[i].panics;
    }
    CHECK(all.panics == PANICS && count_of(&sets) == before + all.calls - PANICS);
    check_events();
}

static void by_the_thread_that_expires(void)
{
    static const char *const places[] = { "event", "expire", "housekeeping" };
    for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
        expire_one();
        arm_after(places[p], strcmp(places[p], "event") == 0); /* The first event is that it is set. */
        CHECK_STATUS(RS_OK, rs_set(session, "brief", 5, "v", 1, 1));
        await_panic();
        if (strcmp(places[p], "expire") == 0) {
            /* The shard was locked. Who waits for a panic may be faster than who marks the shard. */
            while (!is_error(rs_command(session, "DBSIZE"), "damaged"))
                usleep(1000);
            CHECK(is_status(rs_command(session, "FLUSHALL"), "OK"));
        }
        check_events();
        expire_one();
    }
}

static rs_session *inner;
static const char *inner_place;

/* A callback that uses another session, in which a panic waits. */
static void on_event_call(const char *event, const void *key, size_t klen, int db, void *ud)
{
    (void)event, (void)db, (void)ud;
    if (klen != 5 || memcmp(key, "outer", 5) != 0 || inner_place == NULL)
        return;
    arm(inner_place);
    CHECK(rs_command(inner, "SET inner v") == NULL && went_off());
    CHECK_STATUS(RS_ERR_PANIC, rs_last_status());
}

static void inside_a_callback(void)
{
    CHECK_STATUS(RS_OK, rs_session_open(engine, &inner));
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, RS_EVENT_STRING, on_event_call, NULL));
    static const char *const places[] = { "call", "dispatch", "handler" };
    for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
        inner_place = places[p];
        CHECK(is_status(rs_command(session, "SET outer v"), "OK"));
        CHECK(is_status(rs_command(session, "FLUSHALL"), "OK"));
        check_events();
    }
    inner_place = NULL;
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, 0, on_event_call, NULL));
    rs_session_close(inner);
}

/* ---- host commands ---- */

static int was_null;

/* CARELESS key: runs commands on its key, whatever becomes of them, and says that all is well. */
static void careless(rs_call *call, int argc, const rs_slice *argv, void *ud)
{
    const char *words[] = { "SET", argv[1].data, "value" };
    size_t lens[] = { 3, argv[1].len, 5 };
    (void)argc, (void)ud;
    was_null = 0;
    for (int i = 0; i < 5; i++) {
        rs_reply *reply = rs_call_command_argv(call, 3, words, lens);
        was_null += reply == NULL;
        rs_reply_free(reply);
    }
    rs_call_reply_status(call, "fine");
}

/* DEEPER key: runs CARELESS. */
static void deeper(rs_call *call, int argc, const rs_slice *argv, void *ud)
{
    const char *words[] = { "CARELESS", argv[1].data };
    size_t lens[] = { 8, argv[1].len };
    (void)argc, (void)ud;
    rs_reply *reply = rs_call_command_argv(call, 2, words, lens);
    rs_call_reply_status(call, reply == NULL ? "not fine" : reply->str);
    rs_reply_free(reply);
}

static void host_commands(void)
{
    rs_command_spec spec = { "careless", 2, "write", 1, 1, 1, careless, NULL, NULL };
    rs_command_spec outer = { "deeper", 2, "write", 1, 1, 1, deeper, NULL, NULL };
    CHECK_STATUS(RS_OK, rs_engine_register_command(engine, &spec));
    CHECK_STATUS(RS_OK, rs_engine_register_command(engine, &outer));
    CHECK(is_status(rs_command(session, "DEEPER key:1"), "fine"));
    /* In the third command; then nothing more is done on the damaged data. */
    arm_after("handler", 3);
    CHECK(rs_command(session, "CARELESS key:1") == NULL && went_off());
    CHECK_STATUS(RS_ERR_PANIC, rs_last_status());
    CHECK(was_null == 3);
    CHECK(is_error(rs_command(session, "GET key:1"), "damaged"));
    CHECK(is_status(rs_command(session, "FLUSHALL"), "OK"));
    check_events();
    /* One level deeper: both handlers return, and the call has failed. */
    arm_after("handler", 2);
    CHECK(rs_command(session, "DEEPER key:1") == NULL && went_off());
    CHECK(was_null == 5);
    CHECK(is_error(rs_command(session, "GET key:1"), "damaged"));
    CHECK(is_status(rs_command(session, "FLUSHALL"), "OK"));
    CHECK(is_status(rs_command(session, "DEEPER key:1"), "fine"));
    check_events();
    /* Inside EXEC. */
    CHECK(is_status(rs_command(session, "MULTI"), "OK"));
    CHECK(is_status(rs_command(session, "CARELESS key:1"), "QUEUED"));
    arm("host call");
    CHECK(rs_command(session, "EXEC") == NULL && went_off());
    CHECK(was_null == 5);
    CHECK(is_error(rs_command(session, "EXEC"), "without MULTI"));
    CHECK(is_status(rs_command(session, "FLUSHALL"), "OK"));
    check_events();
}

/* ---- threads of a server ---- */

static void say(int fd, const char *text)
{
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static void by_threads_of_a_server(void)
{
    static const struct {
        const char *place, *request;
        bool damages;
    } rows[] = { { "event", "SET key:1 v\r\n", false }, { "host call", "CARELESS key:1\r\n", true },
                 { "event", "SET key:1 v EX 1000\r\n", false } };
    rs_server *server;
    CHECK_STATUS(RS_OK, rs_server_start(engine, &server));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int bystander = connect_to(server), victim = connect_to(server);
        char got[256];
        ssize_t len;
        size_t total = 0;
        ask(bystander, "PING\r\n", "+PONG\r\n");
        arm(rows[i].place);
        say(victim, rows[i].request);
        while (total < sizeof got - 1 && (len = recv(victim, got + total, sizeof got - 1 - total, 0)) > 0)
            total += (size_t)len;
        got[total] = '\0';
        CHECK(went_off() && strstr(got, "-ERR internal error") != NULL);
        ask(bystander, "PING\r\n", "+PONG\r\n");
        if (rows[i].damages)
            ask(bystander, "FLUSHALL\r\n", "+OK\r\n");
        ask(bystander, "SET key:1 v\r\n", "+OK\r\n");
        check_events();
        expire_one(); /* By the reactor, now. */
        close(bystander);
        close(victim);
    }
    arm_after("event", 1);
    CHECK_STATUS(RS_OK, rs_set(session, "brief", 5, "v", 1, 1));
    await_panic();
    expire_one();
    check_events();
    CHECK_STATUS(RS_OK, rs_server_stop(server));
}

/* ---- signals ---- */

/* What the child does: a server for which the first signal is a panic. */
static int serve(char *path)
{
    char *argv[] = { "redisrs-server", "--port", "0", "--unixsocket", path, NULL };
    rs_internal_hook_panic("signal", 0);
    int code = rs_server_main(5, argv);
    return rs_internal_hook_panics() == 1 ? code : 99;
}

static void signals(const char *program)
{
    char directory[] = "/tmp/redisrs-panics.XXXXXX", said[4096];
    struct sockaddr_un address;
    posix_spawn_file_actions_t actions;
    pid_t child;
    int output[2], status;
    CHECK(mkdtemp(directory) != NULL);
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", directory);
    char *argv[] = { (char *)program, address.sun_path, NULL };
    CHECK(pipe(output) == 0 && posix_spawn_file_actions_init(&actions) == 0);
    CHECK(posix_spawn_file_actions_adddup2(&actions, output[1], 1) == 0);
    CHECK(posix_spawn_file_actions_addclose(&actions, output[0]) == 0);
    CHECK(posix_spawn(&child, program, &actions, NULL, argv, environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    close(output[1]);
    for (;;) {
        int fd = socket(AF_UNIX, SOCK_STREAM, 0), result = connect(fd, (struct sockaddr *)&address, sizeof address);
        close(fd);
        if (result == 0)
            break;
        CHECK(waitpid(child, &status, WNOHANG) == 0);
        usleep(1000);
    }
    /* Whoever can be connected to listens to signals: they are taken before. */
    CHECK(kill(child, SIGTERM) == 0);
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    size_t total = 0;
    ssize_t len;
    while (total < sizeof said - 1 && (len = read(output[0], said + total, sizeof said - 1 - total)) > 0)
        total += (size_t)len;
    said[total] = '\0';
    CHECK(strstr(said, "a test has asked for a panic: signal") != NULL && strstr(said, "bye bye") != NULL);
    close(output[0]);
    rmdir(directory);
}

static void ignore_log(int level, const char *msg, size_t len, void *ud)
{
    (void)level, (void)msg, (void)len, (void)ud;
}

int main(int argc, char **argv)
{
    if (argc == 2)
        return serve(argv[1]);
    rs_config *config = rs_config_new();
    CHECK_STATUS(RS_OK, rs_config_set(config, "port", "auto"));
    CHECK_STATUS(RS_OK, rs_config_set(config, "bind", "127.0.0.1"));
    CHECK_STATUS(RS_OK, rs_config_set(config, "hz", "100"));
    CHECK_STATUS(RS_OK, rs_config_set_logger(config, ignore_log, NULL));
    CHECK_STATUS(RS_OK, rs_engine_open(config, &engine));
    rs_config_free(config);
    CHECK_STATUS(RS_OK, rs_session_open(engine, &session));
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, RS_EVENT_STRING | RS_EVENT_EXPIRED, on_event, NULL));
    own_calls();
    threads_in_turn();
    by_the_thread_that_expires();
    inside_a_callback();
    host_commands();
    by_threads_of_a_server();
    rs_session_close(session);
    rs_engine_close(engine);
    signals(argv[0]);
    printf("%zu panics, %d checks\n", rs_internal_hook_panics(), checks);
    return 0;
}
