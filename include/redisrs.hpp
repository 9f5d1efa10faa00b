// redisrs for C++17: the C interface of redisrs.h with destructors, string views and containers.
//
//     redisrs::Engine engine;
//     redisrs::Session session(engine);
//     session.set("greeting", "hello");
//     if (auto value = session.get("greeting"))
//         std::cout << *value;
//     for (redisrs::ReplyView item : session.command({"MGET", "greeting", "other"}))
//         std::cout << item.str();
//
// Every handle is owned by a movable object and ended by its destructor. The rules of redisrs.h hold: a session belongs to
// one thread at a time, and it must go before its engine does.
//
// Errors are exceptions of type redisrs::Error. With REDISRS_NO_EXCEPTIONS defined, or exceptions switched off in the
// compiler, nothing is thrown: an object that could not be made is false, a call that failed returns an empty value,
// and status() of the object tells why.
#ifndef REDISRS_HPP
#define REDISRS_HPP

#include "redisrs.h"

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if !defined(REDISRS_NO_EXCEPTIONS) && !defined(__cpp_exceptions)
#define REDISRS_NO_EXCEPTIONS
#endif

#ifndef REDISRS_NO_EXCEPTIONS
#include <stdexcept>
#endif

namespace redisrs {

#ifndef REDISRS_NO_EXCEPTIONS
// A call that failed: what() is the text, status() the code.
class Error : public std::runtime_error {
public:
    Error(rs_status status, const char *text) : std::runtime_error(text), status_(status) {}
    rs_status status() const noexcept { return status_; }

private:
    rs_status status_;
};
#endif

namespace detail {

// Throws for a failure, unless exceptions are off.
inline rs_status check(rs_status status)
{
#ifndef REDISRS_NO_EXCEPTIONS
    if (status < 0)
        throw Error(status, rs_last_error());
#endif
    return status;
}

struct Close {
    void operator()(rs_config *config) const noexcept { rs_config_free(config); }
    void operator()(rs_engine *engine) const noexcept { rs_engine_close(engine); }
    void operator()(rs_session *session) const noexcept { rs_session_close(session); }
    void operator()(rs_server *server) const noexcept { rs_server_stop(server); }
    void operator()(rs_reply *reply) const noexcept { rs_reply_free(reply); }
};

template <class T> using Handle = std::unique_ptr<T, Close>;

} // namespace detail

// A look at a reply or a part of one; valid as long as its Reply.
class ReplyView {
public:
    explicit ReplyView(const rs_reply *reply) : reply_(reply) {}

    int type() const { return reply_ ? reply_->type : RS_REPLY_NIL; }
    bool is_nil() const { return type() == RS_REPLY_NIL; }
    bool is_error() const { return type() == RS_REPLY_ERROR; }
    long long integer() const { return reply_ ? reply_->integer : 0; }
    double number() const { return reply_ ? reply_->dval : 0; }
    // The text of a string, status, error, double, big number or verbatim text; else empty.
    std::string_view str() const { return reply_ && reply_->str ? std::string_view(reply_->str, reply_->len) : std::string_view(); }
    std::size_t size() const { return reply_ ? reply_->elements : 0; }
    ReplyView operator[](std::size_t index) const { return ReplyView(index < size() ? reply_->element[index] : nullptr); }

    class Iterator {
    public:
        explicit Iterator(rs_reply *const *at) : at_(at) {}
        ReplyView operator*() const { return ReplyView(*at_); }
        Iterator &operator++()
        {
            ++at_;
            return *this;
        }
        bool operator!=(const Iterator &other) const { return at_ != other.at_; }

    private:
        rs_reply *const *at_;
    };

    Iterator begin() const { return Iterator(size() ? reply_->element : nullptr); }
    Iterator end() const { return Iterator(size() ? reply_->element + size() : nullptr); }

private:
    const rs_reply *reply_;
};

// A reply that is owned. A temporary one lives to the end of its statement, in a range-for to the end of the loop.
class Reply : public ReplyView {
public:
    explicit Reply(rs_reply *reply) : ReplyView(reply), owner_(reply) {}
    explicit operator bool() const { return owner_ != nullptr; }

private:
    detail::Handle<rs_reply> owner_;
};

// Settings, as in redis.conf.
class Config {
public:
    Config() : handle_(rs_config_new())
    {
        if (!handle_)
            status_ = detail::check(RS_ERR_NO_MEMORY);
    }

    Config &set(const std::string &name, const std::string &value)
    {
        status_ = detail::check(rs_config_set(handle_.get(), name.c_str(), value.c_str()));
        return *this;
    }

    Config &load(const std::string &path)
    {
        status_ = detail::check(rs_config_load(handle_.get(), path.c_str()));
        return *this;
    }

    rs_config *get() const { return handle_.get(); }
    rs_status status() const { return status_; }
    explicit operator bool() const { return handle_ != nullptr; }

private:
    detail::Handle<rs_config> handle_;
    rs_status status_ = RS_OK;
};

// One store.
class Engine {
public:
    Engine() { open(nullptr); }
    explicit Engine(const Config &config) { open(config.get()); }

    rs_engine *get() const { return handle_.get(); }
    rs_status status() const { return status_; }
    explicit operator bool() const { return handle_ != nullptr; }

private:
    void open(const rs_config *config)
    {
        rs_engine *engine = nullptr;
        status_ = detail::check(rs_engine_open(config, &engine));
        handle_.reset(engine);
    }

    detail::Handle<rs_engine> handle_;
    rs_status status_ = RS_OK;
};

// An engine on its sockets, until the object goes.
class Server {
public:
    explicit Server(const Engine &engine)
    {
        rs_server *server = nullptr;
        status_ = detail::check(rs_server_start(engine.get(), &server));
        handle_.reset(server);
    }

    std::uint16_t port() const { return rs_server_port(handle_.get()); }
    int fd() const { return rs_server_fd(handle_.get()); }

    // Waits for SHUTDOWN; false if none came in time.
    bool wait(std::chrono::milliseconds timeout)
    {
        rs_status status = rs_server_wait(handle_.get(), timeout.count());
        status_ = status == RS_ERR_TIMEOUT ? status : detail::check(status);
        return status == RS_OK;
    }

    rs_server *get() const { return handle_.get(); }
    rs_status status() const { return status_; }
    explicit operator bool() const { return handle_ != nullptr; }

private:
    detail::Handle<rs_server> handle_;
    rs_status status_ = RS_OK;
};

// A client in the process.
class Session {
public:
    explicit Session(const Engine &engine)
    {
        rs_session *session = nullptr;
        status_ = detail::check(rs_session_open(engine.get(), &session));
        handle_.reset(session);
    }

    // Any command. An error of the command is a reply too.
    Reply command(std::initializer_list<std::string_view> arguments) { return command(arguments.begin(), arguments.size()); }
    Reply command(const std::vector<std::string_view> &arguments) { return command(arguments.data(), arguments.size()); }

    std::optional<std::string> get(std::string_view key)
    {
        std::string value;
        return with(key, [&](std::string_view stored) { value = stored; }) ? std::optional(std::move(value)) : std::nullopt;
    }

    // Calls f with the value in the store's own memory; false without a call if there is none. f must not throw and not
    // use this library.
    template <class F> bool with(std::string_view key, F &&f)
    {
        auto call = [](const void *val, std::size_t len, void *ud) {
            (*static_cast<F *>(ud))(std::string_view(static_cast<const char *>(val), len));
        };
        return note(rs_get_with(handle_.get(), key.data(), key.size(), call, &f)) == RS_OK;
    }

    bool set(std::string_view key, std::string_view value, std::chrono::milliseconds ttl = std::chrono::milliseconds(0))
    {
        return note(rs_set(handle_.get(), key.data(), key.size(), value.data(), value.size(), ttl.count())) == RS_OK;
    }

    bool del(std::string_view key) { return note(rs_del(handle_.get(), key.data(), key.size())) == RS_OK; }
    bool exists(std::string_view key) { return note(rs_exists(handle_.get(), key.data(), key.size())) == RS_OK; }

    std::optional<std::int64_t> incr_by(std::string_view key, std::int64_t by)
    {
        std::int64_t sum = 0;
        return note(rs_incr_by(handle_.get(), key.data(), key.size(), by, &sum)) == RS_OK ? std::optional(sum) : std::nullopt;
    }

    bool expire(std::string_view key, std::chrono::milliseconds ttl)
    {
        return note(rs_expire(handle_.get(), key.data(), key.size(), ttl.count())) == RS_OK;
    }

    // How long a key has to live, a negative time if for ever.
    std::optional<std::chrono::milliseconds> ttl(std::string_view key)
    {
        std::int64_t ms = 0;
        return note(rs_ttl(handle_.get(), key.data(), key.size(), &ms)) == RS_OK
            ? std::optional(std::chrono::milliseconds(ms)) : std::nullopt;
    }

    rs_session *raw() const { return handle_.get(); }
    rs_status status() const { return status_; }
    explicit operator bool() const { return handle_ != nullptr; }

private:
    Reply command(const std::string_view *arguments, std::size_t count)
    {
        std::vector<const char *> argv(count);
        std::vector<std::size_t> lengths(count);
        for (std::size_t i = 0; i < count; ++i) {
            argv[i] = arguments[i].data();
            lengths[i] = arguments[i].size();
        }
        Reply reply(rs_command_argv(handle_.get(), static_cast<int>(count), argv.data(), lengths.data()));
        status_ = reply ? RS_OK : detail::check(RS_ERR_COMMAND);
        return reply;
    }

    rs_status note(rs_status status) { return status_ = detail::check(status); }

    detail::Handle<rs_session> handle_;
    rs_status status_ = RS_OK;
};

} // namespace redisrs

#endif // REDISRS_HPP
