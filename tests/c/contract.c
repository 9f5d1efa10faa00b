/* Promises of the interface that an audit found broken: contract
 *
 * A batch that closes its session; messages that precede an answer; arguments that are too long; configuration files
 * in a program that is not redis-server; what a logger is told; a unix socket that is taken; a server that is driven
 * by nothing but its descriptor; replies that are under way when a server is stopped. */
#include "check.h"
#include "socket.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- a batch that closes its session ---- */

static void test_quit_in_a_batch(void)
{
    rs_engine *engine;
    rs_session *session, *other;
    CHECK_STATUS(RS_OK, rs_engine_open(NULL, &engine));
    CHECK_STATUS(RS_OK, rs_session_open(engine, &session));
    CHECK_STATUS(RS_OK, rs_session_open(engine, &other));
    const char *before[] = {"SET", "before", "1"}, *quit[] = {"QUIT"}, *behind[] = {"SET", "behind", "1"};
    const char **argv[] = {before, quit, behind, behind};
    int argc[] = {3, 1, 3, 3};
    rs_reply *replies[4];
    CHECK_STATUS(RS_OK, rs_command_batch(session, 4, argc, argv, NULL, replies));
    CHECK(replies[0]->type == RS_REPLY_STATUS && replies[1]->type == RS_REPLY_STATUS);
    for (int i = 2; i < 4; i++)
        CHECK(replies[i]->type == RS_REPLY_ERROR && strncmp(replies[i]->str, "RS_ERR_CLOSED ", 14) == 0);
    for (int i = 0; i < 4; i++)
        rs_reply_free(replies[i]);
    CHECK_STATUS(RS_OK, rs_exists(other, "before", 6));
    CHECK_STATUS(RS_NIL, rs_exists(other, "behind", 6));
    CHECK_STATUS(RS_ERR_CLOSED, rs_command_batch(session, 4, argc, argv, NULL, replies));
    rs_session_close(session);
    rs_session_close(other);
    rs_engine_close(engine);
}

/* ---- a transaction that silences itself ---- */

/* Through a socket the array is short then, as Redis leaves it; here every command has its place. */
static void test_silence_in_a_transaction(void)
{
    static const char *const silences[] = {"CLIENT REPLY SKIP", "CLIENT REPLY OFF", "CLIENT KILL TYPE normal SKIPME no"};
    for (int i = 0; i < 3; i++) {
        rs_engine *engine;
        rs_session *session;
        CHECK_STATUS(RS_OK, rs_engine_open(NULL, &engine));
        CHECK_STATUS(RS_OK, rs_session_open(engine, &session));
        rs_reply_free(rs_command(session, "MULTI"));
        rs_reply_free(rs_command(session, "PING"));
        rs_reply_free(rs_command(session, silences[i]));
        rs_reply_free(rs_command(session, "SET key value"));
        rs_reply_free(rs_command(session, "CLIENT REPLY ON"));
        rs_reply *reply = rs_command(session, "EXEC");
        CHECK(reply != NULL && reply->type == RS_REPLY_ARRAY && reply->elements == 4);
        CHECK(reply->element[0]->type == RS_REPLY_STATUS);
        CHECK(reply->element[1]->type == (i < 2 ? RS_REPLY_NIL : RS_REPLY_INTEGER));
        CHECK(reply->element[2]->type == (i == 0 ? RS_REPLY_STATUS : RS_REPLY_NIL));
        CHECK(reply->element[3]->type == (i == 2 ? RS_REPLY_NIL : RS_REPLY_STATUS));
        rs_reply_free(reply);
        rs_session_close(session);
        rs_engine_close(engine);
    }
}

/* ---- messages that a command writes before and behind its answer ---- */

static void test_messages_and_answers(void)
{
    rs_config *config = rs_config_new();
    rs_engine *engine;
    rs_session *session;
    rs_reply *reply;
    CHECK_STATUS(RS_OK, rs_config_set(config, "enable-debug-command", "yes"));
    CHECK_STATUS(RS_OK, rs_engine_open(config, &engine));
    rs_config_free(config);
    CHECK_STATUS(RS_OK, rs_session_open(engine, &session));
    rs_reply_free(rs_command(session, "HELLO 3"));
    reply = rs_command(session, "DEBUG PROTOCOL push");
    CHECK(reply != NULL && reply->type == RS_REPLY_STRING && strncmp(reply->str, "Some real reply", 15) == 0);
    rs_reply_free(reply);
    CHECK_STATUS(RS_OK, rs_session_next_push(session, 0, &reply));
    CHECK(reply->type == RS_REPLY_PUSH && reply->elements == 2 && reply->element[1]->integer == 42);
    rs_reply_free(reply);
    CHECK_STATUS(RS_ERR_TIMEOUT, rs_session_next_push(session, 0, &reply));
    rs_session_close(session);
    rs_engine_close(engine);
}

/* ---- arguments that are too long, however they are given ---- */

static void expect_too_long(const rs_reply *reply)
{
    CHECK(reply == NULL && rs_last_status() == RS_ERR_ARGUMENT && strstr(rs_last_error(), "proto-max-bulk-len") != NULL);
}

static void test_long_arguments(void)
{
    enum { MAX = 1024 * 1024 };
    static char value[MAX + 2];
    rs_config *config = rs_config_new();
    rs_engine *engine;
    rs_session *session;
    CHECK_STATUS(RS_OK, rs_config_set(config, "proto-max-bulk-len", "1mb"));
    CHECK_STATUS(RS_OK, rs_engine_open(config, &engine));
    rs_config_free(config);
    CHECK_STATUS(RS_OK, rs_session_open(engine, &session));
    memset(value, 'v', MAX + 1);
    const char *set[] = {"SET", "key", value};
    const char **argv[] = {set};
    size_t lengths[] = {3, 3, MAX + 1};
    int argc[] = {3};
    rs_reply *reply;
    expect_too_long(rs_command_argv(session, 3, set, NULL));
    expect_too_long(rs_command_argv(session, 3, set, lengths));
    expect_too_long(rs_command(session, "SET key %s", value));
    expect_too_long(rs_command(session, "SET key %b", value, (size_t)MAX + 1));
    expect_too_long(rs_command(session, "SET key %b%s", value, (size_t)MAX, "v"));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_command_batch(session, 1, argc, argv, NULL, &reply));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_set(session, "key", 3, value, MAX + 1, 0));
    value[MAX] = '\0';
    reply = rs_command_argv(session, 3, set, NULL);
    CHECK(reply != NULL && reply->type == RS_REPLY_STATUS);
    rs_reply_free(reply);
    rs_session_close(session);
    rs_engine_close(engine);
}

/* ---- configuration files ---- */

static rs_status load(rs_config *config, const char *text)
{
    char path[] = "/tmp/redisrs-contract.XXXXXX";
    int fd = mkstemp(path);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    rs_status status = rs_config_load(config, path);
    unlink(path);
    return status;
}

static void test_configuration_files(void)
{
    rs_config *config = rs_config_new();
    rs_engine *engine;
    rs_server *server;
    CHECK_STATUS(RS_OK, load(config, "# what rs_config_set takes\r\nport auto\nbind 127.0.0.1\n\nio-threads 0\n"));
    CHECK_STATUS(RS_OK, rs_engine_open(config, &engine));
    CHECK_STATUS(RS_OK, rs_server_start(engine, &server));
    CHECK(rs_server_port(server) != 0 && rs_server_port(server) != 6379);
    CHECK_STATUS(RS_OK, rs_server_stop(server));
    rs_engine_close(engine);
    /* One line, as all errors here, that tells which line of the file is meant. */
    CHECK_STATUS(RS_ERR_CONFIG, load(config, "port 0\nno-such-setting 5\n"));
    CHECK(strstr(rs_last_error(), "line 2") != NULL && strstr(rs_last_error(), "no-such-setting") != NULL);
    CHECK(strchr(rs_last_error(), '\n') == NULL && strstr(rs_last_error(), "FATAL") == NULL);
    CHECK_STATUS(RS_ERR_CONFIG, rs_config_load(config, "/no/such/file"));
    CHECK(strstr(rs_last_error(), "/no/such/file") != NULL && strstr(rs_last_error(), "Fatal") == NULL);
    rs_config_free(config);
}

/* ---- what a logger is told ---- */

struct told {
    pthread_mutex_t lock;
    int levels[4];
    char last[128];
};

static void listen_to(int level, const char *msg, size_t len, void *ud)
{
    struct told *told = ud;
    CHECK(level >= 0 && level < 4 && len > 0 && msg[len - 1] != '\n');
    pthread_mutex_lock(&told->lock);
    told->levels[level]++;
    snprintf(told->last, sizeof told->last, "%.*s", (int)len, msg);
    pthread_mutex_unlock(&told->lock);
}

static void test_logger(const char *loglevel, int verbose, int notice)
{
    struct told told = {PTHREAD_MUTEX_INITIALIZER, {0}, ""};
    rs_config *config = loopback("1");
    rs_engine *engine;
    rs_server *server;
    CHECK_STATUS(RS_OK, rs_config_set(config, "loglevel", loglevel));
    CHECK_STATUS(RS_OK, rs_config_set_logger(config, listen_to, &told));
    CHECK_STATUS(RS_OK, rs_engine_open(config, &engine));
    rs_config_free(config);
    CHECK_STATUS(RS_OK, rs_server_start(engine, &server));
    char port[8];
    snprintf(port, sizeof port, "%u", (unsigned)rs_server_port(server));
    pthread_mutex_lock(&told.lock);
    CHECK(told.levels[2] == (notice != 0) && (notice == 0 || strstr(told.last, port) != NULL));
    pthread_mutex_unlock(&told.lock);
    int fd = connect_to(server);
    ask(fd, "PING\r\n", "+PONG\r\n");
    CHECK_STATUS(RS_OK, rs_server_stop(server));
    rs_engine_close(engine);
    close(fd);
    CHECK(told.levels[0] == 0 && told.levels[1] == verbose && told.levels[2] == notice && told.levels[3] == 0);
}

/* ---- unix sockets ---- */

static void test_unix_socket_in_use(void)
{
    char directory[] = "/tmp/redisrs-contract.XXXXXX";
    struct sockaddr_un address;
    rs_config *config = rs_config_new();
    rs_engine *engine;
    rs_server *first, *second;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    CHECK(mkdtemp(directory) != NULL);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", directory);
    CHECK_STATUS(RS_OK, rs_config_set(config, "port", "0"));
    CHECK_STATUS(RS_OK, rs_config_set(config, "unixsocket", address.sun_path));
    CHECK_STATUS(RS_OK, rs_engine_open(config, &engine));
    rs_config_free(config);
    /* What a dead server has left is replaced. */
    int left = socket(AF_UNIX, SOCK_STREAM, 0), fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(left >= 0 && bind(left, (struct sockaddr *)&address, sizeof address) == 0);
    close(left);
    CHECK_STATUS(RS_OK, rs_server_start(engine, &first));
    /* Where a server listens no other takes the place. */
    CHECK_STATUS(RS_ERR_ADDR_IN_USE, rs_server_start(engine, &second));
    CHECK(strstr(rs_last_error(), "unix socket") != NULL && strstr(rs_last_error(), directory) != NULL);
    CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    ask(fd, "PING\r\n", "+PONG\r\n");
    close(fd);
    CHECK_STATUS(RS_OK, rs_server_stop(first));
    CHECK(access(address.sun_path, F_OK) != 0 && rmdir(directory) == 0);
    rs_engine_close(engine);
}

/* ---- a server that is driven by nothing but its descriptor ---- */

enum { PINGS = 20000, REPLY = 7, REQUEST = 6, PATIENCE_MS = 20000 };

/* A pipeline deeper than what one turn reads: what is left makes the descriptor readable again. */
static void test_deep_pipeline(void)
{
    rs_config *config = loopback("0");
    rs_engine *engine;
    rs_server *server;
    CHECK_STATUS(RS_OK, rs_engine_open(config, &engine));
    rs_config_free(config);
    CHECK_STATUS(RS_OK, rs_server_start(engine, &server));
    int fd = connect_to(server);
    CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    char *requests = malloc(PINGS * REQUEST);
    static char replies[65536];
    for (int i = 0; i < PINGS; i++)
        memcpy(requests + i * REQUEST, "PING\r\n", REQUEST);
    size_t sent = 0, received = 0;
    while (received < PINGS * REPLY) {
        if (sent < PINGS * REQUEST) {
            ssize_t n = write(fd, requests + sent, PINGS * REQUEST - sent);
            sent += n > 0 ? (size_t)n : 0;
        }
        struct pollfd ready[] = {{rs_server_fd(server), POLLIN, 0}, {fd, POLLIN, 0}};
        CHECK(poll(ready, 2, PATIENCE_MS) > 0);
        if (ready[0].revents != 0)
            CHECK_STATUS(RS_OK, rs_server_poll(server, 0));
        if (ready[1].revents != 0) {
            ssize_t n = read(fd, replies, sizeof replies);
            CHECK(n > 0);
            received += (size_t)n;
        }
    }
    CHECK(received == PINGS * REPLY);
    free(requests);
    close(fd);
    CHECK_STATUS(RS_OK, rs_server_stop(server));
    rs_engine_close(engine);
}

/* ---- a descriptor is all that a host has to wait for ---- */

static int64_t injected_ms;

static int64_t injected(void *unused)
{
    (void)unused;
    return __atomic_load_n(&injected_ms, __ATOMIC_SEQ_CST);
}

static void count_event(const char *event, const void *key, size_t klen, int db, void *ud)
{
    (void)event, (void)key, (void)klen, (void)db;
    __atomic_add_fetch((int *)ud, 1, __ATOMIC_SEQ_CST);
}

static long number_of_blocked(rs_session *session)
{
    rs_reply *info = rs_command(session, "INFO clients");
    long blocked = strtol(strstr(info->str, "blocked_clients:") + 16, NULL, 10);
    rs_reply_free(info);
    return blocked;
}

/* Takes a turn when the descriptor says so, and not before. */
static rs_status turn_when_told(rs_server *server)
{
    struct pollfd ready = {rs_server_fd(server), POLLIN, 0};
    CHECK(poll(&ready, 1, PATIENCE_MS) == 1);
    return rs_server_poll(server, 0);
}

/* The end of a wait, a key that expires and SHUTDOWN make it readable, though no client has sent anything. */
static void test_descriptor_tells_deadlines(rs_clock_fn clock)
{
    rs_config *config = loopback("0");
    rs_engine *engine;
    rs_server *server;
    rs_session *session;
    char reply[5];
    int expired = 0;
    __atomic_store_n(&injected_ms, 1000, __ATOMIC_SEQ_CST);
    CHECK_STATUS(RS_OK, rs_config_set_clock(config, clock, NULL));
    CHECK_STATUS(RS_OK, rs_engine_open(config, &engine));
    rs_config_free(config);
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, RS_EVENT_EXPIRED, count_event, &expired));
    CHECK_STATUS(RS_OK, rs_server_start(engine, &server));
    CHECK_STATUS(RS_OK, rs_session_open(engine, &session));
    int fd = connect_to(server);
    CHECK(write(fd, "BLPOP none 0.03\r\n", 17) == 17);
    while (number_of_blocked(session) == 0)
        CHECK_STATUS(RS_OK, turn_when_told(server));
    __atomic_add_fetch(&injected_ms, 30, __ATOMIC_SEQ_CST);
    while (number_of_blocked(session) > 0)
        CHECK_STATUS(RS_OK, turn_when_told(server));
    CHECK(read(fd, reply, sizeof reply) == 5 && memcmp(reply, "*-1\r\n", 5) == 0);
    CHECK_STATUS(RS_OK, rs_set(session, "key", 3, "value", 5, 30));
    __atomic_add_fetch(&injected_ms, 30, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&expired, __ATOMIC_SEQ_CST) == 0)
        CHECK_STATUS(RS_OK, turn_when_told(server));
    rs_reply_free(rs_command(session, "SHUTDOWN"));
    CHECK_STATUS(RS_ERR_CLOSED, turn_when_told(server));
    close(fd);
    rs_session_close(session);
    CHECK_STATUS(RS_OK, rs_server_stop(server));
    rs_engine_close(engine);
}

/* ---- what has been executed is answered, though the server is stopped ---- */

enum { VALUE = 20 * 1024 * 1024, INCREMENTS = 100000 };

/* Reads to the end of the connection and counts the bytes and lines. */
struct reader {
    int fd;
    size_t bytes, lines;
};

static void *read_all(void *arg)
{
    static char buf[65536];
    struct reader *reader = arg;
    for (ssize_t n; (n = read(reader->fd, buf, sizeof buf)) > 0; reader->bytes += (size_t)n)
        for (ssize_t i = 0; i < n; i++)
            reader->lines += buf[i] == '\n';
    return NULL;
}

static void drive(rs_server *server, int times)
{
    while (rs_server_fd(server) >= 0 && times-- > 0)
        CHECK_STATUS(RS_OK, rs_server_poll(server, 0));
}

static long number_at(rs_session *session, const char *key)
{
    rs_reply *reply = rs_command(session, "GET %s", key);
    long number = reply->type == RS_REPLY_NIL ? 0 : strtol(reply->str, NULL, 10);
    rs_reply_free(reply);
    return number;
}

static void test_replies_outlive_the_server(const char *io_threads)
{
    rs_config *config = loopback(io_threads);
    rs_engine *engine;
    rs_server *server;
    rs_session *session;
    pthread_t thread;
    char *value = calloc(VALUE, 1);
    CHECK_STATUS(RS_OK, rs_engine_open(config, &engine));
    rs_config_free(config);
    CHECK_STATUS(RS_OK, rs_session_open(engine, &session));
    CHECK_STATUS(RS_OK, rs_set(session, "big", 3, value, VALUE, 0));
    free(value);
    /* A reply of which the socket takes only a part at once. */
    CHECK_STATUS(RS_OK, rs_server_start(engine, &server));
    struct reader reader = {connect_to(server), 0, 0};
    CHECK(write(reader.fd, "INCR seen\r\nGET big\r\n", 20) == 20);
    while (number_at(session, "seen") == 0)
        drive(server, 1);
    drive(server, 3);
    CHECK(pthread_create(&thread, NULL, read_all, &reader) == 0);
    CHECK_STATUS(RS_OK, rs_server_stop(server));
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(reader.bytes == strlen(":1\r\n$20971520\r\n\r\n") + VALUE);
    close(reader.fd);
    /* More requests than the server will read, from a client that reads only afterwards. */
    CHECK_STATUS(RS_OK, rs_server_start(engine, &server));
    reader = (struct reader){connect_to(server), 0, 0};
    CHECK(fcntl(reader.fd, F_SETFL, O_NONBLOCK) == 0);
    static char requests[INCREMENTS * 8];
    for (int i = 0; i < INCREMENTS; i++)
        memcpy(requests + i * 8, "INCR n\r\n", 8);
    for (size_t sent = 0; number_at(session, "n") == 0;) {
        ssize_t n = write(reader.fd, requests + sent, sizeof requests - sent);
        sent += n > 0 ? (size_t)n : 0;
        drive(server, 1);
    }
    CHECK_STATUS(RS_OK, rs_server_stop(server));
    CHECK(fcntl(reader.fd, F_SETFL, 0) == 0);
    read_all(&reader);
    CHECK(reader.lines == (size_t)number_at(session, "n"));
    close(reader.fd);
    rs_session_close(session);
    rs_engine_close(engine);
}

int main(void)
{
    test_quit_in_a_batch();
    test_silence_in_a_transaction();
    test_messages_and_answers();
    test_long_arguments();
    test_configuration_files();
    test_logger("verbose", 1, 2);
    test_logger("notice", 0, 2);
    test_logger("warning", 0, 0);
    test_unix_socket_in_use();
    test_deep_pipeline();
    test_descriptor_tells_deadlines(NULL);
    test_descriptor_tells_deadlines(injected);
    test_replies_outlive_the_server("0");
    test_replies_outlive_the_server("2");
    printf("%d checks\n", checks);
    return 0;
}
