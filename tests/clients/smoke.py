"""redis-py against redisrs: both protocols, pipelines, transactions, scanning, errors, INFO."""
import sys
import redis

port = int(sys.argv[1])
for protocol in (2, 3):
    r = redis.Redis(port=port, protocol=protocol, decode_responses=True)
    r.flushall()
    assert r.ping() is True
    assert r.set("k", "v", ex=100) is True and r.get("k") == "v" and 90 < r.ttl("k") <= 100
    assert r.set("k", "w", nx=True) is None and r.set("k", "w", get=True) == "v"
    assert r.mset({f"m{i}": i for i in range(100)}) is True
    assert r.mget([f"m{i}" for i in range(100)] + ["none"]) == [str(i) for i in range(100)] + [None]
    assert r.incr("n", 5) == 5 and r.incrbyfloat("f", 0.1) == 0.1 and r.append("k", "!") == 2
    with r.pipeline(transaction=True) as p:
        p.set("a", 1).incr("a").get("a")
        assert p.execute() == [True, 2, "2"]
    with r.pipeline(transaction=False) as p:
        for i in range(10_000):
            p.set(f"p{i}", i)
        assert all(p.execute())
    with r.pipeline() as p:
        p.watch("a")
        r.set("a", "changed")
        p.multi()
        p.set("a", "lost")
        try:
            p.execute()
            raise SystemExit("EXEC must fail after a watched key changed")
        except redis.WatchError:
            pass
    assert len(set(r.scan_iter(match="p*", count=500))) == 10_000
    assert r.dbsize() == len(r.keys("*"))
    try:
        r.incr("k")
        raise SystemExit("INCR of a word must fail")
    except redis.ResponseError as e:
        assert "not an integer" in str(e)
    info = r.info()
    assert info["redis_version"] == "7.0.15" and info["db0"]["keys"] == r.dbsize() and info["used_memory"] > 0
    assert r.config_get("maxmemory")["maxmemory"] == "0"
    assert r.client_setname("smoke") and r.client_getname() == "smoke" and r.client_list()[0]["name"] in ("smoke", "")
    assert r.object("encoding", "n") == "int" and r.type("k") == "string"
    assert r.rename("k", "k2") is True and r.exists("k", "k2") == 1 and r.delete("k2") == 1
    r.close()
