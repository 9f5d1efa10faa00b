/* hiredis against redisrs: commands, binary values, pipelining, errors. */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(c)                                                          \
  do {                                                                    \
    if (!(c)) {                                                           \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #c);             \
      exit(1);                                                            \
    }                                                                     \
  } while (0)

int main(int argc, char **argv) {
  CHECK(argc == 2);
  redisContext *c = redisConnect("127.0.0.1", atoi(argv[1]));
  CHECK(c && !c->err);
  redisReply *r = redisCommand(c, "SET %s %b", "bin", "a\0b\r\n", (size_t)5);
  CHECK(r && r->type == REDIS_REPLY_STATUS && !strcmp(r->str, "OK"));
  freeReplyObject(r);
  r = redisCommand(c, "GET bin");
  CHECK(r && r->type == REDIS_REPLY_STRING && r->len == 5 && !memcmp(r->str, "a\0b\r\n", 5));
  freeReplyObject(r);
  r = redisCommand(c, "INCR bin");
  CHECK(r && r->type == REDIS_REPLY_ERROR);
  freeReplyObject(r);
  for (int i = 0; i < 1000; i++) CHECK(redisAppendCommand(c, "ECHO %d", i) == REDIS_OK);
  for (int i = 0; i < 1000; i++) {
    void *reply;
    CHECK(redisGetReply(c, &reply) == REDIS_OK);
    CHECK(atoi(((redisReply *)reply)->str) == i);
    freeReplyObject(reply);
  }
  redisFree(c);
  return 0;
}
