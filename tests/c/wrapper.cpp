// Everything in redisrs.hpp; wrapper.sh builds it with and without exceptions.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <redisrs.hpp>
#include <thread>
#include <unistd.h>

using namespace std::chrono_literals;
using redisrs::Config;
using redisrs::Engine;
using redisrs::Reply;
using redisrs::ReplyView;
using redisrs::Server;
using redisrs::Session;

static std::atomic<int> checks;

#define CHECK(condition)                                                                                                  \
    do {                                                                                                                  \
        checks++;                                                                                                         \
        if (!(condition)) {                                                                                               \
            std::fprintf(stderr, "%s:%d: %s (last error: %s)\n", __FILE__, __LINE__, #condition, rs_last_error());        \
            std::exit(1);                                                                                                 \
        }                                                                                                                 \
    } while (0)

// Runs what must fail with a status; `of` is the object that remembers it.
#ifndef REDISRS_NO_EXCEPTIONS
#define CHECK_FAILS(expected, of, ...)                                                                                    \
    do {                                                                                                                  \
        rs_status thrown = RS_OK;                                                                                         \
        try {                                                                                                             \
            __VA_ARGS__;                                                                                                  \
        } catch (const redisrs::Error &caught_) {                                                                           \
            thrown = caught_.status();                                                                                     \
            CHECK(caught_.what()[0] != '\0');                                                                            \
        }                                                                                                                 \
        CHECK(thrown == (expected));                                                                                      \
    } while (0)
#else
#define CHECK_FAILS(expected, of, ...)                                                                                    \
    do {                                                                                                                  \
        __VA_ARGS__;                                                                                                      \
        CHECK((of).status() == (expected));                                                                               \
    } while (0)
#endif

static void strings(Session &session)
{
    CHECK(session.set("greeting", "hello"));
    CHECK(session.get("greeting") == "hello");
    CHECK(!session.get("nothing"));
    CHECK(session.status() == RS_NIL);

    // Bytes are bytes, empty is empty, large is large.
    std::string_view binary("a\0b", 3);
    CHECK(session.set(binary, binary) && session.get(binary) == binary);
    CHECK(session.set("", std::string_view()) && session.get(std::string_view()) == "");
    std::string large(100000, 'x');
    CHECK(session.set("large", large) && session.get("large") == large);
    for (std::size_t len : {511u, 512u, 513u})
        CHECK(session.set("edge", std::string_view(large).substr(0, len)) && session.get("edge")->size() == len);

    // Without a copy; any kind of callable.
    std::size_t seen = 0;
    CHECK(session.with("large", [&](std::string_view value) { seen = value.size(); }) && seen == large.size());
    const auto constant = [&](std::string_view value) { seen = value.size(); };
    CHECK(session.with("greeting", constant) && seen == 5);
    auto changing = [calls = 0](std::string_view) mutable { ++calls; };
    CHECK(session.with("greeting", changing));
    CHECK(!session.with("nothing", constant));

    CHECK(session.incr_by("n", 5) == 5 && session.incr_by("n", -7) == -2);
    CHECK_FAILS(RS_ERR_COMMAND, session, session.incr_by("greeting", 1));
    CHECK(session.exists("n") && !session.exists("nothing"));

    CHECK(session.ttl("n") == -1ms && !session.ttl("nothing"));
    CHECK(session.expire("n", 1h) && *session.ttl("n") > 59min);
    CHECK(session.set("short", "x", std::chrono::minutes(1)) && *session.ttl("short") <= 1min);
    CHECK_FAILS(RS_ERR_COMMAND, session, session.set("short", "x", -1ms));
    CHECK(session.del("n") && !session.del("n"));

    // Several at once.
    CHECK(session.set_many({{"k1", "v1"}, {"k2", ""}, {"k1", "again"}}));
    auto values = session.get_many({"k1", "k2", "k3"});
    CHECK(values.size() == 3 && values[0] == "again" && values[1] == "" && !values[2]);
    CHECK(session.get_many({}).empty() && session.status() == RS_OK);
    int calls = 0;
    CHECK(session.with_many({"k1", "k3"}, [&](std::size_t i, std::optional<std::string_view> value) {
        calls += i == 0 ? value == "again" : !value;
    }));
    CHECK(calls == 2);

#ifndef REDISRS_NO_EXCEPTIONS
    // What a callback throws comes out at this end, once, and the session goes on.
    for (int round = 0; round < 3; round++) {
        int caught = 0;
        try {
            session.with("greeting", [](std::string_view) { throw 7; });
        } catch (int number) {
            caught = number;
        }
        CHECK(caught == 7);
        calls = 0;
        try {
            session.with_many({"k1", "k2", "k3"}, [&](std::size_t, std::optional<std::string_view>) {
                calls++;
                throw std::string("out");
            });
        } catch (const std::string &text) {
            caught = text == "out";
        }
        CHECK(caught == 1 && calls == 1);
    }
#endif
}

static void commands(Session &session)
{
    CHECK(session.command({"SET", "a", "1"}).str() == "OK");
    Session::Arguments arguments{"MSET"};
    for (int i = 0; i < 20; i++)
        arguments.insert(arguments.end(), {"many", "x"});
    CHECK(session.command(arguments).str() == "OK");

    // A reply and its parts.
    Reply reply = session.command({"MGET", "a", "nothing", "many"});
    CHECK(reply && reply.is_aggregate() && reply.size() == 3 && !reply.empty());
    CHECK(reply[0].str() == "1" && reply[0].text() == "1" && reply[1].is_nil() && !reply[1].text());
    CHECK(reply[99].is_nil() && reply[99].size() == 0 && reply[0].raw()->type == RS_REPLY_STRING);
    std::string all;
    for (ReplyView item : session.command({"MGET", "a", "nothing", "many"}))
        all += item.is_nil() ? "-" : item.str();
    CHECK(all == "1-x");
    CHECK(std::count_if(reply.begin(), reply.end(), [](ReplyView item) { return item.is_nil(); }) == 1);
    for (ReplyView item : session.command({"GET", "a"}))
        CHECK(item.is_nil() && false);

    Reply moved = std::move(reply);
    CHECK(moved.size() == 3 && !reply && reply.is_nil() && reply.size() == 0); // NOLINT: what is left is what is tested
    reply = std::move(moved);
    CHECK(reply.size() == 3 && !moved && moved.is_nil());                      // NOLINT

    CHECK(session.command({"STRLEN", "a"}).integer() == 1);
    Reply error = session.command({"NOSUCH"});
    CHECK(error.is_error() && error.str().substr(0, 3) == "ERR" && session.status() == RS_OK);
    CHECK_FAILS(RS_ERR_ARGUMENT, session, CHECK(!session.command(Session::Arguments())));

    // RESP3: maps, doubles, booleans, verbatim texts.
    Reply hello = session.command({"HELLO", "3"});
    CHECK(hello.type() == RS_REPLY_MAP && hello.is_aggregate() && hello.find("proto").integer() == 3);
    CHECK(hello.find("nothing").is_nil());
    CHECK(session.command({"DEBUG", "PROTOCOL", "true"}).boolean());
    CHECK(session.command({"DEBUG", "PROTOCOL", "double"}).number() > 3.14);
    CHECK(session.command({"DEBUG", "PROTOCOL", "verbatim"}).format() == "txt");
    session.command({"HELLO", "2"});
    Reply flat = session.command({"HELLO"});
    CHECK(flat.type() == RS_REPLY_ARRAY && flat.find("proto").integer() == 2);

    // By pairs, whichever protocol; a temporary reply lives as long as the loop over it.
    CHECK(session.command({"HSET", "hash", "f1", "v1", "f2", "v2"}).integer() == 2);
    for (const char *protocol : {"2", "3"}) {
        session.command({"HELLO", protocol});
        all.clear();
        for (auto [field, value] : session.command({"HGETALL", "hash"}).entries())
            all.append(field.str()).append("=").append(value.str()).append(" ");
        CHECK(all == "f1=v1 f2=v2 ");
    }
    session.command({"HELLO", "2"});
    const Reply pairs = session.command({"HGETALL", "hash"});
    CHECK(pairs.entries().size() == 2 && (*++pairs.entries().begin()).second.str() == "v2");
    CHECK(session.command({"HGETALL", "nothing"}).entries().size() == 0 && ReplyView().entries().size() == 0);
    auto nothing = Reply().entries();
    CHECK(nothing.begin() == nothing.end());

    // A pipeline.
    std::vector<Reply> replies = session.batch({{"SET", "b", "2"}, {"GET", "b"}, {"NOSUCH"}, {"GET", ""}});
    CHECK(replies.size() == 4 && replies[0].str() == "OK" && replies[1].str() == "2" && replies[2].is_error());
    CHECK(session.batch({}).empty() && session.status() == RS_OK);
    CHECK_FAILS(RS_ERR_ARGUMENT, session, CHECK(session.batch({{"SET", "b", "3"}, {}}).empty()));
    CHECK(session.get("b") == "2");
}

static void hashes_and_sorted_sets(Session &session)
{
    session.command({"DEL", "h", "z"});
    CHECK(!session.hget("h", "f") && session.status() == RS_NIL);
    CHECK(session.hset("h", "f", "value") && session.hset("h", "n", "7") && session.hset("h", "", ""));
    CHECK(session.hget("h", "f") == "value" && session.hget("h", "n") == "7" && session.hget("h", "") == "");
    CHECK(!session.hget("h", "g"));
    std::string large(100000, 'x');
    CHECK(session.hset("h", "large", large) && session.hget("h", "large") == large);
    CHECK(!session.zscore("z", "m") && session.status() == RS_NIL);
    CHECK(session.zadd("z", 1.5, "m") && session.zscore("z", "m") == 1.5);
    CHECK(session.zadd("z", -2, "m") && session.zscore("z", "m") == -2 && !session.zscore("z", "other"));
    CHECK_FAILS(RS_ERR_WRONG_TYPE, session, session.hget("z", "f"));
    CHECK_FAILS(RS_ERR_WRONG_TYPE, session, session.hset("z", "f", "v"));
    CHECK_FAILS(RS_ERR_WRONG_TYPE, session, session.zadd("h", 1, "m"));
    CHECK_FAILS(RS_ERR_WRONG_TYPE, session, session.zscore("h", "m"));
}

static void host_commands()
{
    // What a function holds is freed with it: at the end of the engine, or when it is not added.
    auto token = std::make_shared<int>(0);
    {
        Engine engine;
        Session session(engine);
        CHECK(engine.add_command({"greet", 3, "write denyoom", 1, 1, 1}, [token](redisrs::Call &call) {
            ++*token;
            CHECK(call.command({"SET", call[1], call[2]}).str() == "OK");
            CHECK(call.size() == 3 && call[0] == "Greet" && call[3].empty() && call.raw() != nullptr);
            call.array(2);
            call.simple("HELLO");
            call.bulk(call.command(redisrs::Arguments{"GET", call[1]}).str());
        }) == RS_OK);
        Reply reply = session.command({"Greet", "k", std::string_view("a\0b", 3)});
        CHECK(reply.size() == 2 && reply[0].str() == "HELLO" && reply[1].str() == std::string_view("a\0b", 3));
        CHECK(*token == 1 && session.get("k")->size() == 3);
        CHECK(engine.add_command({"all", 1, "readonly"}, [](redisrs::Call &call) {
            call.map(4);
            call.integer(-1);
            call.number(0.5);
            call.nil();
            call.error("an element");
            call.array(0);
            call.map(0);
            call.integer(1);
            call.integer(2);
        }) == RS_OK);
        session.command({"HELLO", "3"});
        CHECK(session.command({"all"}).type() == RS_REPLY_MAP && session.command({"all"}).entries().size() == 4);
        CHECK(engine.add_command({"twice"}, [](redisrs::Call &call) {
            call.nil();
            CHECK_FAILS(RS_ERR_ARGUMENT, call, call.nil());
        }) == RS_OK);
        CHECK(session.command({"twice"}).str().find("more than once") != std::string_view::npos);
#ifndef REDISRS_NO_EXCEPTIONS
        // What a function throws is the reply, and neither the session nor the engine is the worse for it.
        CHECK(engine.add_command({"throws"}, [](redisrs::Call &call) {
            if (call.size() == 1)
                throw std::runtime_error("out of range");
            if (call[1] == "int")
                throw 7;
            call.array(5);
            call.error(std::string(100000, 'x'));
        }) == RS_OK);
        CHECK(session.command({"throws"}).str() == "ERR out of range");
        CHECK(session.command({"throws", "int"}).str().find("no std::exception") != std::string_view::npos);
        CHECK(session.command({"throws", "long"}).str().find("too large") != std::string_view::npos);
        CHECK(session.get("k")->size() == 3);
#endif
        CHECK_FAILS(RS_ERR_EXISTS, engine, engine.add_command({"GREET"}, [token](redisrs::Call &) {}));
        CHECK_FAILS(RS_ERR_CONFIG, engine, engine.add_command({"new", 1, "wrong"}, [token](redisrs::Call &) {}));
        CHECK_FAILS(RS_ERR_ARGUMENT, engine, engine.add_command({std::string("a\0b", 3)}, [token](redisrs::Call &) {}));
        CHECK_FAILS(RS_ERR_ARGUMENT, engine, engine.add_command({"new"}, nullptr));
        CHECK(token.use_count() == 2);
    }
    CHECK(token.use_count() == 1);
}

static void waiting(const Engine &engine)
{
    Session session(engine);
    CHECK(!session.next_push() && session.status() == RS_ERR_TIMEOUT);
    std::thread other([&] { CHECK(session.interrupt() == RS_OK); });
    CHECK(!session.next_push(redisrs::no_limit) && session.status() == RS_ERR_CLOSED);
    other.join();
    CHECK(session.command({"MONITOR"}).str() == "OK");
    Session second(engine);
    second.command({"PING"});
    std::optional<Reply> line = session.next_push(10s);
    CHECK(line && line->str().find("PING") != std::string_view::npos);
}

static void events(const Engine &engine, Session &session)
{
    std::string told;
    auto note = [&told](std::string_view event, std::string_view key, int db) {
        told.append(event).append(" ").append(key).append(" ").append(std::to_string(db)).append(", ");
    };
    {
        redisrs::Listener listener(engine, RS_EVENT_ALL, note);
        CHECK(listener && session.set("heard", "1"));
        redisrs::Listener moved(std::move(listener));
        CHECK(moved && !listener && session.set("heard", "2"));
        redisrs::Listener news(engine, RS_EVENT_NEW, note);
        news = std::move(moved);
        CHECK(session.del("heard"));
    }
    CHECK(session.set("unheard", "1"));
    CHECK(told == "set heard 0, set heard 0, del heard 0, ");
    CHECK_FAILS(RS_ERR_ARGUMENT, redisrs::Listener(engine, 1, note), redisrs::Listener(engine, 1, note));
    CHECK_FAILS(RS_ERR_ARGUMENT, redisrs::Listener(engine, RS_EVENT_ALL, nullptr), redisrs::Listener(engine, RS_EVENT_ALL, nullptr));
}

static void configuration()
{
    std::atomic<int> messages{0};
    std::atomic<std::int64_t> now{1000000000000};
    Config config;
    config.set("port", "auto").set("bind", "127.0.0.1").set("databases", 3).set("enable-debug-command", "yes");
    config.logger([&](int level, std::string_view text) { messages += level >= 0 && !text.empty(); });
    config.clock([&] { return now.load(); });
    CHECK(config && config.status() == RS_OK && config.raw() != nullptr);
    Engine engine(config);
    {
        Engine stays(config);
        Engine other(config);
        stays = std::move(other);
        CHECK(stays && !other); // NOLINT
        Session session(stays);
        CHECK(session.set("k", "v"));
    }
    config = Config();
    Session session(engine);
    CHECK(session.set("k", "v", 1s) && session.get("k") == "v");
    now += 1001;
    CHECK(!session.get("k"));
    CHECK(session.command({"SELECT", "3"}).is_error() && session.command({"SELECT", "2"}).str() == "OK");

    Server server(engine);
    CHECK(server && server.port() != 0 && server.fd() == -1);
    CHECK(server.wait(1ms) == RS_ERR_TIMEOUT);
    CHECK_FAILS(RS_ERR_ARGUMENT, server, server.poll());
    CHECK(server.stop() == RS_OK && !server);
    session.command({"DEBUG", "LOG", "hello"});
    CHECK(messages > 0);

    // Driven by the host.
    Config own;
    own.set("port", "auto").set("bind", "127.0.0.1").set("io-threads", 0);
    Engine driven(own);
    Server polled(driven);
    CHECK(polled.fd() >= 0 && polled.poll(1ms) == RS_OK);

    // Failures; the first one is remembered.
    Config bad;
    CHECK_FAILS(RS_ERR_CONFIG, bad, bad.set("nosuch", "x"));
    CHECK_FAILS(RS_ERR_CONFIG, bad, bad.load("/nonexistent/redis.conf"));
    CHECK_FAILS(RS_ERR_CONFIG, bad, bad.set("port", "99999").set("databases", "4"));
    Config nul;
    CHECK_FAILS(RS_ERR_ARGUMENT, nul, nul.set("dir", std::string_view("/\0tmp", 5)));
#ifdef REDISRS_NO_EXCEPTIONS
    CHECK(!bad && !Engine(bad) && Engine(bad).status() == RS_ERR_CONFIG && redisrs::run(bad) < 0);
#endif
    // A port that is taken.
    Server first(engine);
    Config taken;
    taken.set("port", first.port()).set("bind", "127.0.0.1");
    Engine unlucky(taken);
#ifndef REDISRS_NO_EXCEPTIONS
    CHECK_FAILS(RS_ERR_ADDR_IN_USE, unlucky, Server none(unlucky));
#else
    Server none(unlucky);
    CHECK(!none && none.status() == RS_ERR_ADDR_IN_USE && none.port() == 0);
#endif
}

static void protocol()
{
    std::string request = redisrs::format({"SET", "key", std::string_view("a\0b", 3)});
    CHECK(request == std::string_view("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$3\r\na\0b\r\n", 31));
    redisrs::RequestReader requests;
    CHECK(requests.feed(std::string_view(request).substr(0, 20)) == RS_OK);
    CHECK(!requests.next() && requests.status() == RS_NIL);
    CHECK(requests.feed(std::string_view(request).substr(20)) == RS_OK);
    std::optional<Reply> read = requests.next();
    CHECK(read && read->size() == 3 && (*read)[2].str() == std::string_view("a\0b", 3));

    redisrs::Reader replies;
    CHECK(replies.feed("+OK\r\n:7\r\n!") == RS_OK);
    CHECK(replies.next()->str() == "OK" && replies.next()->integer() == 7);
    redisrs::Reader moved = std::move(replies);
    CHECK(moved.feed("x\r\n") == RS_OK);
    CHECK_FAILS(RS_ERR_PROTOCOL, moved, CHECK(!moved.next()));
    CHECK_FAILS(RS_ERR_ARGUMENT, replies, replies.feed("x")); // NOLINT: what is left is what is tested
}

static void loop()
{
    redisrs::Loop loop;
    CHECK(loop.run() == RS_OK); // Nothing to wait for.

    // A pipe, whose reader takes itself out when it has seen the end; the function is still alive then.
    int ends[2];
    CHECK(pipe(ends) == 0);
    std::string got, last(1000, 'x');
    CHECK(loop.add_fd(ends[0], RS_LOOP_READ, [&, last](int mask) {
        char bytes[16];
        ssize_t n = read(ends[0], bytes, sizeof bytes);
        if (n > 0)
            got.append(bytes, static_cast<std::size_t>(n));
        else
            loop.del_fd(ends[0]);
        got += mask == RS_LOOP_READ && last.size() == 1000 ? "." : "!";
    }) == RS_OK);
    int ticks = 0;
    std::optional<std::uint64_t> ticking = loop.every(0ms, [&] {
        CHECK(write(ends[1], "ab", 2) == 2);
        if (++ticks == 3)
            close(ends[1]);
        return ticks < 3 ? 1ms : -1ms;
    });
    CHECK(ticking && loop.run() == RS_OK && ticks == 3);
    close(ends[0]);
    got.erase(std::remove(got.begin(), got.end(), '.'), got.end());
    CHECK(got == "ababab");
    CHECK(!loop.cancel(*ticking) && !loop.del_fd(ends[0]) && loop.status() == RS_ERR_NOT_FOUND);

    bool cancelled = true;
    std::optional<std::uint64_t> later = loop.after(1h, [&] { cancelled = false; });
    CHECK(loop.after(0ms, [&] { CHECK(loop.cancel(*later)); }) && loop.run() == RS_OK && cancelled);
    CHECK(loop.after(1h, [] {}) && loop.run_once(1ms) == RS_OK);
    std::thread other([&] { CHECK(loop.stop() == RS_OK); });
    CHECK(loop.run() == RS_OK);
    other.join();

    CHECK_FAILS(RS_ERR_ARGUMENT, loop, loop.add_fd(-1, RS_LOOP_READ, [](int) {}));
    CHECK_FAILS(RS_ERR_ARGUMENT, loop, loop.add_fd(0, RS_LOOP_READ, nullptr));
    CHECK_FAILS(RS_ERR_ARGUMENT, loop, loop.after(0ms, nullptr));
    CHECK_FAILS(RS_ERR_ARGUMENT, loop, loop.every(-1ms, [] { return 1ms; }));
    redisrs::Loop moved = std::move(loop);
    CHECK(moved && !loop); // NOLINT
    CHECK_FAILS(RS_ERR_ARGUMENT, loop, loop.after(0ms, [] {}));

#ifndef REDISRS_NO_EXCEPTIONS
    // What a function throws comes out of run; what else was due comes with the next run.
    int served = 0;
    moved.after(0ms, [] { throw 7; });
    moved.after(0ms, [&] {
        served++;
        moved.stop();
    });
    int caught = 0;
    try {
        moved.run();
    } catch (int number) {
        caught = number;
    }
    CHECK(caught == 7 && moved.run() == RS_OK && served == 1);
#endif
}

static void pool()
{
    std::atomic<int> sum{0};
    {
        redisrs::Pool threads(4);
        CHECK(threads.raw() != nullptr);
        for (int i = 1; i <= 100; i++)
            CHECK(threads.queue([&sum, i] { sum += i; }) == RS_OK);
    }
    CHECK(sum == 5050);
    redisrs::Pool one(1);
#ifndef REDISRS_NO_EXCEPTIONS
    CHECK_FAILS(RS_ERR_ARGUMENT, one, one.queue(nullptr));
    CHECK_FAILS(RS_ERR_ARGUMENT, one, redisrs::Pool(100000));
#else
    CHECK(one.queue(nullptr) == RS_ERR_ARGUMENT && !redisrs::Pool(100000));
    CHECK(redisrs::Pool(100000).status() == RS_ERR_ARGUMENT);
#endif
}

int main()
{
    CHECK(redisrs::version() == RS_VERSION);
    CHECK(redisrs::status_name(RS_ERR_TIMEOUT) == "RS_ERR_TIMEOUT");
    configuration();
    Config config;
    config.set("enable-debug-command", "yes");
    Engine engine(config);
    Session session(engine);
    strings(session);
    commands(session);
    hashes_and_sorted_sets(session);
    host_commands();
    waiting(engine);
    events(engine, session);
    protocol();
    loop();
    pool();
    std::printf("%d checks\n", checks.load());
    return 0;
}
