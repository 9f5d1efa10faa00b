/* The functions of redisrs.h that ask for memory, for refusals_each.c: what to do before, a name, the calls. */

/* Formats */

static enum outcome formatted(void)
{
    return of_reply(rs_command(session, "SET k:%d %b EX %lld", 7, value, (size_t)VALUE, 100LL));
}

static enum outcome formatted_number(void)
{
    return of_reply(rs_command(session, "SET k %0500d", 7));
}

static enum outcome formatted_words(void)
{
    return of_reply(rs_command(session, "MSET a 1 b 2 c 3 d 4 e 5 f 6 g 7 h 8 i 9 j 10 k 11 l 12"));
}

static enum outcome format_argv(void)
{
    const char *argv[] = { "SET", "k", value };
    char buffer[VALUE + 100];
    size_t len;
    return of_status(rs_format_argv(3, argv, NULL, buffer, sizeof buffer, &len));
}

static enum outcome format_many(void)
{
    size_t len;
    expand(&words, "MSET @p40", 9);
    return of_status(rs_format_argv(words.argc, words.argv, words.lengths, request, sizeof request, &len));
}

static enum outcome batch_of_many(void)
{
    static const char *ping[] = { "GET", "k" };
    static const char **argv[40];
    static int argc[40];
    rs_reply *out[40];
    for (int i = 0; i < 40; i++) {
        argv[i] = ping;
        argc[i] = 2;
    }
    rs_status status = rs_command_batch(session, 40, argc, argv, NULL, out);
    enum outcome outcome = of_status(status);
    for (int i = 0; i < 40 && status == RS_OK; i++) {
        enum outcome one = of_reply(out[i]);
        outcome = one == DONE ? outcome : one;
    }
    return outcome;
}

/* The first key of a database in its shard: another key every time, whose shard hardly ever has had one. */
static enum outcome in_new_database(const char *command)
{
    static unsigned times;
    enum outcome outcome = of_reply(rs_command(session, "SELECT 15"));
    return outcome == DONE ? of_reply(rs_command(session, command, times++)) : outcome;
}

static enum outcome set_in_new_database(void)
{
    return in_new_database("SET other:%u v");
}

static enum outcome set_several_in_new_database(void)
{
    return in_new_database("MSET other:%u v {other}:1 v");
}

static enum outcome typed_set_in_new_database(void)
{
    enum outcome outcome = in_new_database("PING %u");
    char key[32];
    static unsigned times;
    int len = snprintf(key, sizeof key, "typed:%u", times++);
    return outcome == DONE ? of_status(rs_set(session, key, (size_t)len, "v", 1, 0)) : outcome;
}

static enum outcome copy_to_new_database(void)
{
    static unsigned times;
    return of_reply(rs_command(session, "COPY k copy:%u DB 14", times++));
}

static enum outcome transaction_in_new_database(void)
{
    enum outcome outcome = in_new_database("MULTI");
    if (outcome == DONE)
        outcome = in_new_database("SET inside:%u v");
    if (outcome == DONE)
        outcome = of_reply(rs_command(session, "EXEC"));
    if (outcome != DONE) {
        rs_internal_hook_refuse_nth(0, 0, false);
        rs_reply_free(rs_command(session, "DISCARD"));
    }
    return outcome;
}

/* A transaction, from MULTI to EXEC, watched. */
static enum outcome transaction(void)
{
    static const char *const lines[] = { "WATCH w", "MULTI", "SET k @v", "GET k", "HSET h @p40", "EXEC" };
    enum outcome outcome = DONE;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        expand(&words, lines[i], strlen(lines[i]));
        enum outcome one = of_reply(rs_command_argv(session, words.argc, words.argv, words.lengths));
        if (one == DONE || outcome == WRONG)
            continue;
        outcome = one;
        if (i < 2)
            break;
    }
    if (outcome != DONE) {
        /* EXEC may have been answered or not; whatever is left of it goes. */
        rs_internal_hook_refuse_nth(0, 0, false);
        rs_reply_free(rs_command(session, "DISCARD"));
        rs_reply_free(rs_command(session, "UNWATCH"));
    }
    return outcome;
}

/* Typed calls */

static enum outcome typed_set(void)
{
    return of_status(rs_set(session, "k", 1, value, VALUE, 0));
}

static enum outcome typed_set_for_a_time(void)
{
    return of_status(rs_set(session, value, VALUE, value, VALUE, 100000));
}

static enum outcome typed_get(void)
{
    char buffer[VALUE];
    size_t len;
    return of_status(rs_get(session, "k", 1, buffer, sizeof buffer, &len));
}

static void ignore(const void *val, size_t len, void *ud)
{
    (void)val, (void)len, (void)ud;
}

static void ignore_at(size_t i, const void *val, size_t len, void *ud)
{
    (void)i, (void)val, (void)len, (void)ud;
}

static enum outcome typed_get_with(void)
{
    return of_status(rs_get_with(session, "k", 1, ignore, NULL));
}

static rs_slice slices[40];

static void make_slices(void)
{
    for (int i = 0; i < 40; i++) {
        slices[i].data = value + i;
        slices[i].len = VALUE - 40;
    }
}

static enum outcome typed_set_many(void)
{
    make_slices();
    return of_status(rs_set_many(session, 40, slices, slices));
}

static enum outcome typed_get_many(void)
{
    make_slices();
    return of_status(rs_get_many(session, 40, slices, ignore_at, NULL));
}

static enum outcome typed_incr(void)
{
    return of_status(rs_incr_by(session, value, VALUE, 5, NULL));
}

static enum outcome typed_expire(void)
{
    return of_status(rs_expire(session, "k", 1, 100000));
}

static enum outcome typed_del(void)
{
    return of_status(rs_del(session, "k", 1));
}

static enum outcome typed_exists(void)
{
    return of_status(rs_exists(session, "k", 1));
}

static enum outcome typed_ttl(void)
{
    int64_t ms;
    return of_status(rs_ttl(session, "k", 1, &ms));
}

static enum outcome typed_hset(void)
{
    return of_status(rs_hset(session, "h", 1, "field", 5, value, VALUE));
}

static enum outcome typed_hset_long_field(void)
{
    return of_status(rs_hset(session, "h", 1, value, VALUE, value, VALUE));
}

static enum outcome typed_hget(void)
{
    char buffer[VALUE];
    size_t len;
    return of_status(rs_hget(session, "h", 1, "f", 1, buffer, sizeof buffer, &len));
}

static enum outcome typed_zadd(void)
{
    return of_status(rs_zadd(session, "z", 1, 1.5, value, VALUE));
}

static enum outcome typed_zscore(void)
{
    double score;
    return of_status(rs_zscore(session, "z", 1, value, VALUE, &score));
}

/* Commands of the host */

/* HOST.ALL key ...: sets each of its keys, and replies with all kinds of values. */
static void host_all(rs_call *call, int argc, const rs_slice *argv, void *ud)
{
    (void)ud;
    rs_call_reply_array(call, (size_t)argc + 5);
    for (int i = 1; i < argc; i++) {
        const char *set[] = { "SET", argv[i].data, value };
        size_t lengths[] = { 3, argv[i].len, VALUE };
        rs_reply *reply = rs_call_command_argv(call, 3, set, lengths);
        if (reply == NULL || reply->type == RS_REPLY_ERROR)
            rs_call_reply_error(call, "OOM out of memory");
        else
            rs_call_reply_bulk(call, value, VALUE);
        rs_reply_free(reply);
    }
    rs_call_reply_integer(call, 1234567890);
    rs_call_reply_double(call, 1.25);
    rs_call_reply_status(call, "FINE");
    rs_call_reply_nil(call);
    rs_call_reply_array(call, 2);
    rs_call_reply_integer(call, 1);
    rs_call_reply_integer(call, 2);
    rs_call_reply_map(call, 1);
    rs_call_reply_integer(call, 3);
    rs_call_reply_integer(call, 4);
}

static void register_host_command(void)
{
    rs_command_spec spec = { "host.all", -2, "write denyoom", 1, -1, 1, host_all, NULL, NULL };
    CHECK_STATUS(RS_OK, rs_engine_register_command(engine, &spec));
}

/* Events, and messages for another session */

static size_t told;

static void on_event(const char *event, const void *key, size_t klen, int db, void *ud)
{
    (void)event, (void)key, (void)klen, (void)db, (void)ud;
    told++;
}

static enum outcome with_events(void)
{
    rs_internal_hook_refuse_nth(0, 0, false);
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, RS_EVENT_ALL | RS_EVENT_NEW, on_event, NULL));
    refuse_again();
    expand(&words, "MSET @p40", 9);
    enum outcome outcome = of_reply(rs_command_argv(session, words.argc, words.argv, words.lengths));
    rs_internal_hook_refuse_nth(0, 0, false);
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, 0, on_event, NULL));
    return outcome;
}

/* A session that monitors, opened while nothing is refused. */
static rs_session *open_monitor(void)
{
    rs_session *monitor;
    rs_internal_hook_refuse_nth(0, 0, false);
    CHECK_STATUS(RS_OK, rs_session_open(engine, &monitor));
    rs_reply_free(rs_command(monitor, "MONITOR"));
    refuse_again();
    return monitor;
}

/* Who monitors sees a command, or is told by a closed session that it does not. */
static enum outcome monitored(void)
{
    rs_session *monitor = open_monitor();
    rs_reply *line;
    enum outcome outcome = of_status(rs_set(session, "other", 5, "x", 1, 0));
    rs_internal_hook_refuse_nth(0, 0, false);
    while (rs_session_next_push(monitor, 0, &line) == RS_OK)
        rs_reply_free(line);
    rs_session_close(monitor);
    return outcome;
}

static enum outcome monitored_line(void)
{
    rs_session *monitor = open_monitor();
    rs_reply *line;
    expand(&words, "MSET @p40 k @v", 14);
    enum outcome outcome = of_reply(rs_command_argv(session, words.argc, words.argv, words.lengths));
    rs_status status = rs_session_next_push(monitor, 0, &line);
    if (outcome == DONE)
        outcome = status == RS_ERR_CLOSED ? NO_MEMORY : of_status(status);
    if (status == RS_ERR_NO_MEMORY) { /* It can be asked for again. */
        rs_internal_hook_refuse_nth(0, 0, false);
        CHECK_STATUS(RS_OK, status = rs_session_next_push(monitor, 0, &line));
    }
    if (status == RS_OK)
        rs_reply_free(line);
    rs_internal_hook_refuse_nth(0, 0, false);
    rs_session_close(monitor);
    return outcome;
}

/* Clients that wait for keys */

struct wait {
    rs_session *session;
    const char *line;
    rs_reply *reply;
};

static void *wait_for_keys(void *ud)
{
    struct wait *wait = ud;
    wait->reply = rs_command(wait->session, wait->line);
    return NULL;
}

static bool is_anybody_blocked(void)
{
    rs_reply *info = rs_command(session, "INFO clients");
    bool is_blocked = strstr(info->str, "blocked_clients:0") == NULL;
    rs_reply_free(info);
    return is_blocked;
}

/* RPUSH a, while another session waits for a and b. Whatever is refused, the next command at the latest serves it. */
static enum outcome served(const char *line)
{
    struct wait wait = { NULL, line, NULL };
    pthread_t thread;
    rs_internal_hook_refuse_nth(0, 0, false);
    CHECK_STATUS(RS_OK, rs_session_open(engine, &wait.session));
    CHECK(pthread_create(&thread, NULL, wait_for_keys, &wait) == 0);
    while (!is_anybody_blocked())
        sched_yield();
    expand(&words, "RPUSH a @v", 10);
    refuse_again();
    enum outcome outcome = of_reply(rs_command_argv(session, words.argc, words.argv, words.lengths));
    rs_internal_hook_refuse_nth(0, 0, false);
    if (outcome == DONE && is_anybody_blocked())
        rs_reply_free(rs_command(session, "LLEN a"));
    else if (outcome == NO_MEMORY && is_anybody_blocked())
        rs_reply_free(rs_command(session, "RPUSH b instead"));
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(wait.reply != NULL && (wait.reply->type != RS_REPLY_ERROR || strncmp(wait.reply->str, "OOM ", 4) == 0));
    rs_reply_free(wait.reply);
    rs_session_close(wait.session);
    rs_reply_free(rs_command(session, "DEL a b c"));
    return outcome;
}

static enum outcome served_from_one(void)
{
    return served("BLPOP a b 0");
}

static enum outcome served_to_another(void)
{
    return served("BLMPOP 0 3 b a none LEFT COUNT 5");
}

/* The same for a client of the server, which this thread drives. */
static enum outcome served_by_socket(void)
{
    static const char blpop[] = "*4\r\n$5\r\nBLPOP\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\n0\r\n";
    char answer[VALUE + 100];
    ssize_t n;
    rs_internal_hook_refuse_nth(0, 0, false);
    ensure_client();
    CHECK(send(client, blpop, sizeof blpop - 1, MSG_NOSIGNAL) == (ssize_t)sizeof blpop - 1);
    while (!is_anybody_blocked())
        CHECK_STATUS(RS_OK, rs_server_poll(server, 0));
    expand(&words, "RPUSH a @v", 10);
    refuse_again();
    enum outcome outcome = of_reply(rs_command_argv(session, words.argc, words.argv, words.lengths));
    rs_internal_hook_refuse_nth(0, 0, false);
    if (outcome == DONE && is_anybody_blocked())
        rs_reply_free(rs_command(session, "LLEN a"));
    else if (outcome == NO_MEMORY && is_anybody_blocked())
        rs_reply_free(rs_command(session, "RPUSH b instead"));
    do {
        CHECK_STATUS(RS_OK, rs_server_poll(server, 0));
        n = recv(client, answer, sizeof answer, 0);
    } while (n < 0 && errno == EAGAIN);
    CHECK(n > 0 && (answer[0] == '*' || memcmp(answer, "-OOM ", 5) == 0));
    lose_client();
    rs_reply_free(rs_command(session, "DEL a b"));
    return outcome;
}

/* The parts */

static enum outcome reader(void)
{
    static char bytes[VALUE + 400];
    rs_reader *made = rs_reader_new();
    rs_reply *reply = NULL;
    if (made == NULL)
        return NO_MEMORY;
    size_t len = (size_t)sprintf(bytes, "*3\r\n:1\r\n$%d\r\n%s\r\n*100\r\n", VALUE, value);
    rs_status status = rs_reader_feed(made, bytes, len);
    for (int i = 0; i < 100 && status == RS_OK; i++)
        status = rs_reader_feed(made, "+x\r\n", 4);
    if (status == RS_OK && (status = rs_reader_next(made, &reply)) == RS_ERR_NO_MEMORY) {
        rs_internal_hook_refuse_nth(0, 0, false);
        CHECK_STATUS(RS_OK, rs_reader_next(made, &reply));
    }
    rs_reply_free(reply);
    rs_reader_free(made);
    return of_status(status);
}

static enum outcome request_reader(void)
{
    rs_request_reader *made = rs_request_reader_new();
    rs_reply *reply = NULL;
    if (made == NULL)
        return NO_MEMORY;
    rs_status status = rs_request_reader_feed(made, "*100\r\n", 6);
    for (int i = 0; i < 100 && status == RS_OK; i++)
        status = rs_request_reader_feed(made, "$1\r\nx\r\n", 7);
    if (status == RS_OK && (status = rs_request_reader_next(made, &reply)) == RS_ERR_NO_MEMORY) {
        rs_internal_hook_refuse_nth(0, 0, false);
        CHECK_STATUS(RS_OK, rs_request_reader_next(made, &reply));
    }
    CHECK(status != RS_OK || reply->elements == 100);
    rs_reply_free(reply);
    rs_request_reader_free(made);
    return of_status(status);
}

static enum outcome zset(void)
{
    rs_zset made = { 0 };
    enum outcome outcome = DONE;
    int64_t members = 0;
    for (int i = 0; i < 50; i++) {
        int added = rs_zset_insert(&made, value, (size_t)(i + 1), i);
        if (added == RS_ERR_NO_MEMORY)
            outcome = NO_MEMORY;
        else
            members += added;
    }
    CHECK(rs_zset_count(&made, -1, "", 0, 1000, "", 0) == members);
    rs_zset_clear(&made);
    return outcome;
}

static enum outcome hm(void)
{
    static rs_hnode nodes[100];
    rs_hmap made;
    memset(&made, 0, sizeof made);
    enum outcome outcome = DONE;
    size_t in = 0;
    for (size_t i = 0; i < 100; i++) {
        nodes[i].hcode = i * 7919;
        rs_status status = rs_hm_insert(&made, &nodes[i]);
        if (status == RS_OK)
            in++;
        else
            outcome = of_status(status);
    }
    CHECK(rs_hm_size(&made) == in);
    rs_hm_clear(&made);
    return outcome;
}

static const struct operation calls[] = {
    { "", "rs_command", formatted, false, 0 },
    { "", "rs_command, a long number", formatted_number, false, 0 },
    { "", "rs_command, many words", formatted_words, true, 0 },
    { "", "rs_format_argv", format_argv, false, 0 },
    { "", "rs_format_argv, many words", format_many, false, 0 },
    { "SET k @v", "rs_command_batch", batch_of_many, false, 0 },
    { "SET w 1", "MULTI to EXEC", transaction, true, 0 },
    { "", "SET in a new database", set_in_new_database, true, 0 },
    { "", "MSET in a new database", set_several_in_new_database, true, 0 },
    { "", "rs_set in a new database", typed_set_in_new_database, true, 0 },
    { "SET k @v", "COPY to a new database", copy_to_new_database, true, 0 },
    { "", "MULTI to EXEC in a new database", transaction_in_new_database, true, 0 },
    { "", "rs_set", typed_set, false, 0 },
    { "SET k short", "rs_set over another", typed_set, false, 0 },
    { "", "rs_set for a time", typed_set_for_a_time, false, 0 },
    { "SET k @v", "rs_get", typed_get, false, 0 },
    { "SET k @v", "rs_get_with", typed_get_with, false, 0 },
    { "", "rs_set_many", typed_set_many, true, 0 },
    { "SET k @v", "rs_get_many", typed_get_many, false, 0 },
    { "", "rs_incr_by", typed_incr, false, 0 },
    { "SET k @v", "rs_expire", typed_expire, false, 0 },
    { "SET k @v", "rs_del", typed_del, false, 0 },
    { "SET k @v", "rs_exists", typed_exists, false, 0 },
    { "SET k @v", "rs_ttl", typed_ttl, false, 0 },
    { "", "rs_hset", typed_hset, false, 0 },
    { "HSET h @p40", "rs_hset of a long field", typed_hset_long_field, false, 0 },
    { "HSET h f @v", "rs_hget", typed_hget, false, 0 },
    { "", "rs_zadd", typed_zadd, false, 0 },
    { "ZADD z @s40", "rs_zadd to others", typed_zadd, false, 0 },
    { "ZADD z 1 @v", "rs_zscore", typed_zscore, false, 0 },
    { "", "with events", with_events, true, 0 },
    { "", "while another session monitors", monitored, false, 0 },
    { "", "rs_session_next_push", monitored_line, true, 0 },
    { "", "while another session waits", served_from_one, true, 0 },
    { "", "while another session waits for many", served_to_another, true, 0 },
    { "", "while a client waits", served_by_socket, true, 0 },
    { "", "rs_reader", reader, false, 0 },
    { "", "rs_request_reader", request_reader, false, 0 },
    { "", "rs_zset_insert", zset, false, 0 },
    { "", "rs_hm_insert", hm, false, 0 },
};
