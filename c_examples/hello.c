/* The store in the process: no server, no socket, no other thread that you can see. */
#include <redisrs.h>
#include <stdio.h>
#include <stdlib.h>

static void die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, rs_last_error());
    exit(1);
}

int main(void)
{
    rs_engine *engine;
    rs_session *session;
    if (rs_engine_open(NULL, &engine) != RS_OK)
        die("rs_engine_open");
    if (rs_session_open(engine, &session) != RS_OK)
        die("rs_session_open");

    /* Any command, written as for hiredis; the answer is a reply. */
    rs_reply *reply = rs_command(session, "SET %s %s EX %d", "greeting", "hello, world", 60);
    if (reply == NULL)
        die("rs_command");
    printf("SET: %s\n", reply->str);
    rs_reply_free(reply);

    /* The usual commands without a reply: into a buffer of your own. */
    char value[64];
    size_t len;
    if (rs_get(session, "greeting", 8, value, sizeof value, &len) != RS_OK)
        die("rs_get");
    printf("GET: %.*s\n", (int)len, value);

    int64_t visits;
    for (int i = 0; i < 3; i++)
        if (rs_incr_by(session, "visits", 6, 1, &visits) != RS_OK)
            die("rs_incr_by");
    printf("visits: %lld\n", (long long)visits);

    /* Errors of commands are replies; adding to a greeting is one. */
    reply = rs_command(session, "INCR greeting");
    if (reply == NULL || reply->type != RS_REPLY_ERROR)
        die("INCR");
    printf("INCR: %s\n", reply->str);
    rs_reply_free(reply);

    rs_session_close(session);
    rs_engine_close(engine);
    return 0;
}
