/* A rate limiter as a command of our own: every client, in any language, asks the store before it does something.
 *
 *     RATELIMIT key burst per_second
 *
 * Each key has a bucket of `burst` tokens into which `per_second` new ones drip. A call takes one. The reply is an array:
 * 1 if it got one, else 0; how many are left; after how many milliseconds the next one will be there.
 *
 * The key is locked while the command runs, so two callers never get the same token. The bucket is an ordinary hash, which
 * expires when it is full again: a user that is gone costs nothing. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <redisrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, rs_last_error());
    exit(1);
}

/* The time, which this program sets itself. Asked from many threads. */
static int64_t now_ms = 1700000000000;

static int64_t clock_ms(void *ud)
{
    (void)ud;
    return __atomic_load_n(&now_ms, __ATOMIC_RELAXED);
}

/* ---- The command ---- */

/* A positive number that an argument holds; 0 if it holds none. */
static double number(rs_slice text)
{
    char copy[32];
    char *end;
    if (text.len == 0 || text.len >= sizeof copy)
        return 0;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    double value = strtod(copy, &end);
    return *end == '\0' && value > 0 && value < 1e9 ? value : 0;
}

/* Runs a command on the key of the call; the arguments are terminated, except for the key. */
static rs_reply *run(rs_call *call, rs_slice key, int argc, const char **argv)
{
    size_t lengths[8];
    for (int i = 0; i < argc; i++)
        lengths[i] = strlen(argv[i]);
    argv[1] = key.data;
    lengths[1] = key.len;
    return rs_call_command_argv(call, argc, argv, lengths);
}

/* How many milliseconds it takes for so many tokens to drip in. */
static int64_t wait_ms(double tokens, double per_second)
{
    return tokens <= 0 ? 0 : (int64_t)(tokens * 1000 / per_second + 0.999);
}

static void rate_limit(rs_call *call, int argc, const rs_slice *argv, void *ud)
{
    rs_slice key = argv[1];
    double burst = number(argv[2]), per_second = number(argv[3]);
    (void)argc, (void)ud;
    if (burst < 1 || per_second == 0) {
        rs_call_reply_error(call, "ERR burst and rate must be positive numbers");
        return;
    }

    /* What was in the bucket, and when. A new one is full. */
    const char *get[] = { "HMGET", "", "tokens", "at" };
    rs_reply *bucket = run(call, key, 4, get);
    if (bucket == NULL || bucket->type == RS_REPLY_ERROR) { /* The key holds something else. */
        rs_call_reply_error(call, bucket == NULL ? "ERR no memory" : bucket->str);
        rs_reply_free(bucket);
        return;
    }
    int64_t now = clock_ms(NULL);
    double tokens = burst;
    if (bucket->element[0]->type == RS_REPLY_STRING && bucket->element[1]->type == RS_REPLY_STRING) {
        double passed_ms = (double)(now - atoll(bucket->element[1]->str));
        tokens = atof(bucket->element[0]->str) + (passed_ms > 0 ? passed_ms : 0) * per_second / 1000;
        if (tokens > burst)
            tokens = burst;
    }
    rs_reply_free(bucket);

    int allowed = tokens >= 1;
    if (allowed)
        tokens -= 1;

    /* Written like any other command of a client: it counts for persistence, events and WATCH. */
    char tokens_text[32], at_text[24], full_ms[24];
    snprintf(tokens_text, sizeof tokens_text, "%.6f", tokens);
    snprintf(at_text, sizeof at_text, "%lld", (long long)now);
    snprintf(full_ms, sizeof full_ms, "%lld", (long long)wait_ms(burst - tokens, per_second));
    const char *set[] = { "HSET", "", "tokens", tokens_text, "at", at_text };
    const char *expire[] = { "PEXPIRE", "", full_ms };
    rs_reply *written = run(call, key, 6, set);
    int has_failed = written == NULL || written->type == RS_REPLY_ERROR;
    rs_reply_free(written);
    rs_reply_free(run(call, key, 3, expire));
    if (has_failed) {
        rs_call_reply_error(call, "ERR the bucket cannot be written");
        return;
    }
    rs_call_reply_array(call, 3);
    rs_call_reply_integer(call, allowed);
    rs_call_reply_integer(call, (int64_t)tokens);
    rs_call_reply_integer(call, wait_ms(1 - tokens, per_second));
}

/* ---- Who uses it ---- */

/* In process: prints how many of `calls` calls get through. */
static void call_often(rs_session *session, const char *key, int calls)
{
    int allowed = 0;
    long long next_ms = 0;
    for (int i = 0; i < calls; i++) {
        rs_reply *reply = rs_command(session, "RATELIMIT %s 5 2", key);
        if (reply == NULL || reply->type != RS_REPLY_ARRAY)
            die(reply == NULL ? "RATELIMIT" : reply->str);
        allowed += reply->element[0]->integer == 1;
        next_ms = reply->element[2]->integer;
        rs_reply_free(reply);
    }
    printf("%s: %d of %d calls, the next one in %lld ms\n", key, allowed, calls, next_ms);
}

/* By many threads: each adds to `arg` what it got. */
struct caller {
    rs_engine *engine;
    pthread_t thread;
    int allowed;
};

static void *call_in_thread(void *of)
{
    struct caller *caller = of;
    rs_session *session;
    if (rs_session_open(caller->engine, &session) != RS_OK)
        die("rs_session_open");
    for (int i = 0; i < 100; i++) {
        rs_reply *reply = rs_command(session, "RATELIMIT shared 50 0.001");
        caller->allowed += reply != NULL && reply->type == RS_REPLY_ARRAY && reply->element[0]->integer == 1;
        rs_reply_free(reply);
    }
    rs_session_close(session);
    return NULL;
}

/* Through a socket: any client can. */
static void call_by_socket(uint16_t port, const char *request)
{
    struct sockaddr_in address;
    char answer[256];
    size_t len = 0;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        die("connect");
    if (write(fd, request, strlen(request)) != (ssize_t)strlen(request) || shutdown(fd, SHUT_WR) != 0)
        die("write");
    for (ssize_t n; len < sizeof answer - 1 && (n = read(fd, answer + len, sizeof answer - 1 - len)) > 0;)
        len += (size_t)n;
    close(fd);
    printf("by socket:");
    for (size_t i = 0; i < len; i++) /* As it is on the wire, on one line. */
        if (answer[i] != '\r')
            putchar(answer[i] == '\n' ? ' ' : answer[i]);
    putchar('\n');
}

int main(void)
{
    rs_config *config = rs_config_new();
    rs_engine *engine;
    rs_session *session = NULL;
    rs_server *server;
    if (rs_config_set(config, "port", "auto") != RS_OK || rs_config_set(config, "bind", "127.0.0.1") != RS_OK ||
        rs_config_set_clock(config, clock_ms, NULL) != RS_OK)
        die("rs_config_set");
    if (rs_engine_open(config, &engine) != RS_OK || rs_session_open(engine, &session) != RS_OK)
        die("rs_engine_open");
    rs_config_free(config);

    /* Name, key, burst and rate: four arguments, of which the first one behind the name is a key. */
    rs_command_spec spec = { "ratelimit", 4, "write denyoom fast", 1, 1, 1, rate_limit, NULL, NULL };
    if (rs_engine_register_command(engine, &spec) != RS_OK)
        die("rs_engine_register_command");

    call_often(session, "ann", 7);
    call_often(session, "bob", 3);
    __atomic_fetch_add(&now_ms, 1000, __ATOMIC_RELAXED);
    printf("a second later\n");
    call_often(session, "ann", 7);
    __atomic_fetch_add(&now_ms, 60000, __ATOMIC_RELAXED);
    rs_reply *left = rs_command(session, "EXISTS ann bob");
    printf("a minute later: %lld buckets\n", left == NULL ? -1 : left->integer);
    rs_reply_free(left);

    struct caller callers[4];
    int allowed = 0;
    for (int i = 0; i < 4; i++) {
        callers[i].engine = engine;
        callers[i].allowed = 0;
        if (pthread_create(&callers[i].thread, NULL, call_in_thread, &callers[i]) != 0)
            die("pthread_create");
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(callers[i].thread, NULL);
        allowed += callers[i].allowed;
    }
    printf("four threads: %d of 400 calls\n", allowed);

    if (rs_server_start(engine, &server) != RS_OK)
        die("rs_server_start");
    call_by_socket(rs_server_port(server), "RATELIMIT carl 2 1\r\nRATELIMIT carl 2 1\r\nRATELIMIT carl 2 1\r\n");
    call_by_socket(rs_server_port(server), "RATELIMIT carl none 1\r\nRATELIMIT carl\r\n");
    if (rs_server_stop(server) != RS_OK)
        die("rs_server_stop");
    rs_session_close(session);
    rs_engine_close(engine);
    return allowed == 50 ? 0 : 1;
}
