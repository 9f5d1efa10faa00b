// node-redis against redisrs: both protocols, multi, pipelining by the client, scanning.
const assert = require("node:assert");
const { createClient } = require("redis");

async function smoke(port, RESP) {
  const client = createClient({ url: `redis://127.0.0.1:${port}`, RESP });
  client.on("error", (error) => { throw error; });
  await client.connect();
  await client.flushAll();
  assert.equal(await client.ping(), "PONG");
  assert.equal(await client.set("k", "v", { PX: 100000 }), "OK");
  assert.equal(await client.get("k"), "v");
  assert.equal(await client.get("none"), null);
  assert.deepEqual(await client.mGet(["k", "none"]), ["v", null]);
  const replies = await Promise.all(Array.from({ length: 2000 }, (_, i) => client.incr("n")));
  assert.deepEqual(replies, Array.from({ length: 2000 }, (_, i) => i + 1));
  assert.deepEqual(await client.multi().set("a", "1").incr("a").exec(), ["OK", 2]);
  await assert.rejects(client.incr("k"), /not an integer/);
  await client.mSet(Array.from({ length: 500 }, (_, i) => [`s${i}`, "x"]));
  const seen = new Set();
  for await (const keys of client.scanIterator({ MATCH: "s*", COUNT: 100 })) for (const key of [keys].flat()) seen.add(key);
  assert.equal(seen.size, 500);
  assert.equal(await client.dbSize(), 503);
  await client.destroy();
}

smoke(Number(process.argv[2]), 2).then(() => smoke(Number(process.argv[2]), 3)).catch((error) => {
  console.error(error);
  process.exit(1);
});
