/* A leaderboard: a sorted set keeps players in the order of their scores, so the best ten, a player's rank and the players
 * around one all cost O(log n), however many there are. */
#include <redisrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLAYERS = 10000 };

static void die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, rs_last_error());
    exit(1);
}

static rs_reply *expect(rs_reply *reply)
{
    if (reply == NULL || reply->type == RS_REPLY_ERROR)
        die(reply == NULL ? "command" : reply->str);
    return reply;
}

/* A reply of names and scores in turn, the first one being of this rank. */
static void print(rs_reply *reply, long long rank)
{
    for (size_t i = 0; i + 1 < reply->elements; i += 2)
        printf("%4lld. %-12s %s\n", rank++, reply->element[i]->str, reply->element[i + 1]->str);
    rs_reply_free(reply);
}

/* The rank of a player, the best having 1; 0 for one who is not on the board. */
static long long rank_of(rs_session *session, const char *name)
{
    rs_reply *reply = expect(rs_command(session, "ZREVRANK board %s", name));
    long long rank = reply->type == RS_REPLY_INTEGER ? reply->integer + 1 : 0;
    rs_reply_free(reply);
    return rank;
}

int main(void)
{
    rs_engine *engine;
    rs_session *session;
    if (rs_engine_open(NULL, &engine) != RS_OK || rs_session_open(engine, &session) != RS_OK)
        die("rs_engine_open");

    /* A lot of players. */
    for (int player = 0; player < PLAYERS; player++) {
        char name[24];
        size_t len = (size_t)snprintf(name, sizeof name, "player:%d", player);
        if (rs_zadd(session, "board", 5, player * 7 % PLAYERS, name, len) != RS_OK)
            die("rs_zadd");
    }

    /* Points are added where they are, so two threads that do it at once lose none. */
    double score;
    if (rs_zadd(session, "board", 5, 9990, "ann", 3) != RS_OK)
        die("rs_zadd");
    rs_reply_free(expect(rs_command(session, "ZINCRBY board %g ann", 5.5)));
    if (rs_zscore(session, "board", 5, "ann", 3, &score) != RS_OK)
        die("rs_zscore");
    printf("ann has %g points\n", score);

    printf("the best\n");
    print(expect(rs_command(session, "ZREVRANGE board 0 2 WITHSCORES")), 1);

    long long rank = rank_of(session, "ann");
    printf("around ann\n");
    print(expect(rs_command(session, "ZREVRANGE board %lld %lld WITHSCORES", rank - 2, rank)), rank - 1);

    rs_reply *count = expect(rs_command(session, "ZCOUNT board %d (%d", 5000, 6000));
    printf("with 5000 to 5999 points: %lld players\n", count->integer);
    rs_reply_free(count);

    /* Who leaves is gone, and everybody below moves up. */
    rs_reply_free(expect(rs_command(session, "ZREM board ann")));
    printf("ann's rank now: %lld\n", rank_of(session, "ann"));

    rs_session_close(session);
    rs_engine_close(engine);
    return rank == 5 ? 0 : 1;
}
