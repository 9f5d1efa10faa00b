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
// one thread at a time, and sessions and servers go before their engine does. A moved-from object is false and good for
// nothing but destruction and assignment.
//
// Errors are exceptions of type redisrs::Error. With REDISRS_NO_EXCEPTIONS defined, or exceptions switched off in the
// compiler, nothing is thrown: an object that could not be made is false, a call that failed returns an empty value,
// and status() of the object tells why, last_error() in which words. Both kinds of file can be linked into one program.
#ifndef REDISRS_HPP
#define REDISRS_HPP

#include "redisrs.h"

#include <chrono>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#if !defined(REDISRS_NO_EXCEPTIONS) && !defined(__cpp_exceptions)
#define REDISRS_NO_EXCEPTIONS
#endif

#ifndef REDISRS_NO_EXCEPTIONS
#include <exception>
#include <stdexcept>
#define REDISRS_POLICY throwing
#else
#define REDISRS_POLICY quiet
#endif

namespace redisrs {
// The policy is part of every name that a linker sees, so that files of both kinds do not get each other's functions.
inline namespace REDISRS_POLICY {

// The version of the library that runs; RS_VERSION is that of the header.
inline std::string_view version() { return rs_version(); }

// What went wrong in this thread's last call that failed; valid until the next call.
inline std::string_view last_error() { return rs_last_error(); }

// The name of a status, such as "RS_ERR_TIMEOUT".
inline std::string_view status_name(rs_status status) { return rs_status_name(status); }

// To wait without limit.
inline constexpr std::chrono::milliseconds forever{-1};

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

// A failure that the library was not asked about.
inline rs_status refuse([[maybe_unused]] const char *text)
{
#ifndef REDISRS_NO_EXCEPTIONS
    throw Error(RS_ERR_ARGUMENT, text);
#else
    return RS_ERR_ARGUMENT;
#endif
}

struct Close {
    void operator()(rs_config *config) const noexcept { rs_config_free(config); }
    void operator()(rs_engine *engine) const noexcept { rs_engine_close(engine); }
    void operator()(rs_session *session) const noexcept { rs_session_close(session); }
    void operator()(rs_server *server) const noexcept { rs_server_stop(server); }
    void operator()(rs_reply *reply) const noexcept { rs_reply_free(reply); }
};

template <class T> using Handle = std::unique_ptr<T, Close>;

inline std::string_view view(const void *data, std::size_t len)
{
    return len == 0 ? std::string_view() : std::string_view(static_cast<const char *>(data), len);
}

// A function of the host on its way through the library. What it throws must not pass through frames of C: it is kept,
// the function is not called again, and done() throws it on.
template <class F> class Callback {
public:
    explicit Callback(F &function) : function_(function) {}

    void *ud() { return this; }

    template <class... Arguments> static void call(void *ud, Arguments... arguments) noexcept
    {
        auto &self = *static_cast<Callback *>(ud);
#ifndef REDISRS_NO_EXCEPTIONS
        if (self.thrown_)
            return;
        try {
            self.function_(arguments...);
        } catch (...) {
            self.thrown_ = std::current_exception();
        }
#else
        self.function_(arguments...);
#endif
    }

    void done()
    {
#ifndef REDISRS_NO_EXCEPTIONS
        if (thrown_)
            std::rethrow_exception(thrown_);
#endif
    }

private:
    F &function_;
#ifndef REDISRS_NO_EXCEPTIONS
    std::exception_ptr thrown_;
#endif
};

} // namespace detail

// A look at a reply or a part of one; valid as long as its Reply. An empty one, as for an index out of range, is nil.
class ReplyView {
public:
    ReplyView() = default;
    explicit ReplyView(const rs_reply *reply) : reply_(reply) {}

    // One of the RS_REPLY_ constants.
    int type() const { return reply_ ? reply_->type : RS_REPLY_NIL; }
    bool is_nil() const { return type() == RS_REPLY_NIL; }
    bool is_error() const { return type() == RS_REPLY_ERROR; }
    // Array, map, set or push: something to loop over.
    bool is_aggregate() const
    {
        int t = type();
        return t == RS_REPLY_ARRAY || t == RS_REPLY_MAP || t == RS_REPLY_SET || t == RS_REPLY_PUSH || t == RS_REPLY_ATTR;
    }

    long long integer() const { return reply_ ? reply_->integer : 0; }
    bool boolean() const { return integer() != 0; }
    double number() const { return reply_ ? reply_->dval : 0; }
    // The text of a string, status, error, double, big number or verbatim text; else empty.
    std::string_view str() const
    {
        return reply_ && reply_->str ? std::string_view(reply_->str, reply_->len) : std::string_view();
    }
    // The same, where nothing is not the same as an empty text.
    std::optional<std::string_view> text() const
    {
        return reply_ && reply_->str ? std::optional(std::string_view(reply_->str, reply_->len)) : std::nullopt;
    }
    // "txt" or "mkd" for a verbatim text; else empty.
    std::string_view format() const { return type() == RS_REPLY_VERB ? std::string_view(reply_->vtype, 3) : std::string_view(); }

    // The elements of an aggregate. A map has keys and values in turn.
    std::size_t size() const { return reply_ ? reply_->elements : 0; }
    bool empty() const { return size() == 0; }
    ReplyView operator[](std::size_t index) const { return ReplyView(index < size() ? reply_->element[index] : nullptr); }

    class Iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = ReplyView;
        using difference_type = std::ptrdiff_t;
        using pointer = void;
        using reference = ReplyView;

        Iterator() = default;
        explicit Iterator(rs_reply *const *at) : at_(at) {}
        ReplyView operator*() const { return ReplyView(*at_); }
        Iterator &operator++()
        {
            ++at_;
            return *this;
        }
        Iterator operator++(int)
        {
            Iterator before = *this;
            ++at_;
            return before;
        }
        friend bool operator==(const Iterator &a, const Iterator &b) { return a.at_ == b.at_; }
        friend bool operator!=(const Iterator &a, const Iterator &b) { return a.at_ != b.at_; }

    private:
        rs_reply *const *at_ = nullptr;
    };

    Iterator begin() const { return Iterator(size() ? reply_->element : nullptr); }
    Iterator end() const { return Iterator(size() ? reply_->element + size() : nullptr); }

    // The value behind a key in a map, or in an array of keys and values such as HGETALL's without HELLO 3; nil if the
    // key is not there. Looks at one after the other.
    ReplyView find(std::string_view key) const
    {
        for (std::size_t i = 0; i + 1 < size(); i += 2)
            if ((*this)[i].str() == key)
                return (*this)[i + 1];
        return ReplyView();
    }

    // The reply as C sees it.
    const rs_reply *raw() const { return reply_; }

private:
    friend class Reply;
    const rs_reply *reply_ = nullptr;
};

// A reply that is owned. A temporary one lives to the end of its statement, in a range-for to the end of the loop.
class Reply : public ReplyView {
public:
    Reply() = default;
    explicit Reply(rs_reply *reply) : ReplyView(reply), owner_(reply) {}
    Reply(Reply &&other) noexcept : ReplyView(other.reply_), owner_(std::move(other.owner_)) { other.reply_ = nullptr; }
    Reply &operator=(Reply &&other) noexcept
    {
        owner_ = std::move(other.owner_);
        reply_ = owner_.get();
        other.reply_ = other.owner_.get();
        return *this;
    }

    // Whether there is a reply at all, be it nil or an error.
    explicit operator bool() const { return owner_ != nullptr; }

private:
    detail::Handle<rs_reply> owner_;
};

// Settings, as in redis.conf.
//
// Without exceptions status() is the first failure, so that a chain of calls needs one look.
class Config {
public:
    // level is 0 debug, 1 verbose, 2 notice, 3 warning.
    using Logger = std::function<void(int level, std::string_view message)>;
    // Milliseconds since 1970-01-01 UTC.
    using Clock = std::function<std::int64_t()>;

    Config() : handle_(rs_config_new())
    {
        if (!handle_)
            note(RS_ERR_NO_MEMORY);
    }

    Config &set(std::string_view name, std::string_view value)
    {
        if (has_nul(name) || has_nul(value))
            status_ = detail::refuse("a setting contains a NUL byte");
        else
            note(rs_config_set(handle_.get(), std::string(name).c_str(), std::string(value).c_str()));
        return *this;
    }

    template <class Integer, std::enable_if_t<std::is_integral_v<Integer>, int> = 0>
    Config &set(std::string_view name, Integer value)
    {
        static_assert(!std::is_same_v<Integer, bool>, "redis.conf says yes and no");
        static_assert(!std::is_same_v<Integer, char>, "a character is no number; give a string");
        return set(name, std::string_view(std::to_string(value)));
    }

    Config &load(std::string_view path)
    {
        if (has_nul(path))
            status_ = detail::refuse("a path contains a NUL byte");
        else
            note(rs_config_load(handle_.get(), std::string(path).c_str()));
        return *this;
    }

    // Where log messages go. Called from any thread, also from several at once; must not throw and not use an engine.
    // Engines opened with this configuration keep it alive.
    Config &logger(Logger logger)
    {
        auto call = [](int level, const char *msg, std::size_t len, void *ud) noexcept {
            (*static_cast<Logger *>(ud))(level, detail::view(msg, len));
        };
        bool none = !logger;
        auto kept = std::make_shared<Logger>(std::move(logger));
        note(rs_config_set_logger(handle_.get(), none ? nullptr : +call, kept.get()));
        logger_ = std::move(kept);
        return *this;
    }

    // The time that decides when keys expire. The rules of logger.
    Config &clock(Clock clock)
    {
        auto call = [](void *ud) noexcept -> std::int64_t { return (*static_cast<Clock *>(ud))(); };
        bool none = !clock;
        auto kept = std::make_shared<Clock>(std::move(clock));
        note(rs_config_set_clock(handle_.get(), none ? nullptr : +call, kept.get()));
        clock_ = std::move(kept);
        return *this;
    }

    rs_config *get() const { return handle_.get(); }
    rs_status status() const { return status_; }
    explicit operator bool() const { return handle_ != nullptr && status_ >= 0; }

private:
    friend class Engine;

    static bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

    void note(rs_status status)
    {
        if (status_ >= 0)
            status_ = status;
        detail::check(status);
    }

    // Before the handle, so that they go after it.
    std::shared_ptr<Logger> logger_;
    std::shared_ptr<Clock> clock_;
    detail::Handle<rs_config> handle_;
    rs_status status_ = RS_OK;
};

// One store. Any thread may use it, several at once.
class Engine {
public:
    Engine() { open(nullptr); }
    // Without exceptions a configuration that has failed opens nothing.
    explicit Engine(const Config &config) : logger_(config.logger_), clock_(config.clock_)
    {
        if (config.status() < 0)
            status_ = config.status();
        else if (config.get() == nullptr)
            status_ = detail::refuse("the configuration was moved away");
        else
            open(config.get());
    }

    Engine(Engine &&) = default;
    // The engine that was here is closed before its logger and clock go.
    Engine &operator=(Engine &&other) noexcept
    {
        handle_ = std::move(other.handle_);
        logger_ = std::move(other.logger_);
        clock_ = std::move(other.clock_);
        status_ = other.status_;
        return *this;
    }

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

    std::shared_ptr<Config::Logger> logger_;
    std::shared_ptr<Config::Clock> clock_;
    detail::Handle<rs_engine> handle_;
    rs_status status_ = RS_OK;
};

// Opens an engine, serves it until SHUTDOWN, closes it; blocks.
inline rs_status run() { return detail::check(rs_server_run(nullptr)); }
inline rs_status run(const Config &config)
{
    return config ? detail::check(rs_server_run(config.get())) : detail::refuse("the configuration has failed");
}

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

    // Waits for a client's SHUTDOWN; RS_ERR_TIMEOUT if none came in time. Any thread.
    rs_status wait(std::chrono::milliseconds timeout = forever) const
    {
        rs_status status = rs_server_wait(handle_.get(), timeout.count());
        return status == RS_ERR_TIMEOUT || status == RS_ERR_CLOSED ? status : detail::check(status);
    }

    // With io-threads 0: serves what is ready, waiting for it up to the time given; RS_ERR_CLOSED after SHUTDOWN.
    rs_status poll(std::chrono::milliseconds timeout = std::chrono::milliseconds(0))
    {
        rs_status status = rs_server_poll(handle_.get(), timeout.count());
        return status_ = status == RS_ERR_CLOSED ? status : detail::check(status);
    }

    // What the destructor does, where its failure matters: RS_ERR_BUSY from inside a callback, and it still runs.
    rs_status stop()
    {
        rs_status status = rs_server_stop(handle_.get());
        if (status >= 0)
            static_cast<void>(handle_.release());
        return status_ = detail::check(status);
    }

    rs_server *get() const { return handle_.get(); }
    rs_status status() const { return status_; }
    explicit operator bool() const { return handle_ != nullptr; }

private:
    detail::Handle<rs_server> handle_;
    rs_status status_ = RS_OK;
};

// A client in the process. One thread at a time, except for interrupt.
class Session {
public:
    using Arguments = std::vector<std::string_view>;

    explicit Session(const Engine &engine)
    {
        rs_session *session = nullptr;
        status_ = detail::check(rs_session_open(engine.get(), &session));
        handle_.reset(session);
    }

    // Any command. An error of the command is a reply too.
    Reply command(std::initializer_list<std::string_view> arguments) { return run(arguments.begin(), arguments.size()); }
    Reply command(const Arguments &arguments) { return run(arguments.data(), arguments.size()); }

    // A pipeline in one call: as many replies as commands, or none at all if it failed.
    std::vector<Reply> batch(const std::vector<Arguments> &commands)
    {
        std::vector<const char *> pointers;
        std::vector<std::size_t> lengths;
        std::vector<int> argc;
        for (const Arguments &arguments : commands) {
            if (arguments.size() > INT_MAX) {
                status_ = detail::refuse("too many arguments");
                return {};
            }
            argc.push_back(static_cast<int>(arguments.size()));
            for (std::string_view argument : arguments) {
                pointers.push_back(argument.data());
                lengths.push_back(argument.size());
            }
        }
        std::vector<const char **> argv;
        std::vector<const std::size_t *> argvlen;
        std::size_t at = 0;
        for (const Arguments &arguments : commands) {
            argv.push_back(pointers.data() + at);
            argvlen.push_back(lengths.data() + at);
            at += arguments.size();
        }
        std::vector<rs_reply *> out(commands.size());
        std::vector<Reply> replies;
        replies.reserve(commands.size());
        if (note(rs_command_batch(handle_.get(), commands.size(), argc.data(), argv.data(), argvlen.data(), out.data())) < 0)
            return {};
        for (rs_reply *reply : out)
            replies.emplace_back(reply);
        return replies;
    }

    // The next message that came unasked; none if the time is over or the wait was interrupted, as status() tells.
    std::optional<Reply> next_push(std::chrono::milliseconds timeout = std::chrono::milliseconds(0))
    {
        rs_reply *reply = nullptr;
        rs_status status = rs_session_next_push(handle_.get(), timeout.count(), &reply);
        status_ = status == RS_ERR_TIMEOUT || status == RS_ERR_CLOSED ? status : detail::check(status);
        return status_ == RS_OK ? std::optional<Reply>(Reply(reply)) : std::nullopt;
    }

    // Ends the wait that another thread is in with this session, or its next one. Any thread.
    rs_status interrupt() const { return detail::check(rs_session_interrupt(handle_.get())); }

    // Values of usual size are copied twice, so that nothing is allocated while a part of the store is locked.
    std::optional<std::string> get(std::string_view key)
    {
        char small[512];
        std::size_t len = 0;
        rs_status status = rs_get(handle_.get(), key.data(), key.size(), small, sizeof small, &len);
        if (status == RS_OK) {
            status_ = status;
            return std::string(small, len);
        }
        // It may have grown in between.
        while (status == RS_ERR_BUFFER_TOO_SMALL) {
            std::string value(len, '\0');
            status = rs_get(handle_.get(), key.data(), key.size(), value.data(), value.size(), &len);
            if (status == RS_OK) {
                status_ = status;
                value.resize(len);
                return value;
            }
        }
        note(status);
        return std::nullopt;
    }

    // Calls f with the value, a std::string_view into the store's own memory; false without a call if there is none. f must
    // not use this library. What it throws is thrown here.
    template <class F> bool with(std::string_view key, F &&f)
    {
        using Call = detail::Callback<std::remove_reference_t<F>>;
        Call call(f);
        auto c = [](const void *val, std::size_t len, void *ud) { Call::call(ud, detail::view(val, len)); };
        rs_status status = rs_get_with(handle_.get(), key.data(), key.size(), c, call.ud());
        call.done();
        return note(status) == RS_OK;
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

    // Calls f(std::size_t index, std::optional<std::string_view> value) for each key, in order, as with does. False if the
    // call failed.
    template <class F> bool with_many(const std::vector<std::string_view> &keys, F &&f)
    {
        using Call = detail::Callback<std::remove_reference_t<F>>;
        Call call(f);
        auto c = [](std::size_t i, const void *val, std::size_t len, void *ud) {
            Call::call(ud, i, val ? std::optional(detail::view(val, len)) : std::nullopt);
        };
        std::vector<rs_slice> slices = slices_of(keys);
        rs_status status = rs_get_many(handle_.get(), slices.size(), slices.data(), c, call.ud());
        call.done();
        return note(status) == RS_OK;
    }

    // A value, or nothing, for each key; empty if the call failed.
    std::vector<std::optional<std::string>> get_many(const std::vector<std::string_view> &keys)
    {
        std::vector<std::optional<std::string>> values(keys.size());
        auto keep = [&](std::size_t i, std::optional<std::string_view> value) {
            if (value)
                values[i].emplace(*value);
        };
        if (!with_many(keys, keep))
            values.clear();
        return values;
    }

    bool set_many(const std::vector<std::pair<std::string_view, std::string_view>> &pairs)
    {
        std::vector<rs_slice> keys, values;
        keys.reserve(pairs.size());
        values.reserve(pairs.size());
        for (const auto &[key, value] : pairs) {
            keys.push_back({key.data(), key.size()});
            values.push_back({value.data(), value.size()});
        }
        return note(rs_set_many(handle_.get(), keys.size(), keys.data(), values.data())) == RS_OK;
    }

    rs_session *raw() const { return handle_.get(); }
    rs_status status() const { return status_; }
    explicit operator bool() const { return handle_ != nullptr; }

private:
    Reply run(const std::string_view *arguments, std::size_t count)
    {
        if (count > INT_MAX) {
            status_ = detail::refuse("too many arguments");
            return Reply();
        }
        constexpr std::size_t few = 16;
        const char *few_pointers[few];
        std::size_t few_lengths[few];
        std::vector<const char *> many_pointers(count > few ? count : 0);
        std::vector<std::size_t> many_lengths(count > few ? count : 0);
        const char **argv = count > few ? many_pointers.data() : few_pointers;
        std::size_t *lengths = count > few ? many_lengths.data() : few_lengths;
        for (std::size_t i = 0; i < count; ++i) {
            argv[i] = arguments[i].data();
            lengths[i] = arguments[i].size();
        }
        Reply reply(rs_command_argv(handle_.get(), static_cast<int>(count), argv, lengths));
        status_ = reply ? RS_OK : detail::check(RS_ERR_COMMAND);
        return reply;
    }

    static std::vector<rs_slice> slices_of(const std::vector<std::string_view> &views)
    {
        std::vector<rs_slice> slices;
        slices.reserve(views.size());
        for (std::string_view view : views)
            slices.push_back({view.data(), view.size()});
        return slices;
    }

    rs_status note(rs_status status)
    {
        status_ = status;
        return detail::check(status);
    }

    detail::Handle<rs_session> handle_;
    rs_status status_ = RS_OK;
};

} // namespace REDISRS_POLICY
} // namespace redisrs

#undef REDISRS_POLICY

#endif // REDISRS_HPP
