/* The ways into a store: typed calls, a command as words or as a format, a batch, a transaction, a host command, a socket. */
#ifndef SEQUENCES_LANES_H
#define SEQUENCES_LANES_H

#include "sequences_model.h"
#include "socket.h"
#include <poll.h>

static const char untouched_place[1];
#define UNTOUCHED ((rs_reply *)(uintptr_t)untouched_place)

static struct answer of_error(const rs_reply *reply)
{
    if (is_oom(reply))
        return answer_of(NO_MEMORY);
    if (strncmp(reply->str, "WRONGTYPE ", 10) == 0)
        return answer_of(WRONG_TYPE);
    if (strncmp(reply->str, "ERR value is not an integer", 27) == 0)
        return answer_of(REFUSED_VALUE);
    fprintf(stderr, "reply: %s\n", reply->str);
    return answer_of(STRANGE);
}

static struct answer of_reply(const rs_reply *reply)
{
    if (reply == NULL)
        return answer_of(rs_last_status() == RS_ERR_NO_MEMORY ? NO_MEMORY : STRANGE);
    check_tree(reply, 0);
    struct answer answer = answer_of(STRANGE);
    switch (reply->type) {
    case RS_REPLY_STRING:
        return bytes_answer(reply->str, reply->len);
    case RS_REPLY_INTEGER:
        return integer_answer(reply->integer);
    case RS_REPLY_NIL:
        return answer_of(NOTHING);
    case RS_REPLY_STATUS:
        return answer_of(strcmp(reply->str, "OK") == 0 ? DONE : STRANGE);
    case RS_REPLY_DOUBLE:
        answer.kind = SCORE;
        answer.score = reply->dval;
        return answer;
    case RS_REPLY_ERROR:
        return of_error(reply);
    default:
        return answer;
    }
}

static struct answer freed(rs_reply *reply)
{
    struct answer answer = of_reply(reply);
    rs_reply_free(reply);
    return answer;
}

/* ---- typed ---- */

static bool has_typed_call(enum verb verb)
{
    return verb != APPEND && verb != HDEL && verb != ZREM && verb != ZRANK && verb != LENGTH;
}

static struct answer of_status(rs_status status, enum answer_kind nothing_is)
{
    switch (status) {
    case RS_OK:
        return answer_of(DONE);
    case RS_NIL:
        return answer_of(nothing_is);
    case RS_ERR_WRONG_TYPE:
        return answer_of(WRONG_TYPE);
    case RS_ERR_COMMAND:
        return answer_of(REFUSED_VALUE);
    case RS_ERR_NO_MEMORY:
        return answer_of(NO_MEMORY);
    default:
        fprintf(stderr, "status: %s (%s)\n", rs_status_name(status), rs_last_error());
        return answer_of(STRANGE);
    }
}

struct seen {
    struct answer answer;
    rs_session *session;
};

/* Inside it, the store is out of reach. */
static void see(const void *val, size_t len, void *ud)
{
    struct seen *seen = ud;
    seen->answer = bytes_answer(val, len);
    CHECK_STATUS(RS_ERR_BUSY, rs_exists(seen->session, "a", 1));
    CHECK(rs_command(seen->session, "GET a") == NULL && rs_last_status() == RS_ERR_BUSY);
}

/* The value of a key or a field into a buffer of a size that may be too small at first. */
static struct answer fetched(struct world *world, rs_session *session, const struct deed *deed)
{
    static __thread char buffer[PIECES_MAX * VALUE_MAX + 1];
    size_t cap = one_in(&world->chance, 3) ? below(&world->chance, 50) : sizeof buffer, len = 12345;
    struct piece part = part_name(deed->part);
    rs_status status = RS_OK;
    for (int tries = 0; tries < 2; tries++) {
        buffer[cap < sizeof buffer ? cap : 0] = 'u';
        status = deed->verb == HGET ? rs_hget(session, deed->key.at, deed->key.len, part.at, part.len, buffer, cap, &len)
                                    : rs_get(session, deed->key.at, deed->key.len, buffer, cap, &len);
        CHECK(cap == sizeof buffer || buffer[cap] == 'u');
        if (status != RS_ERR_BUFFER_TOO_SMALL)
            break;
        CHECK(len > cap && len <= sizeof buffer && tries == 0);
        cap = len;
    }
    if (status == RS_OK)
        return bytes_answer(buffer, len);
    CHECK(len == 12345 || cap == len);
    return of_status(status, NOTHING);
}

static struct answer typed(struct world *world, rs_session *session, const struct deed *deed)
{
    const char *key = deed->key.at;
    size_t klen = deed->key.len;
    struct piece part = part_name(deed->part);
    int64_t integer = -77;
    double score = -77;
    struct answer answer;
    switch (deed->verb) {
    case SET:
    case SET_TTL:
        return of_status(rs_set(session, key, klen, deed->value.at, deed->value.len, deed->verb == SET ? 0 : deed->integer), STRANGE);
    case GET_WITH: {
        struct seen seen = { answer_of(STRANGE), session };
        rs_status status = rs_get_with(session, key, klen, see, &seen);
        return status == RS_OK ? seen.answer : of_status(status, NOTHING);
    }
    case GET:
    case HGET:
        return fetched(world, session, deed);
    case DEL:
    case EXISTS:
    case EXPIRE:
        answer = of_status(deed->verb == DEL      ? rs_del(session, key, klen)
                           : deed->verb == EXISTS ? rs_exists(session, key, klen)
                                                  : rs_expire(session, key, klen, deed->integer),
                           NOTHING);
        return answer.kind == DONE ? integer_answer(1) : answer.kind == NOTHING ? integer_answer(0) : answer;
    case INCR:
        answer = of_status(rs_incr_by(session, key, klen, deed->integer, &integer), STRANGE);
        CHECK(answer.kind == DONE || integer == -77);
        return answer.kind == DONE ? integer_answer(integer) : answer;
    case TTL:
        answer = of_status(rs_ttl(session, key, klen, &integer), NOTHING);
        CHECK(answer.kind == DONE || integer == -77);
        return answer.kind == DONE ? integer_answer(integer) : answer.kind == NOTHING ? integer_answer(-2) : answer;
    case HSET:
        return of_status(rs_hset(session, key, klen, part.at, part.len, deed->value.at, deed->value.len), STRANGE);
    case ZADD:
        return of_status(rs_zadd(session, key, klen, deed->score, part.at, part.len), STRANGE);
    default:
        answer = of_status(rs_zscore(session, key, klen, part.at, part.len, &score), NOTHING);
        CHECK(answer.kind == DONE || score == -77);
        if (answer.kind == DONE) {
            answer.kind = SCORE;
            answer.score = score;
        }
        return answer;
    }
}

/* ---- commands in process ---- */

static rs_reply *by_format(rs_session *session, const struct words *w)
{
    switch (w->argc) {
    case 2:
        return rs_command(session, "%b  %b", w->argv[0], w->lengths[0], w->argv[1], w->lengths[1]);
    case 3:
        return rs_command(session, " %b %b %b", w->argv[0], w->lengths[0], w->argv[1], w->lengths[1], w->argv[2], w->lengths[2]);
    case 4:
        return rs_command(session, "%b %b %b %b ", w->argv[0], w->lengths[0], w->argv[1], w->lengths[1], w->argv[2], w->lengths[2], w->argv[3], w->lengths[3]);
    default:
        return rs_command_argv(session, w->argc, (const char **)w->argv, w->lengths);
    }
}

/* Among others, which use no key of the model. */
static struct answer in_batch(struct world *world, rs_session *session, const struct words *words)
{
    enum { BATCH = 6 };
    static const char *const others[][3] = { { "GET", "a", NULL }, { "SET", "b", "1" }, { "LPUSH", "list", "x" }, { "NOSUCH", "c", NULL }, { "GET", "list", NULL }, { "DEL", "list", NULL }, { "INCR", "b", "too many" } };
    unsigned n = 1 + below(&world->chance, BATCH), place = below(&world->chance, n);
    struct words other[BATCH];
    int argc[BATCH];
    const char **argv[BATCH];
    const size_t *lengths[BATCH];
    rs_reply *out[BATCH];
    for (unsigned i = 0; i < n; i++) {
        const char *const *line = PICK(&world->chance, others);
        other[i].argc = 0;
        for (unsigned j = 0; j < 3 && line[j] != NULL; j++)
            add_text(&other[i], line[j]);
        const struct words *which = i == place ? words : &other[i];
        argc[i] = which->argc;
        argv[i] = (const char **)which->argv;
        lengths[i] = i != place && one_in(&world->chance, 2) ? NULL : which->lengths;
        out[i] = UNTOUCHED;
    }
    rs_status status = rs_command_batch(session, n, argc, argv, lengths, out);
    if (status != RS_OK) {
        for (unsigned i = 0; i < n; i++)
            CHECK(out[i] == UNTOUCHED);
        return of_status(status, STRANGE);
    }
    struct answer answer = of_reply(out[place]);
    for (unsigned i = 0; i < n; i++) {
        check_tree(out[i], 0);
        rs_reply_free(out[i]);
    }
    return answer;
}

static struct answer in_transaction(rs_session *session, const struct words *words)
{
    struct answer answer = freed(rs_command(session, "MULTI"));
    if (answer.kind == NO_MEMORY) { /* Only for its reply, perhaps. */
        grant();
        rs_reply_free(rs_command(session, "DISCARD"));
    }
    if (answer.kind != DONE)
        return answer;
    rs_status inside = rs_exists(session, "a", 1);
    CHECK(inside == RS_ERR_BUSY);
    rs_reply *queued = rs_command_argv(session, words->argc, (const char **)words->argv, words->lengths);
    bool is_queued = queued != NULL && queued->type == RS_REPLY_STATUS && strcmp(queued->str, "QUEUED") == 0;
    CHECK(is_queued || may_be_refused);
    rs_reply_free(queued);
    rs_reply *done = rs_command(session, is_queued ? "EXEC" : "DISCARD");
    if (done != NULL && done->type == RS_REPLY_ARRAY && is_queued) {
        CHECK(done->elements == 1);
        answer = of_reply(done->element[0]);
    } else {
        CHECK(may_be_refused);
        answer = answer_of(NO_MEMORY);
    }
    rs_reply_free(done);
    grant();
    if (answer.kind == NO_MEMORY) /* It is over, or it is not. */
        rs_reply_free(rs_command(session, "DISCARD"));
    return answer;
}

/* WRAP key command: see sequences_host.h. */
static struct answer wrapped(rs_session *session, const struct words *words)
{
    struct words outer;
    outer.argc = 0;
    add_text(&outer, "WRAP");
    add_piece(&outer, (struct piece){ words->argv[1], words->lengths[1] });
    for (int i = 0; i < words->argc; i++)
        add_piece(&outer, (struct piece){ words->argv[i], words->lengths[i] });
    rs_reply *reply = rs_command_argv(session, outer.argc, outer.argv, outer.lengths);
    bool is_error = reply != NULL && reply->type == RS_REPLY_ERROR;
    struct answer answer = of_reply(reply);
    if (is_error && answer.kind == STRANGE && may_be_refused)
        answer.kind = NO_MEMORY; /* An array or an error of the handler's that found no room. */
    rs_reply_free(reply);
    return answer;
}

/* ---- through a socket ---- */

static void hang_up(struct client *client)
{
    if (client->fd < 0)
        return;
    close(client->fd);
    rs_reader_free(client->reader);
    client->fd = -1;
}

/* Has the host's own servers do what there is to do. */
static void drive(const struct client *client, struct world *world)
{
    for (unsigned i = 0; i < SERVERS_MAX; i++)
        if (world->servers[i].handle == client->server && rs_server_fd(client->server) >= 0)
            CHECK_ONE_OF(rs_server_poll(client->server, 0), RS_ERR_CLOSED, RS_ERR_IO);
}

static bool is_driven(const struct client *client)
{
    return rs_server_fd(client->server) >= 0;
}

/* Sends a request and takes the answer; NULL if the connection was closed, which only a lack of memory may bring about. */
static rs_reply *exchanged(struct world *world, struct client *client, const char *request, size_t len)
{
    rs_reply *reply = NULL;
    for (unsigned rounds = 0; reply == NULL; rounds++) {
        CHECK(rounds < 3000);
        if (len > 0) {
            ssize_t n = send(client->fd, request, len, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (n < 0 && errno != EAGAIN)
                return NULL;
            request += n > 0 ? n : 0;
            len -= n > 0 ? (size_t)n : 0;
        }
        if (rounds == 20)
            grant();
        if (is_driven(client)) {
            drive(client, world);
        } else {
            struct pollfd ready = { client->fd, (short)(len > 0 ? POLLIN | POLLOUT : POLLIN), 0 };
            poll(&ready, 1, 20);
        }
        char got[8192];
        ssize_t n = recv(client->fd, got, sizeof got, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN))
            return NULL;
        rs_status fed = n > 0 ? rs_reader_feed(client->reader, got, (size_t)n) : RS_OK;
        CHECK(fed == RS_OK || is_lack_of_memory(fed));
        if (fed != RS_OK)
            return NULL;
        rs_status next = rs_reader_next(client->reader, &reply);
        CHECK(next == RS_OK || next == RS_NIL || is_lack_of_memory(next));
        CHECK((next == RS_OK) == (reply != NULL));
    }
    return reply;
}

static struct answer by_socket(struct world *world, struct client *client, const struct words *words)
{
    static __thread char request[VALUE_MAX + 4000];
    size_t len = 0;
    rs_status formatted = rs_format_argv(words->argc, (const char **)words->argv, words->lengths, request, sizeof request, &len);
    if (is_lack_of_memory(formatted))
        return answer_of(NO_MEMORY);
    CHECK_STATUS(RS_OK, formatted);
    rs_reply *reply = exchanged(world, client, request, len);
    if (reply == NULL) {
        CHECK(refuses);
        may_be_refused = true; /* If not now, then in an earlier turn of the server. */
        hang_up(client);
        return answer_of(NO_MEMORY);
    }
    return freed(reply);
}

static struct client *tame_client(struct world *world, const struct view *view)
{
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        struct client *client = &world->clients[i];
        if (client->fd >= 0 && client->is_tame && client->view == view)
            return client;
    }
    return NULL;
}

/* ---- one of them ---- */

static struct answer by_some_lane(struct world *world, struct session *session, const struct deed *deed, bool *is_typed)
{
    struct words words;
    struct client *client = tame_client(world, session->view);
    unsigned lane = below(&world->chance, 9);
    *is_typed = lane < 3 && has_typed_call(deed->verb);
    phrase(deed, &words);
    RUNNING("%s %s by lane %u", words.argv[0], words.argv[1], lane);
    refuse(&world->chance);
    struct answer answer = *is_typed             ? typed(world, session->handle, deed)
                           : lane == 4           ? freed(by_format(session->handle, &words))
                           : lane == 5           ? in_batch(world, session->handle, &words)
                           : lane == 6           ? in_transaction(session->handle, &words)
                           : lane == 7           ? wrapped(session->handle, &words)
                           : lane == 8 && client ? by_socket(world, client, &words)
                                                 : freed(rs_command_argv(session->handle, words.argc, words.argv, words.lengths));
    grant();
    return answer;
}

#endif
