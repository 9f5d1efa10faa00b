/* Engines and servers that are opened, for refusals_each.c: each time nothing is left behind, whatever was refused. */

/* What the process has of the system. */
struct holdings {
    int descriptors, threads;
};

static struct holdings holdings(void)
{
    return (struct holdings){ open_descriptors(), running_threads() };
}

/* Nothing has come to what was there before. */
static void check_holdings(struct holdings before)
{
    CHECK(threads_but(before.threads) == before.threads);
    CHECK(open_descriptors() == before.descriptors);
}

static void on_message(int level, const char *text, size_t len, void *lines)
{
    CHECK(level >= 0 && level <= 3 && text[len - 1] != '\n');
    __atomic_fetch_add((size_t *)lines, 1, __ATOMIC_RELAXED);
}

static int64_t some_time(void *now_ms)
{
    return *(const int64_t *)now_ms;
}

static size_t lines;
static int64_t now_ms = 1700000000000;
static char socket_path[64];

static void set(rs_config *config, const char *name, const char *setting)
{
    CHECK_STATUS(RS_OK, rs_config_set(config, name, setting));
}

/* Settings that ask for everything that is made once. */
static rs_config *everything(const char *io_threads)
{
    write_file("rename-command FLUSHDB gone\nslowlog-max-len 77\n");
    rs_config *config = loopback(io_threads);
    snprintf(socket_path, sizeof socket_path, "/tmp/redisrs-refusals-%d.socket", (int)getpid());
    set(config, "bind", "127.0.0.1 127.0.0.2 -2001:db8::1");
    set(config, "unixsocket", socket_path);
    set(config, "unixsocketperm", "700");
    set(config, "shards", "4");
    set(config, "include", path);
    CHECK_STATUS(RS_OK, rs_config_set_logger(config, on_message, &lines));
    CHECK_STATUS(RS_OK, rs_config_set_clock(config, some_time, &now_ms));
    remove(path);
    return config;
}

static enum outcome open_engine(const rs_config *config)
{
    struct holdings before = holdings();
    rs_engine *opened = NULL;
    rs_session *its;
    refuse_again();
    rs_status status = rs_engine_open(config, &opened);
    rs_internal_hook_refuse_nth(0, 0, false);
    CHECK((status == RS_OK) == (opened != NULL));
    if (status == RS_OK) {
        CHECK_STATUS(RS_OK, rs_session_open(opened, &its));
        CHECK_STATUS(RS_OK, rs_set(its, "k", 1, "v", 1, 0));
        CHECK_STATUS(RS_OK, rs_del(its, "k", 1));
        rs_session_close(its);
    }
    rs_engine_close(opened);
    check_holdings(before);
    return of_status(status);
}

static enum outcome open_default(void)
{
    rs_internal_hook_refuse_nth(0, 0, false);
    return open_engine(NULL);
}

static enum outcome open_with_everything(void)
{
    rs_internal_hook_refuse_nth(0, 0, false);
    rs_config *config = everything("0");
    enum outcome outcome = open_engine(config);
    rs_config_free(config);
    return outcome;
}

static enum outcome start_with(rs_config *config)
{
    rs_engine *opened = NULL;
    rs_server *started = NULL;
    CHECK_STATUS(RS_OK, rs_engine_open(config, &opened));
    rs_config_free(config);
    struct holdings before = holdings();
    refuse_again();
    rs_status status = rs_server_start(opened, &started);
    rs_internal_hook_refuse_nth(0, 0, false);
    CHECK((status == RS_OK) == (started != NULL));
    if (status == RS_OK) {
        int fd = connect_to(started);
        bool is_driven = rs_server_fd(started) >= 0;
        CHECK(send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6);
        char pong[8];
        if (is_driven)
            CHECK(receive(started, fd, pong, sizeof pong, "+PONG\r\n") == 7);
        else
            CHECK(recv(fd, pong, 7, MSG_WAITALL) == 7 && memcmp(pong, "+PONG\r\n", 7) == 0);
        close(fd);
        CHECK_STATUS(RS_OK, rs_server_stop(started));
    }
    CHECK(*socket_path == '\0' || access(socket_path, F_OK) != 0);
    check_holdings(before);
    /* The same engine serves when there is memory. */
    CHECK_STATUS(RS_OK, rs_server_start(opened, &started));
    CHECK(rs_server_port(started) != 0 && (*socket_path == '\0' || access(socket_path, F_OK) == 0));
    CHECK_STATUS(RS_OK, rs_server_stop(started));
    check_holdings(before);
    rs_engine_close(opened);
    *socket_path = '\0';
    return of_status(status);
}

static enum outcome start_threads(void)
{
    rs_internal_hook_refuse_nth(0, 0, false);
    return start_with(everything("2"));
}

static enum outcome start_driven(void)
{
    rs_internal_hook_refuse_nth(0, 0, false);
    return start_with(everything("0"));
}

static enum outcome start_named(void)
{
    rs_internal_hook_refuse_nth(0, 0, false);
    rs_config *config = loopback("0");
    set(config, "bind", "localhost");
    return start_with(config);
}

/* Cannot be listened at, which has to be told. */
static enum outcome start_in_vain(void)
{
    rs_internal_hook_refuse_nth(0, 0, false);
    rs_engine *opened = NULL;
    rs_server *none = NULL;
    rs_config *config = loopback("0");
    set(config, "port", "0");
    set(config, "unixsocket", "/tmp/no/such/directory");
    CHECK_STATUS(RS_OK, rs_engine_open(config, &opened));
    rs_config_free(config);
    struct holdings before = holdings();
    refuse_again();
    rs_status status = rs_server_start(opened, &none);
    rs_internal_hook_refuse_nth(0, 0, false);
    CHECK(none == NULL && (status == RS_ERR_IO || status == RS_ERR_NO_MEMORY));
    check_holdings(before);
    rs_engine_close(opened);
    return status == RS_ERR_IO ? DONE : NO_MEMORY;
}

/* Files that a pattern stands for. */
static enum outcome load_pattern(void)
{
    static const char *const names[] = { "b", "a", "c" };
    char directory[64], file[96], text[128];
    rs_internal_hook_refuse_nth(0, 0, false);
    snprintf(directory, sizeof directory, "/tmp/redisrs-refusals-%d", (int)getpid());
    CHECK(mkdir(directory, 0700) == 0);
    for (size_t i = 0; i < 3; i++) {
        snprintf(file, sizeof file, "%s/%s.conf", directory, names[i]);
        FILE *part = fopen(file, "w");
        CHECK(part != NULL && fprintf(part, "timeout %d\nmaxclients %d\n", names[i][0], names[i][0]) > 0 && fclose(part) == 0);
    }
    snprintf(text, sizeof text, "include /tmp/redisrs-refusals-%d*/?.c[a-z]nf\n", (int)getpid());
    write_file(text);
    rs_config *config = rs_config_new();
    CHECK(config != NULL);
    struct holdings before = holdings();
    refuse_again();
    enum outcome outcome = of_status(rs_config_load(config, path));
    rs_internal_hook_refuse_nth(0, 0, false);
    check_holdings(before);
    rs_config_free(config);
    for (size_t i = 0; i < 3; i++) {
        snprintf(file, sizeof file, "%s/%s.conf", directory, names[i]);
        remove(file);
    }
    CHECK(rmdir(directory) == 0);
    remove(path);
    return outcome;
}

static void on_set(const char *event, const void *key, size_t len, int db, void *told)
{
    CHECK(strcmp(event, "set") == 0 && len == 1 && *(const char *)key == 'k' && db == 0);
    ++*(int *)told;
}

/* What is listened to is told; and once it is not any more, nothing is. */
static enum outcome listen_to_events(void)
{
    int told = 0;
    rs_status status = rs_engine_on_event(engine, RS_EVENT_STRING, on_set, &told);
    rs_internal_hook_refuse_nth(0, 0, false);
    CHECK_STATUS(RS_OK, rs_set(session, "k", 1, "v", 1, 0));
    CHECK(told == (status == RS_OK));
    refuse_again();
    rs_status ended = rs_engine_on_event(engine, 0, on_set, &told);
    rs_internal_hook_refuse_nth(0, 0, false);
    CHECK(ended == (status == RS_OK ? RS_OK : RS_ERR_NOT_FOUND));
    CHECK_STATUS(RS_ERR_NOT_FOUND, rs_engine_on_event(engine, 0, on_set, &told));
    CHECK_STATUS(RS_OK, rs_set(session, "k", 1, "v", 1, 0));
    CHECK(told == (status == RS_OK));
    CHECK_STATUS(RS_OK, rs_del(session, "k", 1));
    return of_status(status);
}

static enum outcome make_pool(void)
{
    struct holdings before = holdings();
    rs_pool *pool = rs_pool_new(3);
    rs_status status = rs_last_status();
    rs_internal_hook_refuse_nth(0, 0, false);
    rs_pool_free(pool);
    check_holdings(before);
    return pool != NULL ? DONE : of_status(status);
}

static const struct operation openings[] = {
    { "", "rs_engine_open(NULL)", open_default, false, 0 },
    { "", "rs_engine_open", open_with_everything, false, 0 },
    { "", "rs_server_start with threads", start_threads, false, 0 },
    { "", "rs_server_start, driven", start_driven, false, 0 },
    { "", "rs_server_start at a name", start_named, false, 0 },
    { "", "rs_server_start in vain", start_in_vain, false, 0 },
    { "", "rs_config_load of what a pattern stands for", load_pattern, false, 0 },
    { "", "rs_engine_on_event", listen_to_events, false, 0 },
    { "", "rs_pool_new", make_pool, false, 0 },
};
