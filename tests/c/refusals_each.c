/* The allocations of a call refused in turn, as SQLite tests it: refusals_each [LANE [OPERATION [NTH]]]
 *
 * An operation is run with the first request for memory refused that this thread makes, then with the second, and so on,
 * until it is refused nothing any more; once with that one request refused alone, once with all that follow it, too. Each
 * time it must succeed or say that there is no memory, and the data must be as before, or as after the operation. Then it
 * is run again, and succeeds. Arguments narrow the run down to what failed. The library is one built with the feature hooks.
 *
 * The same commands take three lanes: rs_command_argv, rs_command_batch, and a socket whose server this thread drives, so
 * that what a reactor asks for is refused as well; those that are answered with an error do so in argv_errors and so on. What
 * other threads ask for never is, which makes runs repeatable. */
#define _GNU_SOURCE
#include "check.h"
#include "holdings.h"
#include "hooks.h"
#include "socket.h"
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VALUE = 1600, ARGS_MAX = 1300, NTH_MAX = 5000 };

static size_t bytes_min;
static rs_engine *engine;
static rs_session *session;
static rs_server *server;
static char value[VALUE + 1];
static const char *running = "";
static const char *lane = "";
static uint64_t running_nth;
static bool running_for_good;
static size_t failures;

/* What an attempt came to. */
enum outcome { DONE, NO_MEMORY, WRONG };

/* An allocation that is not expected to fail ends the process: tell which. */
static void on_abort(int signal)
{
    static const char text[] = "aborted: ";
    (void)signal;
    (void)!write(2, text, sizeof text - 1);
    dprintf(2, "%s: %s, request %d%s\n", lane, running, (int)running_nth, running_for_good ? " and all after" : "");
    _exit(99);
}

/* Goes on where an operation has stopped refusing, to prepare something. */
static void refuse_again(void)
{
    if (running_nth > 0)
        rs_internal_hook_refuse_nth(bytes_min, running_nth, running_for_good);
}

/* ---- commands from templates ---- */

struct words {
    int argc;
    const char *argv[ARGS_MAX];
    size_t lengths[ARGS_MAX];
    char text[70000];
    size_t used;
};

static void add_word(struct words *words, const char *text, size_t len)
{
    CHECK(words->argc < ARGS_MAX && words->used + len + 1 < sizeof words->text);
    words->argv[words->argc] = memcpy(words->text + words->used, text, len);
    words->lengths[words->argc++] = len;
    words->used += len;
    words->text[words->used++] = '\0';
}

/* Words with spaces between; @v is a value of VALUE bytes, @m40 40 texts, @i40 40 integers, @p40 pairs of text and value, @s40 pairs of
 * score and text; @b is what was dumped last. */
static struct words dumped;

static void expand(struct words *words, const char *line, size_t len)
{
    const char *end = line + len;
    words->argc = 0;
    words->used = 0;
    while (line < end) {
        size_t word = 0;
        while (line + word < end && line[word] != ' ')
            word++;
        int count = word > 2 ? atoi(line + 2) : 1;
        char text[32];
        if (word == 0)
            ;
        else if (*line != '@' || word < 2)
            add_word(words, line, word);
        else if (line[1] == 'v')
            add_word(words, value, VALUE);
        else if (line[1] == 'b')
            add_word(words, dumped.text, dumped.used);
        else
            for (int i = 0; i < count; i++) {
                if (line[1] == 's')
                    add_word(words, text, (size_t)sprintf(text, "%d.5", i));
                if (line[1] == 'i')
                    add_word(words, text, (size_t)sprintf(text, "%d", i * 7919));
                else
                    add_word(words, text, (size_t)sprintf(text, "member:%013d", i));
                if (line[1] == 'p')
                    add_word(words, text, (size_t)sprintf(text, "value:%014d", i));
            }
        line += word + 1;
    }
}

/* Whether there is an error about memory in a reply, or another error. */
static enum outcome of_tree(const rs_reply *reply)
{
    enum outcome outcome = DONE;
    if (reply->type == RS_REPLY_ERROR) {
        if (strncmp(reply->str, "OOM ", 4) == 0)
            return NO_MEMORY;
        if (strncmp(reply->str, "ERR Insufficient memory", 23) == 0) /* LCS, in Redis's words. */
            return NO_MEMORY;
        if (strncmp(reply->str, "EXECABORT", 9) == 0)
            return NO_MEMORY;
        fprintf(stderr, "%s\n", reply->str);
        return WRONG;
    }
    for (size_t i = 0; i < reply->elements && outcome == DONE; i++)
        outcome = of_tree(reply->element[i]);
    return outcome;
}

/* What is asked for is answered with an error; and: so is the command that runs. */
static bool expects_errors, expects_error;

static enum outcome of_reply(rs_reply *reply)
{
    if (reply == NULL)
        return rs_last_status() == RS_ERR_NO_MEMORY ? NO_MEMORY : WRONG;
    enum outcome outcome;
    if (expects_error)
        outcome = reply->type != RS_REPLY_ERROR ? WRONG : strncmp(reply->str, "OOM ", 4) == 0 ? NO_MEMORY : DONE;
    else
        outcome = of_tree(reply);
    rs_reply_free(reply);
    return outcome;
}

static enum outcome of_status(rs_status status)
{
    return status == RS_OK ? DONE : status == RS_ERR_NO_MEMORY ? NO_MEMORY : WRONG;
}

/* ---- lanes: ways for one command to get there ---- */

static enum outcome by_argv(struct words *words)
{
    return of_reply(rs_command_argv(session, words->argc, words->argv, words->lengths));
}

static enum outcome by_batch(struct words *words)
{
    static const char *ping[] = { "PING" };
    const char **argv[] = { ping, words->argv };
    const size_t *lengths[] = { NULL, words->lengths };
    int argc[] = { 1, words->argc };
    rs_reply *out[2] = { NULL, NULL };
    rs_status status = rs_command_batch(session, 2, argc, argv, lengths, out);
    if (status != RS_OK)
        return of_status(status);
    enum outcome second = of_reply(out[1]);
    expects_error = false;
    enum outcome first = of_reply(out[0]);
    return first == DONE ? second : first;
}

static char request[90000], got[400000];

/* A connection that was there before. */
static int client = -1;

static void ensure_client(void)
{
    if (client >= 0)
        return;
    client = connect_to(server);
    CHECK(fcntl(client, F_SETFL, O_NONBLOCK) == 0);
    for (int i = 0; i < 3; i++)
        CHECK_STATUS(RS_OK, rs_server_poll(server, 0));
}

static void lose_client(void)
{
    close(client);
    client = -1;
}

/* The last reply to this request and PING, told apart by hand: each ends in PONG. */
static enum outcome by_socket(struct words *words)
{
    size_t len = 0, done = 0;
    rs_internal_hook_refuse_nth(0, 0, false);
    ensure_client();
    CHECK_STATUS(RS_OK, rs_format_argv(words->argc, words->argv, words->lengths, request, sizeof request - 32, &len));
    len += (size_t)sprintf(request + len, "*1\r\n$4\r\nPING\r\n");
    CHECK(send(client, request, len, MSG_NOSIGNAL) == (ssize_t)len);
    refuse_again();
    for (int turn = 0; turn < 20000; turn++) {
        CHECK_STATUS(RS_OK, rs_server_poll(server, 0));
        ssize_t n = recv(client, got + done, sizeof got - done - 1, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN)) {
            lose_client();
            return NO_MEMORY;
        }
        done += n > 0 ? (size_t)n : 0;
        got[done] = '\0';
        if (done >= 7 && memcmp(got + done - 7, "+PONG\r\n", 7) == 0) {
            rs_internal_hook_refuse_nth(0, 0, false);
            rs_reader *reader = rs_reader_new();
            rs_reply *reply = NULL, *pong = NULL;
            CHECK_STATUS(RS_OK, rs_reader_feed(reader, got, done));
            CHECK_STATUS(RS_OK, rs_reader_next(reader, &reply));
            CHECK_STATUS(RS_OK, rs_reader_next(reader, &pong));
            rs_reply_free(pong);
            rs_reader_free(reader);
            return of_reply(reply);
        }
    }
    fprintf(stderr, "no reply: %.*s\n", (int)(done < 200 ? done : 200), got);
    return WRONG;
}

/* ---- the loop ---- */

static void run_quietly(const char *lines)
{
    static struct words words;
    while (*lines != '\0') {
        size_t len = strcspn(lines, ";");
        expand(&words, lines, len);
        rs_reply *reply = rs_command_argv(session, words.argc, words.argv, words.lengths);
        CHECK(reply != NULL);
        if (reply->type == RS_REPLY_ERROR)
            fprintf(stderr, "%s, before: %.*s: %s\n", running, (int)len, lines, reply->str);
        CHECK(reply->type != RS_REPLY_ERROR);
        if (strncmp(lines, "DUMP", 4) == 0) {
            CHECK(reply->type == RS_REPLY_STRING);
            dumped.used = reply->len;
            memcpy(dumped.text, reply->str, reply->len);
        }
        rs_reply_free(reply);
        lines += len + (lines[len] == ';');
    }
}

/* Adds a reply to a sum that tells it from others. */
static unsigned long long sum_of(const rs_reply *reply, unsigned long long sum)
{
    sum = (sum ^ (unsigned long long)reply->integer) * 1099511628211ULL;
    for (size_t i = 0; reply->str != NULL && i < reply->len; i++)
        sum = (sum ^ (unsigned char)reply->str[i]) * 1099511628211ULL;
    for (size_t i = 0; i < reply->elements; i++)
        sum = sum_of(reply->element[i], sum);
    return sum;
}

/* What consumer groups have been given, which no digest tells: all but the times. */
static unsigned long long progress(const rs_reply *key, unsigned long long sum)
{
    rs_reply *type = rs_command(session, "TYPE %b", key->str, key->len);
    CHECK(type != NULL && type->type == RS_REPLY_STATUS);
    if (strcmp(type->str, "stream") == 0) {
        rs_reply *groups = rs_command(session, "XINFO GROUPS %b", key->str, key->len);
        CHECK(groups != NULL && groups->type == RS_REPLY_ARRAY);
        sum = sum_of(groups, sum);
        for (size_t i = 0; i < groups->elements; i++) {
            const rs_reply *name = groups->element[i]->element[1];
            rs_reply *pending = rs_command(session, "XPENDING %b %b", key->str, key->len, name->str, name->len);
            CHECK(pending != NULL && pending->type == RS_REPLY_ARRAY);
            sum = sum_of(pending, sum);
            rs_reply_free(pending);
        }
        rs_reply_free(groups);
    }
    rs_reply_free(type);
    return sum;
}

/* The data, as text that tells one state from another. */
static void state(char out[128])
{
    rs_reply *digest = rs_command(session, "DEBUG DIGEST"), *keys = rs_command(session, "KEYS *");
    CHECK(digest != NULL && digest->type == RS_REPLY_STATUS && keys != NULL && keys->type == RS_REPLY_ARRAY);
    unsigned long long sum = 0;
    for (size_t i = 0; i < keys->elements; i++)
        sum += progress(keys->element[i], 14695981039346656037ULL);
    snprintf(out, 128, "%s %llx", digest->str, sum);
    rs_reply_free(digest);
    rs_reply_free(keys);
}

/* Every value can be written and read, and is then the same: nothing is half done inside. */
static void check_values(void)
{
    rs_reply *keys = rs_command(session, "KEYS *");
    CHECK(keys != NULL && keys->type == RS_REPLY_ARRAY);
    for (size_t i = 0; i < keys->elements; i++) {
        const rs_reply *key = keys->element[i];
        rs_reply *dump = rs_command(session, "DUMP %b", key->str, key->len);
        CHECK(dump != NULL && dump->type == RS_REPLY_STRING);
        rs_reply *until = rs_command(session, "PEXPIRETIME %b", key->str, key->len);
        CHECK(until != NULL && until->type == RS_REPLY_INTEGER);
        rs_reply *restored = rs_command(session, "RESTORE the-copy %lld %b REPLACE ABSTTL",
                                        until->integer > 0 ? until->integer : 0, dump->str, dump->len);
        CHECK(restored != NULL && restored->type == RS_REPLY_STATUS);
        rs_reply *digests = rs_command(session, "DEBUG DIGEST-VALUE %b the-copy", key->str, key->len);
        CHECK(digests != NULL && digests->elements == 2);
        CHECK(strcmp(digests->element[0]->str, digests->element[1]->str) == 0);
        rs_reply_free(dump);
        rs_reply_free(until);
        rs_reply_free(restored);
        rs_reply_free(digests);
        rs_reply_free(rs_command(session, "DEL the-copy"));
    }
    rs_reply_free(keys);
}

struct operation {
    const char *before; /* Commands, separated by semicolons. */
    const char *line;   /* A command; or a name of: */
    enum outcome (*run)(void);
    bool in_steps; /* It may have done a part of its work. */
    size_t bytes_min; /* From which size on requests count; 0: all. */
};

static struct words words;
static enum outcome (*way)(struct words *);

static enum outcome attempt(const struct operation *operation)
{
    expects_error = expects_errors;
    enum outcome outcome = operation->run != NULL ? operation->run() : way(&words);
    expects_error = false;
    return outcome;
}

static void fail(const char *what)
{
    fprintf(stderr, "%s: %s, request %d%s: %s\n", lane, running, (int)running_nth, running_for_good ? " and all after" : "", what);
    exit(1);
}

static void prepare(const struct operation *operation)
{
    run_quietly("FLUSHALL");
    run_quietly(operation->before);
    if (operation->run == NULL)
        expand(&words, operation->line, strlen(operation->line));
    /* With buffers that nothing has been written to. */
    rs_session_close(session);
    CHECK_STATUS(RS_OK, rs_session_open(engine, &session));
    if (client >= 0)
        lose_client();
    if (way == by_socket && operation->run == NULL)
        ensure_client();
}

/* Runs an operation until it is refused nothing any more. */
static void refuse_each(const struct operation *operation, uint64_t first, bool for_good)
{
    char before[128], complete[128], after[128];
    running = operation->line;
    bytes_min = operation->bytes_min > 0 ? operation->bytes_min : 1;
    running_for_good = for_good;
    running_nth = 0;
    prepare(operation);
    state(before);
    if (attempt(operation) != DONE)
        fail("does not work with all memory there is");
    state(complete);
    size_t refusals = 0;
    for (uint64_t nth = first;; nth++) {
        CHECK(nth < NTH_MAX);
        running_nth = nth;
        prepare(operation);
        size_t refused = rs_internal_hook_refused();
        rs_internal_hook_refuse_nth(bytes_min, nth, for_good);
        enum outcome outcome = attempt(operation);
        rs_internal_hook_refuse_nth(0, 0, false);
        bool was_refused = rs_internal_hook_refused() > refused;
        state(after);
        bool is_unchanged = strcmp(before, after) == 0;
        if (outcome == WRONG)
            fail("neither done nor refused");
        if (outcome == NO_MEMORY && !was_refused)
            fail("there was memory");
        if (outcome == DONE && strcmp(complete, after) != 0 && operation->in_steps == false)
            fail("not what it does");
        if (outcome == NO_MEMORY && !is_unchanged && strcmp(complete, after) != 0 && !operation->in_steps)
            fail("half done");
        if (was_refused) {
            check_values();
            if (is_unchanged && operation->run == NULL)
                expand(&words, operation->line, strlen(operation->line));
            running_nth = 0;
            if (is_unchanged && attempt(operation) != DONE)
                fail("does not work afterwards");
            refusals++;
        }
        failures += outcome == NO_MEMORY;
        checks++;
        if (!was_refused)
            break;
    }
    if (getenv("REFUSALS_VERBOSE") != NULL)
        fprintf(stderr, "%s: %s: %zu refusals\n", lane, running, refusals);
}

static const struct operation commands[] = {
#include "refusals_commands.h"
};

static const struct operation errors[] = {
#include "refusals_errors.h"
};

#include "refusals_calls.h"
#include "refusals_admin.h"
#include "refusals_handles.h"
#include "refusals_open.h"

static void refuse_all(const struct operation *operations, size_t count, int argc, char **argv)
{
    size_t from = argc > 2 ? (size_t)atoi(argv[2]) : 0;
    if (argc > 1 && strcmp(argv[1], lane) != 0)
        return;
    for (size_t i = from; i < (argc > 2 ? from + 1 : count) && i < count; i++)
        for (int for_good = 0; for_good < (argc > 3 || way != by_argv ? 1 : 2); for_good++)
            refuse_each(&operations[i], argc > 3 ? (uint64_t)atoi(argv[3]) : 1, for_good);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name, *errors;
        enum outcome (*way)(struct words *);
    } lanes[] = { { "argv", "argv_errors", by_argv },
                  { "batch", "batch_errors", by_batch },
                  { "socket", "socket_errors", by_socket } };
    signal(SIGABRT, on_abort);
    rs_config *config = loopback("0");
    CHECK_STATUS(RS_OK, rs_config_set(config, "enable-debug-command", "yes"));
    CHECK_STATUS(RS_OK, rs_config_set(config, "slowlog-log-slower-than", "-1"));
    /* Which makes what walks through all of them, as this test does all the time, quicker. */
    CHECK_STATUS(RS_OK, rs_config_set(config, "shards", "64"));
    CHECK_STATUS(RS_OK, rs_engine_open(config, &engine));
    rs_config_free(config);
    CHECK_STATUS(RS_OK, rs_session_open(engine, &session));
    CHECK_STATUS(RS_OK, rs_server_start(engine, &server));
    for (size_t i = 0; i < VALUE; i++)
        value[i] = (char)('a' + i * 7919 % 26);
    register_host_command();
    /* What a thread takes that waits for a lock for the first time is refused to nobody. */
    run_quietly("BLPOP none 0.001");
    for (size_t l = 0; l < sizeof lanes / sizeof *lanes; l++) {
        lane = lanes[l].name;
        way = lanes[l].way;
        refuse_all(commands, sizeof commands / sizeof *commands, argc, argv);
        lane = lanes[l].errors;
        expects_errors = true;
        refuse_all(errors, sizeof errors / sizeof *errors, argc, argv);
        expects_errors = false;
    }
    static const char *const ADMIN[] = { "admin", "admin_batch", "admin_socket" };
    for (size_t l = 0; l < sizeof lanes / sizeof *lanes; l++) {
        lane = ADMIN[l];
        way = lanes[l].way;
        refuse_all(admin, sizeof admin / sizeof *admin, argc, argv);
    }
    lane = "calls";
    way = by_argv;
    refuse_all(calls, sizeof calls / sizeof *calls, argc, argv);
    lane = "admin_calls";
    refuse_all(admin_calls, sizeof admin_calls / sizeof *admin_calls, argc, argv);
    lane = "handles";
    refuse_all(handles, sizeof handles / sizeof *handles, argc, argv);
    lane = "open";
    refuse_all(openings, sizeof openings / sizeof *openings, argc, argv);
    if (client >= 0)
        lose_client();
    CHECK_STATUS(RS_OK, rs_server_stop(server));
    rs_session_close(session);
    rs_engine_close(engine);
    printf("%zu refusals, %d checks\n", failures, checks);
    return 0;
}
