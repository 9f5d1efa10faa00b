/* The program that every project here builds, in C. */
#include <redisrs.h>
#include <stdio.h>

int main(void)
{
    rs_engine *engine;
    rs_session *session;
    if (rs_version_number() != RS_VERSION_NUMBER)
        return 2;
    if (rs_engine_open(NULL, &engine) != RS_OK || rs_session_open(engine, &session) != RS_OK)
        return 1;
    rs_reply *reply = rs_command(session, "INCRBY %s %d", "answers", 42);
    if (reply != NULL)
        printf("%lld\n", reply->integer);
    rs_reply_free(reply);
    rs_session_close(session);
    rs_engine_close(engine);
    return 0;
}
