/* Sessions and connections that come and go, for refusals_each.c. */

static enum outcome open_session(void)
{
    rs_session *other = NULL;
    rs_status status = rs_session_open(engine, &other);
    CHECK((status == RS_OK) == (other != NULL));
    if (status == RS_OK)
        rs_reply_free(rs_command(other, "PING"));
    rs_session_close(other);
    return of_status(status);
}

/* An engine and a server that have seen nothing yet, so that everything has to grow. */
static rs_engine *fresh_engine;
static rs_server *fresh_server;

static void open_fresh(void)
{
    rs_internal_hook_refuse_nth(0, 0, false);
    rs_config *config = loopback("0");
    CHECK_STATUS(RS_OK, rs_config_set(config, "shards", "4"));
    CHECK_STATUS(RS_OK, rs_engine_open(config, &fresh_engine));
    rs_config_free(config);
    CHECK_STATUS(RS_OK, rs_server_start(fresh_engine, &fresh_server));
}

static void close_fresh(void)
{
    CHECK_STATUS(RS_OK, rs_server_stop(fresh_server));
    rs_engine_close(fresh_engine);
}

/* Needs nothing. */
static enum outcome stop_server(void)
{
    open_fresh();
    refuse_again();
    close_fresh();
    rs_internal_hook_refuse_nth(0, 0, false);
    return DONE;
}

/* What a driven server answers to a connection until `end` comes, in `answer`; its length, 0 if the connection is closed. */
static size_t receive(rs_server *from, int fd, char *answer, size_t size, const char *end)
{
    size_t len = 0, end_len = strlen(end);
    for (int turn = 0; turn < 20000; turn++) {
        CHECK_STATUS(RS_OK, rs_server_poll(from, turn > 100 ? 1 : 0));
        ssize_t n = recv(fd, answer + len, size - len - 1, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN))
            return 0;
        len += n > 0 ? (size_t)n : 0;
        answer[len] = '\0';
        if (len >= end_len && memcmp(answer + len - end_len, end, end_len) == 0)
            return len;
    }
    CHECK(!"an answer");
    return 0;
}

/* A new connection sends something: it is answered or closed, and one that was there before goes on. */
static enum outcome answers(const char *text, const char *end)
{
    static char answer[20000], pong[100];
    open_fresh();
    int before = connect_to(fresh_server);
    CHECK(send(before, "PING\r\n", 6, MSG_NOSIGNAL) == 6);
    CHECK(receive(fresh_server, before, pong, sizeof pong, "+PONG\r\n") == 7);
    int fd = connect_to(fresh_server);
    CHECK(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
    refuse_again();
    size_t len = receive(fresh_server, fd, answer, sizeof answer, end);
    rs_internal_hook_refuse_nth(0, 0, false);
    CHECK(send(before, "PING\r\n", 6, MSG_NOSIGNAL) == 6);
    CHECK(receive(fresh_server, before, pong, sizeof pong, "+PONG\r\n") == 7);
    int after = connect_to(fresh_server);
    CHECK(send(after, "PING\r\n", 6, MSG_NOSIGNAL) == 6);
    CHECK(receive(fresh_server, after, pong, sizeof pong, "+PONG\r\n") == 7);
    close(after);
    close(fd);
    close(before);
    close_fresh();
    return len == 0 || strstr(answer, "-OOM ") != NULL ? NO_MEMORY : DONE;
}

static enum outcome connection(void)
{
    return answers("PING\r\n", "PONG\r\n");
}

static enum outcome pipeline(void)
{
    static char text[20000];
    size_t len = 0;
    for (int i = 0; i < 500; i++)
        len += (size_t)sprintf(text + len, i % 2 == 0 ? "PING \"a \\x41\"\r\n" : "*1\r\n$4\r\nPING\r\n");
    sprintf(text + len, "ECHO last\r\n");
    return answers(text, "last\r\n");
}

static enum outcome wait_for_a_time(void)
{
    return answers("BLPOP none 0.01\r\nPING\r\n", "+PONG\r\n");
}

static const struct operation handles[] = {
    { "", "rs_session_open", open_session, false, 0 },
    { "", "rs_server_stop and rs_engine_close", stop_server, false, 0 },
    { "", "a connection", connection, false, 0 },
    { "", "a connection with many requests", pipeline, false, 0 },
    { "", "a connection that waits for a time", wait_for_a_time, false, 0 },
};
