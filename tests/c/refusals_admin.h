/* Commands about the server itself, for refusals_each.c: what is done before, the command. Then functions about configuration. */

static const struct operation admin[] = {
    { "SET k @v", "INFO", NULL, false, 0 },
    { "SET k @v", "INFO everything", NULL, false, 0 },
    { "", "INFO commandstats errorstats latencystats", NULL, false, 0 },
    { "", "CONFIG GET *", NULL, false, 0 },
    { "", "CONFIG GET dir save client-output-buffer-limit", NULL, false, 0 },
    { "", "CONFIG SET timeout 0", NULL, false, 0 },
    { "", "CONFIG SET slowlog-max-len 100 latency-tracking-info-percentiles 1 maxclients 7777", NULL, false, 0 },
    { "", "CONFIG RESETSTAT", NULL, false, 0 },
    { "", "CONFIG HELP", NULL, false, 0 },
    { "", "CLIENT LIST", NULL, false, 0 },
    { "", "CLIENT LIST TYPE normal", NULL, false, 0 },
    { "", "CLIENT LIST ID 1 2 3", NULL, false, 0 },
    { "", "CLIENT INFO", NULL, false, 0 },
    { "", "CLIENT ID", NULL, false, 0 },
    { "", "CLIENT SETNAME worker", NULL, false, 0 },
    { "", "CLIENT GETNAME", NULL, false, 0 },
    { "", "CLIENT SETINFO LIB-NAME lib", NULL, false, 0 },
    { "", "CLIENT NO-EVICT ON", NULL, false, 0 },
    { "", "CLIENT KILL ID 123456789", NULL, false, 0 },
    { "", "CLIENT UNBLOCK 123456789", NULL, false, 0 },
    { "", "CLIENT HELP", NULL, false, 0 },
    { "", "COMMAND", NULL, false, 0 },
    { "", "COMMAND COUNT", NULL, false, 0 },
    { "", "COMMAND DOCS", NULL, false, 0 },
    { "", "COMMAND DOCS get set config|get", NULL, false, 0 },
    { "", "COMMAND INFO", NULL, false, 0 },
    { "", "COMMAND INFO get nothing set", NULL, false, 0 },
    { "", "COMMAND LIST", NULL, false, 0 },
    { "", "COMMAND LIST FILTERBY PATTERN x*", NULL, false, 0 },
    { "", "COMMAND GETKEYS MSET @p40", NULL, false, 0 },
    { "", "COMMAND GETKEYSANDFLAGS MSET @p40", NULL, false, 0 },
    { "", "COMMAND HELP", NULL, false, 0 },
    { "", "LATENCY LATEST", NULL, false, 0 },
    { "CONFIG SET latency-monitor-threshold 1;DEBUG SLEEP 0.002", "LATENCY LATEST", NULL, false, 0 },
    { "CONFIG SET latency-monitor-threshold 1;DEBUG SLEEP 0.002", "LATENCY HISTORY command", NULL, false, 0 },
    { "CONFIG SET latency-monitor-threshold 1;DEBUG SLEEP 0.002", "LATENCY GRAPH command", NULL, false, 0 },
    { "CONFIG SET latency-monitor-threshold 1;DEBUG SLEEP 0.002", "LATENCY DOCTOR", NULL, false, 0 },
    { "CONFIG SET latency-monitor-threshold 1;LATENCY RESET", "DEBUG SLEEP 0.002", NULL, false, 0 },
    { "CONFIG SET latency-monitor-threshold 0;LATENCY RESET", "LATENCY DOCTOR", NULL, false, 0 },
    { "", "LATENCY RESET command", NULL, false, 0 },
    { "", "LATENCY HISTOGRAM", NULL, false, 0 },
    { "GET k", "LATENCY HISTOGRAM get set", NULL, false, 0 },
    { "", "LATENCY HELP", NULL, false, 0 },
    { "SET k @v", "MEMORY USAGE k", NULL, false, 0 },
    { "SET k @v", "MEMORY STATS", NULL, false, 0 },
    { "", "MEMORY DOCTOR", NULL, false, 0 },
    { "", "MEMORY PURGE", NULL, false, 0 },
    { "", "MEMORY MALLOC-STATS", NULL, false, 0 },
    { "", "MEMORY HELP", NULL, false, 0 },
    { "", "SLOWLOG GET", NULL, false, 0 },
    { "CONFIG SET slowlog-log-slower-than 0;MSET @p40;CONFIG SET slowlog-log-slower-than -1", "SLOWLOG GET -1", NULL, false, 0 },
    { "CONFIG SET slowlog-log-slower-than 0", "MGET @m40", NULL, false, 0 },
    { "", "SET k @v", NULL, false, 0 },
    { "CONFIG SET slowlog-log-slower-than -1", "SLOWLOG LEN", NULL, false, 0 },
    { "", "SLOWLOG RESET", NULL, false, 0 },
    { "", "SLOWLOG HELP", NULL, false, 0 },
    { "SET k @v", "DEBUG OBJECT k", NULL, false, 0 },
    { "RPUSH k @m40", "DEBUG OBJECT k", NULL, false, 0 },
    { "ZADD k @s40;XADD x 1-1 f v", "DEBUG DIGEST", NULL, false, 0 },
    { "ZADD k @s40;XADD x 1-1 f v", "DEBUG DIGEST-VALUE k x", NULL, false, 0 },
    { "SET k @v", "DEBUG SDSLEN k", NULL, false, 0 },
    { "", "DEBUG POPULATE 3 key 100", NULL, true, 0 },
    { "SET k @v", "DEBUG HTSTATS 0", NULL, false, 0 },
    { "SADD k @m300", "DEBUG HTSTATS-KEY k", NULL, false, 0 },
    { "", "DEBUG PROTOCOL attrib", NULL, false, 0 },
    { "", "DEBUG LOG text", NULL, false, 0 },
    { "", "DEBUG STRUCTSIZE", NULL, false, 0 },
    { "", "DEBUG SET-ACTIVE-EXPIRE 1", NULL, false, 0 },
    { "", "DEBUG HELP", NULL, false, 0 },
    { "SET k @v", "OBJECT HELP", NULL, false, 0 },
    { "", "LOLWUT", NULL, false, 0 },
    { "", "LOLWUT VERSION 5 20 2 2", NULL, false, 0 },
    { "", "LOLWUT VERSION 6 20 3", NULL, false, 0 },
    { "", "TIME", NULL, false, 0 },
    { "", "DBSIZE", NULL, false, 0 },
};

/* CONFIG SET changes everything or nothing; also when there is memory for some of it. */
static enum outcome config_set_many(void)
{
    const char *set[] = { "CONFIG", "SET", "maxclients", "7777", "latency-tracking-info-percentiles", "1 2 3",
                          "slowlog-max-len", "11" };
    const char *reset[] = { "CONFIG", "SET", "maxclients", "10000", "latency-tracking-info-percentiles", "50 99 99.9",
                            "slowlog-max-len", "128" };
    static const char *const old_values[] = { "10000", "128", "50 99 99.9" }, *const new_values[] = { "7777", "11", "1 2 3" };
    enum outcome outcome = of_reply(rs_command_argv(session, 8, set, NULL));
    rs_internal_hook_refuse_nth(0, 0, false);
    rs_reply *now = rs_command(session, "CONFIG GET maxclients slowlog-max-len latency-tracking-info-percentiles");
    CHECK(now != NULL && now->elements == 6);
    size_t changed = 0;
    for (size_t i = 0; i < 6; i += 2) {
        size_t which = now->element[i]->str[0] == 'm' ? 0 : now->element[i]->str[0] == 's' ? 1 : 2;
        bool is_new = strcmp(now->element[i + 1]->str, new_values[which]) == 0;
        CHECK(is_new || strcmp(now->element[i + 1]->str, old_values[which]) == 0);
        changed += is_new;
    }
    /* It may have been done, and only the reply has found no room. */
    CHECK(changed == 3 || (changed == 0 && outcome != DONE));
    rs_reply_free(now);
    CHECK(of_reply(rs_command_argv(session, 8, reset, NULL)) == DONE);
    return outcome;
}

static char path[64];

/* Writes a file with this text, and nothing else of this thread. */
static void write_file(const char *text)
{
    snprintf(path, sizeof path, "/tmp/redisrs-refusals-%d.conf", (int)getpid());
    FILE *file = fopen(path, "w");
    CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

static const char FILE_TEXT[] = "# a comment\ntimeout 7\nbind 127.0.0.1 ::1\nrename-command FLUSHDB gone\n"
                                "client-output-buffer-limit pubsub 1mb 2kb 3\nrequirepass \"a b\"\n";

static enum outcome config_new(void)
{
    rs_config *config = rs_config_new();
    rs_config_free(config);
    return config != NULL ? DONE : rs_last_status() == RS_ERR_NO_MEMORY ? NO_MEMORY : WRONG;
}

static enum outcome config_set(void)
{
    static const char *const pairs[][2] = { { "bind", "127.0.0.1 ::1" },
                                            { "requirepass", "secret" },
                                            { "latency-tracking-info-percentiles", "1 2 3" },
                                            { "dir", "/tmp" },
                                            { "rename-command", "FLUSHDB gone" },
                                            { "unixsocket", "/tmp/socket" } };
    rs_config *config = rs_config_new();
    if (config == NULL)
        return NO_MEMORY;
    enum outcome outcome = DONE;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs && outcome == DONE; i++)
        outcome = of_status(rs_config_set(config, pairs[i][0], pairs[i][1]));
    rs_config_free(config);
    return outcome;
}

static enum outcome config_load(void)
{
    rs_internal_hook_refuse_nth(0, 0, false);
    write_file(FILE_TEXT);
    refuse_again();
    rs_config *config = rs_config_new();
    enum outcome outcome = config == NULL ? NO_MEMORY : of_status(rs_config_load(config, path));
    rs_config_free(config);
    remove(path);
    return outcome;
}

static enum outcome config_rewrite(void)
{
    rs_internal_hook_refuse_nth(0, 0, false);
    write_file(FILE_TEXT);
    rs_config *config = rs_config_new();
    rs_engine *other;
    rs_session *its;
    CHECK_STATUS(RS_OK, rs_config_load(config, path));
    CHECK_STATUS(RS_OK, rs_engine_open(config, &other));
    CHECK_STATUS(RS_OK, rs_session_open(other, &its));
    refuse_again();
    enum outcome outcome = of_reply(rs_command(its, "CONFIG REWRITE"));
    rs_internal_hook_refuse_nth(0, 0, false);
    rs_session_close(its);
    rs_engine_close(other);
    /* What there is now, the old text or the new, says the same. */
    rs_config *again = rs_config_new();
    CHECK_STATUS(RS_OK, rs_config_load(again, path));
    rs_config_free(again);
    rs_config_free(config);
    remove(path);
    return outcome;
}

static const struct operation admin_calls[] = {
    { "", "CONFIG SET of three", config_set_many, false, 0 },
    { "", "rs_config_new", config_new, false, 0 },
    { "", "rs_config_set", config_set, false, 0 },
    { "", "rs_config_load", config_load, false, 0 },
    { "", "CONFIG REWRITE", config_rewrite, false, 0 },
};
