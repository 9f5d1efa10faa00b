/* Commands at random: from templates, with odd arguments, mutilated; one by one, in batches, waiting, through sockets. */
#ifndef SEQUENCES_COMMANDS_H
#define SEQUENCES_COMMANDS_H

#include "sequences_lanes.h"

static const char *const templates[] = {
#include "sequences_templates.h"
};
static const char *const states[] = {
#include "sequences_states.h"
};
static const char *const administration[] = {
#include "sequences_admin.h"
};

/* One word of a template. */
static void add_letter(struct chance *chance, struct words *words, const char *word, size_t len)
{
    static const char *const members[] = { "m", "n", "o", "12", "-7", "a longer member, which is not packed any more by its length alone ..." };
    static const char *const waits[] = { "0.001", "0.002", "0.0005" };
    static const char *const ids[] = { "0-1", "5-5", "1-*", "0", "$", "18446744073709551615-18446744073709551615", "7" };
    static const char *const patterns[] = { "*", "a*", "[a-c]", "", "{a}?", "\\" };
    switch (len == 1 ? *word : '\0') {
    case 'K':
        add_piece(words, some_key(chance));
        break;
    case 'V':
        add_piece(words, some_value(chance));
        break;
    case 'M':
        add_text(words, PICK(chance, members));
        break;
    case 'I':
        add_integer(words, some_integer(chance));
        break;
    case 'N':
        add_integer(words, below(chance, 20));
        break;
    case 'F':
        add_double(words, some_score(chance));
        break;
    case 'T':
        add_text(words, PICK(chance, waits));
        break;
    case 'S':
        add_text(words, PICK(chance, ids));
        break;
    case 'P':
        add_text(words, PICK(chance, patterns));
        break;
    default: /* The template lives as long as the program. */
        add_piece(words, (struct piece){ word, len });
    }
}

static void expand(struct chance *chance, struct words *words, const char *line)
{
    words->argc = 0;
    for (;;) {
        size_t len = strcspn(line, " ");
        add_letter(chance, words, line, len);
        if (line[len] == '\0')
            return;
        line += len + 1;
    }
}

/* Makes a command unlikely to be right. The name stays: what a command may do is known by it. */
static void mutilate(struct chance *chance, struct words *words)
{
    static const char *const odd[] = { "", "COUNT", "LIMIT", "-1", "nan", "1e400", "99999999999999999999", "WITHSCORES", "STREAMS", "0", "NX" };
    unsigned at = 1 + below(chance, (size_t)words->argc);
    switch (below(chance, 4)) {
    case 0:
        if (words->argc > 1)
            words->argc--;
        break;
    case 1:
        add_text(words, PICK(chance, odd));
        break;
    case 2:
        if (at < (unsigned)words->argc) {
            words->argv[at] = PICK(chance, odd);
            words->lengths[at] = strlen(words->argv[at]);
        }
        break;
    default:
        add_piece(words, (struct piece){ words->argv[at % (unsigned)words->argc], words->lengths[at % (unsigned)words->argc] });
    }
}

/* Whether a command of a template waits; where the host moves the time, it does so until the host has. */
static bool can_wait(const char *line)
{
    return strstr(line, " T") != NULL || strstr(line, "BLOCK") != NULL || strncmp(line, "WAIT", 4) == 0 || strncmp(line, "BLPOP", 5) == 0;
}

/* Returns whether the command may wait without an end. */
static bool some_command(struct chance *chance, const struct session *session, struct words *words)
{
    unsigned kind = session->is_tame ? 0 : below(chance, 20);
    const char *line = PICK(chance, templates);
    if (kind >= 12 && kind < 19)
        line = PICK(chance, states);
    else if (kind == 19 && !session->view->store->is_modelled)
        line = PICK(chance, administration);
    bool has_clock = session->view->store->has_clock;
    if (has_clock && strncmp(line, "CLIENT PAUSE", 12) == 0)
        line = "CLIENT UNPAUSE";
    expand(chance, words, line);
    bool is_mutilated = kind < 19 && strncmp(line, "CLIENT", 6) != 0 && one_in(chance, 8);
    if (is_mutilated)
        mutilate(chance, words);
    return can_wait(line) && (is_mutilated || has_clock || strstr(line, "BLPOP K I") != NULL);
}

static void command_step(struct world *world)
{
    struct session *session = some_session(world, one_in(&world->chance, 2));
    struct words words;
    if (session == NULL)
        return;
    /* An interrupt that is pending ends the next wait at once. */
    if (some_command(&world->chance, session, &words) || one_in(&world->chance, 20)) {
        session->is_interrupted = true;
        CHECK_STATUS(RS_OK, rs_session_interrupt(session->handle));
    }
    RUNNING("%.20s %.20s ... in session %d", words.argv[0], words.argc > 1 ? words.argv[1] : "", (int)(session - world->sessions));
    refuse(&world->chance);
    rs_reply *reply = one_in(&world->chance, 4) ? by_format(session->handle, &words)
                                                : rs_command_argv(session->handle, words.argc, words.argv, words.lengths);
    grant();
    check_and_free(reply, session);
}

static void batch_step(struct world *world)
{
    enum { BATCH = 8 };
    struct session *session = some_session(world, one_in(&world->chance, 2));
    struct words words[BATCH];
    int argc[BATCH] = { 0 };
    const char **argv[BATCH];
    const size_t *lengths[BATCH];
    rs_reply *out[BATCH];
    size_t n = below(&world->chance, BATCH + 1);
    if (session == NULL)
        return;
    for (size_t i = 0; i < n; i++) {
        while (some_command(&world->chance, session, &words[i]))
            ;
        argc[i] = words[i].argc;
        argv[i] = words[i].argv;
        lengths[i] = words[i].lengths;
        out[i] = UNTOUCHED;
    }
    bool is_wrong = n > 0 && one_in(&world->chance, 10);
    if (is_wrong && one_in(&world->chance, 2))
        argc[n - 1] = -(int)below(&world->chance, 2);
    else if (is_wrong)
        argv[n - 1] = NULL;
    for (size_t i = 0; i < n; i++)
        RUNNING("batch: %.20s %.20s ... in session %d", words[i].argv[0], words[i].argc > 1 ? words[i].argv[1] : "", (int)(session - world->sessions));
    refuse(&world->chance);
    rs_status status = rs_command_batch(session->handle, n, argc, argv, lengths, out);
    grant();
    if (is_wrong)
        CHECK_ONE_OF(status, RS_ERR_ARGUMENT, RS_ERR_CLOSED);
    else
        CHECK_ONE_OF(status, RS_ERR_CLOSED);
    CHECK(!is_wrong || status != RS_OK);
    CHECK(!session->is_tame || status != RS_ERR_CLOSED);
    for (size_t i = 0; i < n; i++) {
        CHECK((out[i] == UNTOUCHED) == (status != RS_OK));
        if (status == RS_OK)
            check_and_free(out[i], session);
    }
}

static void push_step(struct world *world)
{
    struct session *session = some_session(world, one_in(&world->chance, 8));
    rs_reply *push = UNTOUCHED;
    if (session == NULL)
        return;
    RUNNING("next push");
    refuse(&world->chance);
    rs_status status = rs_session_next_push(session->handle, below(&world->chance, 3), &push);
    grant();
    CHECK_ONE_OF(status, RS_ERR_TIMEOUT, RS_ERR_CLOSED);
    CHECK((push == UNTOUCHED) == (status != RS_OK));
    if (status == RS_OK) {
        check_tree(push, 0);
        CHECK(!session->is_tame);
        rs_reply_free(push);
    }
}

/* ---- a wait that another thread ends ---- */

static void *wait_for_ever(void *handle)
{
    rs_reply *reply = rs_command(handle, "BLPOP nothing:there 0");
    if (reply != NULL)
        check_tree(reply, 0);
    else
        CHECK_ONE_OF(rs_last_status(), RS_ERR_CLOSED, RS_ERR_BUSY);
    rs_reply_free(reply);
    return NULL;
}

static void interrupt_step(struct world *world)
{
    struct session *session = some_session(world, false);
    pthread_t thread;
    if (session == NULL || !one_in(&world->chance, 4))
        return;
    RUNNING("interrupt");
    CHECK(pthread_create(&thread, NULL, wait_for_ever, session->handle) == 0);
    may_be_refused = false;
    if (one_in(&world->chance, 2))
        CHECK_ONE_OF(rs_exists(session->handle, "a", 1), RS_NIL, RS_ERR_BUSY, RS_ERR_CLOSED);
    CHECK_STATUS(RS_OK, rs_session_interrupt(session->handle));
    pthread_join(thread, NULL);
}

/* ---- through sockets, wildly ---- */

static void client_step(struct world *world)
{
    struct client *client = &world->clients[below(&world->chance, CLIENTS_MAX)];
    struct session as_wild = { NULL, client->view, false, false, false };
    static __thread char request[VALUE_MAX * 4];
    struct words words;
    size_t len = 0, total = 0;
    char got[4096];
    if (client->fd < 0 || client->is_tame)
        return;
    for (unsigned i = below(&world->chance, 4); i > 0; i--) {
        some_command(&world->chance, &as_wild, &words);
        if (rs_format_argv(words.argc, words.argv, words.lengths, request + total, sizeof request - total, &len) == RS_OK)
            total += len;
    }
    RUNNING("client sends %zu bytes", total);
    if (one_in(&world->chance, 20) && total > 0) /* Nonsense, or half of it and then something else. */
        total = below(&world->chance, total);
    if (one_in(&world->chance, 30) && total > 0)
        request[below(&world->chance, total)] ^= 1;
    (void)!send(client->fd, request, total, MSG_NOSIGNAL | MSG_DONTWAIT);
    refuse(&world->chance);
    if (is_driven(client))
        drive(client, world);
    grant();
    if (one_in(&world->chance, 3))
        while (recv(client->fd, got, sizeof got, MSG_DONTWAIT) > 0)
            ;
    if (one_in(&world->chance, 20))
        hang_up(client);
}

/* ---- typed calls with odd arguments ---- */

static void ignore_value(const void *val, size_t len, void *ud)
{
    (void)val, (void)len;
    ++*(unsigned *)ud;
}

static void ignore_value_at(size_t i, const void *val, size_t len, void *ud)
{
    (void)i;
    ignore_value(val, len, ud);
}

static void odd_typed_step(struct world *world)
{
    struct chance *chance = &world->chance;
    struct session *session = some_session(world, one_in(chance, 3));
    struct piece key = some_key(chance), value = some_value(chance), part = some_key(chance);
    char buffer[64];
    size_t cap = below(chance, sizeof buffer + 1), len = 7;
    int64_t integer = 7, odd = some_integer(chance);
    double score = 7;
    unsigned calls = 0, call = below(chance, 14);
    rs_status status;
    if (session == NULL)
        return;
    rs_session *handle = session->handle;
    bool is_wrong = one_in(chance, 6);
    if (is_wrong && one_in(chance, 2))
        key.at = NULL, key.len += key.len == 0;
    else if (is_wrong)
        key.len = impossible_length(chance);
    rs_slice keys[2] = { { "a", 1 }, { key.at, key.len } }, values[2] = { { "1", 1 }, { value.at, value.len } };
    RUNNING("odd typed call %u in session %d", call, (int)(session - world->sessions));
    refuse(chance);
    switch (call) {
    case 0:
        status = rs_get(handle, key.at, key.len, cap == 0 ? NULL : buffer, cap, &len);
        break;
    case 1:
        status = rs_get_with(handle, key.at, key.len, ignore_value, &calls);
        break;
    case 2:
        status = rs_set(handle, key.at, key.len, value.at, value.len, one_in(chance, 2) ? 0 : odd);
        break;
    case 3:
        status = rs_del(handle, key.at, key.len);
        break;
    case 4:
        status = rs_exists(handle, key.at, key.len);
        break;
    case 5:
        status = rs_incr_by(handle, key.at, key.len, odd, one_in(chance, 2) ? NULL : &integer);
        break;
    case 6:
        status = rs_expire(handle, key.at, key.len, odd);
        break;
    case 7:
        status = rs_ttl(handle, key.at, key.len, &integer);
        break;
    case 8:
        status = rs_get_many(handle, 2, keys, ignore_value_at, &calls);
        CHECK(calls == (status == RS_OK ? 2 : 0));
        break;
    case 9:
        status = rs_set_many(handle, 2, keys, values);
        break;
    case 10:
        status = rs_hget(handle, key.at, key.len, part.at, part.len, buffer, cap, &len);
        break;
    case 11:
        status = rs_hset(handle, key.at, key.len, part.at, part.len, value.at, value.len);
        break;
    case 12:
        status = rs_zadd(handle, key.at, key.len, some_score(chance), part.at, part.len);
        break;
    default:
        status = rs_zscore(handle, key.at, key.len, part.at, part.len, &score);
    }
    grant();
    if (is_wrong)
        CHECK_ONE_OF(status, RS_ERR_ARGUMENT, RS_ERR_BUSY, RS_ERR_CLOSED);
    else
        CHECK_ONE_OF(status, RS_NIL, RS_ERR_WRONG_TYPE, RS_ERR_BUFFER_TOO_SMALL, RS_ERR_COMMAND, RS_ERR_NO_MEMORY, RS_ERR_BUSY, RS_ERR_CLOSED);
    CHECK(!is_wrong || status != RS_OK);
    CHECK(!session->is_tame || (status != RS_ERR_BUSY && status != RS_ERR_CLOSED));
    CHECK(status != RS_ERR_NO_MEMORY || may_be_refused || !session->view->store->is_modelled);
    CHECK(status == RS_OK || status == RS_ERR_BUFFER_TOO_SMALL || (len == 7 && integer == 7 && score == 7));
}

#endif
