// redisrs for C++17: the C interface of redisrs.h with destructors, string views and containers.
//
//     redisrs::Engine engine;
//     redisrs::Session session(engine);
//     session.set("greeting", "hello");
//     if (auto value = session.get("greeting"))
//         std::cout << *value;
//     for (redisrs::ReplyView item : session.command({"MGET", "greeting", "other"}))
//         std::cout << item.str();
//     for (auto [field, value] : session.command({"HGETALL", "user:1"}).entries())
//         std::cout << field.str() << '=' << value.str();
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
#include <map>
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

// A command of any length: its name, then its arguments.
using Arguments = std::vector<std::string_view>;

// To wait without limit.
inline constexpr std::chrono::milliseconds no_limit{-1};

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
    void operator()(rs_reader *reader) const noexcept { rs_reader_free(reader); }
    void operator()(rs_request_reader *reader) const noexcept { rs_request_reader_free(reader); }
    void operator()(rs_loop *loop) const noexcept { rs_loop_free(loop); }
    void operator()(rs_pool *pool) const noexcept { rs_pool_free(pool); }
};

template <class T> using Handle = std::unique_ptr<T, Close>;

inline std::string_view view(const void *data, std::size_t len)
{
    return len == 0 ? std::string_view() : std::string_view(static_cast<const char *>(data), len);
}

// Arguments as C takes them; without an allocation if there are few.
class Argv {
public:
    Argv(const std::string_view *arguments, std::size_t count)
    {
        if (count > few) {
            many_pointers_.resize(count);
            many_lengths_.resize(count);
            pointers = many_pointers_.data();
            lengths = many_lengths_.data();
        }
        for (std::size_t i = 0; i < count; ++i) {
            pointers[i] = arguments[i].data();
            lengths[i] = arguments[i].size();
        }
    }
    Argv(const Argv &) = delete;
    Argv &operator=(const Argv &) = delete;

private:
    static constexpr std::size_t few = 16;
    const char *few_pointers_[few];
    std::size_t few_lengths_[few];
    std::vector<const char *> many_pointers_{};
    std::vector<std::size_t> many_lengths_{};

public:
    const char **pointers = few_pointers_;
    std::size_t *lengths = few_lengths_;
};

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
    std::exception_ptr thrown_{};
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

    // A map, or an array of keys and values in turn, to loop over by pairs:
    //
    //     for (auto [field, value] : session.command({"HGETALL", "user:1"}).entries())
    //         std::cout << field.str() << '=' << value.str();
    class Entries;
    Entries entries() const;

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

// What ReplyView::entries returns.
class ReplyView::Entries {
public:
    class Iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = std::pair<ReplyView, ReplyView>;
        using difference_type = std::ptrdiff_t;
        using pointer = void;
        using reference = value_type;

        Iterator() = default;
        explicit Iterator(rs_reply *const *at) : at_(at) {}
        value_type operator*() const { return {ReplyView(at_[0]), ReplyView(at_[1])}; }
        Iterator &operator++()
        {
            at_ += 2;
            return *this;
        }
        Iterator operator++(int)
        {
            Iterator before = *this;
            at_ += 2;
            return before;
        }
        friend bool operator==(const Iterator &a, const Iterator &b) { return a.at_ == b.at_; }
        friend bool operator!=(const Iterator &a, const Iterator &b) { return a.at_ != b.at_; }

    private:
        rs_reply *const *at_ = nullptr;
    };

    Entries(Entries &&) = default;
    Entries &operator=(Entries &&) = default;
    Entries(const Entries &) = delete;
    Entries &operator=(const Entries &) = delete;

    Iterator begin() const { return Iterator(size() ? of_->element : nullptr); }
    Iterator end() const { return Iterator(size() ? of_->element + 2 * size() : nullptr); }
    std::size_t size() const { return of_ ? of_->elements / 2 : 0; }

private:
    friend class ReplyView;
    friend class Reply;
    Entries(const rs_reply *of, detail::Handle<rs_reply> owner) : of_(of), owner_(std::move(owner)) {}

    const rs_reply *of_;
    // Those of a temporary reply keep it.
    detail::Handle<rs_reply> owner_;
};

inline ReplyView::Entries ReplyView::entries() const { return Entries(reply_, nullptr); }

// A reply that is owned. A temporary one lives to the end of its statement; a range-for over it, or over its entries(), keeps
// it to the end of the loop. To loop over a part of a reply give the reply a name first.
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

    Entries entries() const & { return ReplyView::entries(); }
    Entries entries() && { return Entries(std::exchange(reply_, nullptr), std::move(owner_)); }

    // Whether there is a reply at all, be it nil or an error.
    explicit operator bool() const { return owner_ != nullptr; }

private:
    detail::Handle<rs_reply> owner_{};
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
            note(rs_last_status());
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

    rs_config *raw() const { return handle_.get(); }
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
    std::shared_ptr<Logger> logger_{};
    std::shared_ptr<Clock> clock_{};
    detail::Handle<rs_config> handle_;
    rs_status status_ = RS_OK;
};

// A running call of a command of the host, in the hands of its function: its arguments, the commands that it runs on its
// keys, and its reply. The rules are those of rs_call_reply_integer: one reply, of which an array or a map is followed by its
// elements.
class Call {
public:
    Call(rs_call *call, std::size_t argc, const rs_slice *argv) : call_(call), argc_(argc), argv_(argv) {}
    Call(const Call &) = delete;
    Call &operator=(const Call &) = delete;

    // The arguments, the command's name first; an index out of range is empty. They are valid during the call.
    std::size_t size() const { return argc_; }
    std::string_view operator[](std::size_t index) const
    {
        return index < argc_ ? detail::view(argv_[index].data, argv_[index].len) : std::string_view();
    }

    // Any command on keys of this call. An error of the command is a reply too.
    Reply command(std::initializer_list<std::string_view> arguments) { return run(arguments.begin(), arguments.size()); }
    Reply command(const std::vector<std::string_view> &arguments) { return run(arguments.data(), arguments.size()); }

    rs_status integer(std::int64_t value) { return note(rs_call_reply_integer(call_, value)); }
    rs_status number(double value) { return note(rs_call_reply_double(call_, value)); }
    rs_status bulk(std::string_view data) { return note(rs_call_reply_bulk(call_, data.data(), data.size())); }
    // A status such as "OK".
    rs_status simple(std::string_view text) { return note(rs_call_reply_status(call_, std::string(text).c_str())); }
    rs_status error(std::string_view text) { return note(rs_call_reply_error(call_, std::string(text).c_str())); }
    rs_status nil() { return note(rs_call_reply_nil(call_)); }
    rs_status array(std::size_t elements) { return note(rs_call_reply_array(call_, elements)); }
    rs_status map(std::size_t pairs) { return note(rs_call_reply_map(call_, pairs)); }

    rs_call *raw() const { return call_; }
    rs_status status() const { return status_; }

private:
    Reply run(const std::string_view *arguments, std::size_t count)
    {
        if (count > INT_MAX) {
            status_ = detail::refuse("too many arguments");
            return Reply();
        }
        detail::Argv argv(arguments, count);
        Reply reply(rs_call_command_argv(call_, static_cast<int>(count), argv.pointers, argv.lengths));
        status_ = reply ? RS_OK : detail::check(rs_last_status());
        return reply;
    }

    rs_status note(rs_status status)
    {
        status_ = status;
        return detail::check(status);
    }

    rs_call *call_;
    std::size_t argc_;
    const rs_slice *argv_;
    rs_status status_ = RS_OK;
};

namespace detail {

// Runs the function of a command of the host. What it throws must not pass through frames of C: it is the reply.
template <class Function> void call_function(Function &function, rs_call *raw, int argc, const rs_slice *argv) noexcept
{
    Call call(raw, static_cast<std::size_t>(argc), argv);
#ifndef REDISRS_NO_EXCEPTIONS
    try {
        function(call);
    } catch (const std::exception &thrown) {
        rs_call_reply_error(raw, thrown.what());
    } catch (...) {
        rs_call_reply_error(raw, "ERR the host's function threw something that is no std::exception");
    }
#else
    function(call);
#endif
}

} // namespace detail

// What a command of the host is called, how many arguments it has, and where its keys are, as in rs_command_spec.
struct Command {
    std::string name;
    int arity = -1;
    std::string flags = {};
    int first_key = 0;
    int last_key = 0;
    int key_step = 0;
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
        else if (config.raw() == nullptr)
            status_ = detail::refuse("the configuration was moved away");
        else
            open(config.raw());
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

    // Adds a command of the host: a call runs function(Call &) in the thread that serves the client, in several at once, with
    // its keys locked. What it throws is the error that the client gets. The function is kept until the engine has ended.
    //
    //     engine.add_command({"greet", 3, "write denyoom", 1, 1, 1}, [](redisrs::Call &call) {
    //         call.command({"SET", call[1], call[2]});
    //         call.simple("HELLO");
    //     });
    rs_status add_command(const Command &command, std::function<void(Call &)> function)
    {
        using Function = std::function<void(Call &)>;
        if (!function)
            return status_ = detail::refuse("the function is empty");
        if (command.name.find('\0') != std::string::npos || command.flags.find('\0') != std::string::npos)
            return status_ = detail::refuse("a command's name or flags contain a NUL byte");
        auto handler = [](rs_call *call, int argc, const rs_slice *argv, void *ud) noexcept {
            detail::call_function(*static_cast<Function *>(ud), call, argc, argv);
        };
        auto free = [](void *ud) noexcept { delete static_cast<Function *>(ud); };
        rs_command_spec spec;
        spec.name = command.name.c_str();
        spec.arity = command.arity;
        spec.flags = command.flags.c_str();
        spec.first_key = command.first_key;
        spec.last_key = command.last_key;
        spec.key_step = command.key_step;
        spec.handler = handler;
        // The library frees it, whether the command is added or not.
        spec.userdata = new Function(std::move(function));
        spec.free_userdata = free;
        return status_ = detail::check(rs_engine_register_command(handle_.get(), &spec));
    }

    rs_engine *raw() const { return handle_.get(); }
    rs_status status() const { return status_; }
    explicit operator bool() const { return handle_ != nullptr; }

private:
    void open(const rs_config *config)
    {
        rs_engine *engine = nullptr;
        status_ = detail::check(rs_engine_open(config, &engine));
        handle_.reset(engine);
    }

    std::shared_ptr<Config::Logger> logger_{};
    std::shared_ptr<Config::Clock> clock_{};
    detail::Handle<rs_engine> handle_{};
    rs_status status_ = RS_OK;
};

// Receives keyspace events until the object goes, which must be before the engine goes and not from inside the function:
//
//     redisrs::Listener expired(engine, RS_EVENT_EXPIRED, [](std::string_view, std::string_view key, int) {
//         std::cout << key << " is gone\n";
//     });
//
// The function runs in the thread whose command caused the event, at the same time in several for different keys; what it
// may do is told at rs_event_fn. It must not throw.
class Listener {
public:
    using Function = std::function<void(std::string_view event, std::string_view key, int db)>;

    Listener(const Engine &engine, std::uint32_t classes, Function function)
        : function_(std::make_unique<Function>(std::move(function))), engine_(engine.raw())
    {
        if (!*function_ || classes == 0)
            status_ = detail::refuse("a listener without function or classes");
        else
            status_ = detail::check(rs_engine_on_event(engine_, classes, call, function_.get()));
    }

    Listener(Listener &&other) noexcept
        : function_(std::move(other.function_)), engine_(other.engine_), status_(other.status_)
    {
    }
    Listener &operator=(Listener &&other) noexcept
    {
        end();
        function_ = std::move(other.function_);
        engine_ = other.engine_;
        status_ = other.status_;
        return *this;
    }
    Listener(const Listener &) = delete;
    Listener &operator=(const Listener &) = delete;
    ~Listener() { end(); }

    rs_status status() const { return status_; }
    explicit operator bool() const { return function_ != nullptr && status_ >= 0; }

private:
    static void call(const char *event, const void *key, std::size_t klen, int db, void *ud) noexcept
    {
        (*static_cast<Function *>(ud))(event, detail::view(key, klen), db);
    }

    void end() noexcept
    {
        if (*this)
            rs_engine_on_event(engine_, 0, call, function_.get());
        function_.reset();
    }

    std::unique_ptr<Function> function_;
    rs_engine *engine_ = nullptr;
    rs_status status_ = RS_OK;
};

// Opens an engine, serves it until SHUTDOWN, closes it; blocks.
inline rs_status run() { return detail::check(rs_server_run(nullptr)); }
inline rs_status run(const Config &config)
{
    return config ? detail::check(rs_server_run(config.raw())) : detail::refuse("the configuration has failed");
}

// An engine on its sockets, until the object goes.
class Server {
public:
    explicit Server(const Engine &engine)
    {
        rs_server *server = nullptr;
        status_ = detail::check(rs_server_start(engine.raw(), &server));
        handle_.reset(server);
    }

    std::uint16_t port() const { return rs_server_port(handle_.get()); }
    int fd() const { return rs_server_fd(handle_.get()); }

    // Waits for a client's SHUTDOWN; RS_ERR_TIMEOUT if none came in time. Any thread.
    rs_status wait(std::chrono::milliseconds timeout = no_limit) const
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

    rs_server *raw() const { return handle_.get(); }
    rs_status status() const { return status_; }
    explicit operator bool() const { return handle_ != nullptr; }

private:
    detail::Handle<rs_server> handle_{};
    rs_status status_ = RS_OK;
};

// A client in the process. One thread at a time, except for interrupt.
class Session {
public:
    using Arguments = redisrs::Arguments;

    explicit Session(const Engine &engine)
    {
        rs_session *session = nullptr;
        status_ = detail::check(rs_session_open(engine.raw(), &session));
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

    std::optional<std::string> get(std::string_view key)
    {
        return copy([&](void *buf, std::size_t cap, std::size_t *len) {
            return rs_get(handle_.get(), key.data(), key.size(), buf, cap, len);
        });
    }

    // Calls f with the value, a std::string_view into the store's own memory; false without a call if there is none. f must
    // not use this library. What it throws is thrown here.
    template <class F> bool with(std::string_view key, F &&f)
    {
        using Caller = detail::Callback<std::remove_reference_t<F>>;
        Caller call(f);
        auto c = [](const void *val, std::size_t len, void *ud) { Caller::call(ud, detail::view(val, len)); };
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

    // One field of a hash; hset makes the hash if there is none.
    std::optional<std::string> hget(std::string_view key, std::string_view field)
    {
        return copy([&](void *buf, std::size_t cap, std::size_t *len) {
            return rs_hget(handle_.get(), key.data(), key.size(), field.data(), field.size(), buf, cap, len);
        });
    }

    bool hset(std::string_view key, std::string_view field, std::string_view value)
    {
        rs_session *session = handle_.get();
        return note(rs_hset(session, key.data(), key.size(), field.data(), field.size(), value.data(), value.size())) == RS_OK;
    }

    // One member of a sorted set; zadd makes the set if there is none. The score may be infinite.
    bool zadd(std::string_view key, double score, std::string_view member)
    {
        return note(rs_zadd(handle_.get(), key.data(), key.size(), score, member.data(), member.size())) == RS_OK;
    }

    std::optional<double> zscore(std::string_view key, std::string_view member)
    {
        double score = 0;
        rs_status status = rs_zscore(handle_.get(), key.data(), key.size(), member.data(), member.size(), &score);
        return note(status) == RS_OK ? std::optional(score) : std::nullopt;
    }

    // Calls f(std::size_t index, std::optional<std::string_view> value) for each key, in order, as with does. False if the
    // call failed.
    template <class F> bool with_many(const std::vector<std::string_view> &keys, F &&f)
    {
        using Caller = detail::Callback<std::remove_reference_t<F>>;
        Caller call(f);
        auto c = [](std::size_t i, const void *val, std::size_t len, void *ud) {
            Caller::call(ud, i, val ? std::optional(detail::view(val, len)) : std::nullopt);
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
    // A value that `read` writes to a buffer. Values of usual size are copied twice, so that nothing is allocated while a
    // part of the store is locked.
    template <class Read> std::optional<std::string> copy(Read read)
    {
        char first[512];
        std::size_t len = 0;
        rs_status status = read(first, sizeof first, &len);
        if (status == RS_OK) {
            status_ = status;
            return std::string(first, len);
        }
        // It may have grown in between.
        while (status == RS_ERR_BUFFER_TOO_SMALL) {
            std::string value(len, '\0');
            status = read(value.data(), value.size(), &len);
            if (status == RS_OK) {
                status_ = status;
                value.resize(len);
                return value;
            }
        }
        note(status);
        return std::nullopt;
    }

    Reply run(const std::string_view *arguments, std::size_t count)
    {
        if (count > INT_MAX) {
            status_ = detail::refuse("too many arguments");
            return Reply();
        }
        detail::Argv argv(arguments, count);
        Reply reply(rs_command_argv(handle_.get(), static_cast<int>(count), argv.pointers, argv.lengths));
        status_ = reply ? RS_OK : detail::check(rs_last_status());
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

    detail::Handle<rs_session> handle_{};
    rs_status status_ = RS_OK;
};

// ---- The parts by themselves, for programs that are not about an engine ----

// A request as a client sends it, in RESP; empty if it failed, which needs an empty list or no memory.
inline std::string format(const Arguments &arguments)
{
    if (arguments.size() > INT_MAX) {
        detail::refuse("too many arguments");
        return {};
    }
    detail::Argv argv(arguments.data(), arguments.size());
    int argc = static_cast<int>(arguments.size());
    std::size_t len = 0;
    rs_status status = rs_format_argv(argc, argv.pointers, argv.lengths, nullptr, 0, &len);
    if (status != RS_ERR_BUFFER_TOO_SMALL) {
        detail::check(status);
        return {};
    }
    std::string request(len, '\0');
    detail::check(rs_format_argv(argc, argv.pointers, argv.lengths, request.data(), request.size(), &len));
    return request;
}

namespace detail {

// What both readers are.
template <class C, C *make(), rs_status feed_to(C *, const void *, std::size_t), rs_status take(C *, rs_reply **)>
class ReaderOf {
public:
    ReaderOf() : handle_(make())
    {
        if (!handle_)
            status_ = check(rs_last_status());
    }

    // Bytes that have arrived.
    rs_status feed(std::string_view bytes) { return status_ = check(feed_to(handle_.get(), bytes.data(), bytes.size())); }

    // The next one; nothing if it takes more bytes. RS_ERR_PROTOCOL if the bytes are none, from then on for ever.
    std::optional<Reply> next()
    {
        rs_reply *reply = nullptr;
        status_ = check(take(handle_.get(), &reply));
        return status_ == RS_OK ? std::optional<Reply>(Reply(reply)) : std::nullopt;
    }

    C *raw() const { return handle_.get(); }
    rs_status status() const { return status_; }
    explicit operator bool() const { return handle_ != nullptr; }

private:
    Handle<C> handle_;
    rs_status status_ = RS_OK;
};

} // namespace detail

// Makes replies of bytes: a client's half of the protocol.
using Reader = detail::ReaderOf<rs_reader, rs_reader_new, rs_reader_feed, rs_reader_next>;
// Makes requests of bytes, each an array of strings: a server's half.
using RequestReader =
    detail::ReaderOf<rs_request_reader, rs_request_reader_new, rs_request_reader_feed, rs_request_reader_next>;

// Waits for descriptors and times, and calls functions. One thread at a time, except for stop.
//
// What a function throws ends run or run_once, which throw it on. Functions may change the loop in every way, also delete
// themselves; they may not end it.
class Loop {
public:
    using OnReady = std::function<void(int mask)>;
    // Returns in how many milliseconds it wants to be called again; negative: never.
    using OnTime = std::function<std::chrono::milliseconds()>;

    Loop() : state_(std::make_unique<State>()), handle_(rs_loop_new())
    {
        if (!handle_)
            status_ = detail::check(rs_last_status());
    }

    // Calls f whenever the descriptor is ready for what the mask says (RS_LOOP_READ, RS_LOOP_WRITE), in place of what was
    // called before.
    rs_status add_fd(int fd, int mask, OnReady f)
    {
        if (!handle_ || !f)
            return status_ = detail::refuse(handle_ ? "the function is empty" : "there is no loop");
        // All memory first: once the loop has the function nothing may fail.
        auto entry = std::make_shared<Ready>(state_.get(), std::move(f));
        auto &slot = state_->ready[fd];
        auto call = [](rs_loop *loop, int, int ready, void *ud) noexcept {
            auto self = static_cast<Ready *>(ud)->shared_from_this(); // It may delete itself.
            self->state->guard(loop, [&] { self->f(ready); });
        };
        status_ = rs_loop_add_fd(handle_.get(), fd, mask, call, entry.get());
        if (status_ == RS_OK)
            slot = std::move(entry);
        else if (!slot)
            state_->ready.erase(fd);
        return detail::check(status_);
    }

    // False if it is not in the loop.
    bool del_fd(int fd)
    {
        status_ = rs_loop_del_fd(handle_.get(), fd);
        if (state_)
            state_->ready.erase(fd);
        return found();
    }

    // Calls f after so long, and then as often as it says. Returns the number by which to cancel it, none after a failure.
    std::optional<std::uint64_t> every(std::chrono::milliseconds after, OnTime f)
    {
        if (!handle_ || !f) {
            status_ = detail::refuse(handle_ ? "the function is empty" : "there is no loop");
            return std::nullopt;
        }
        auto entry = std::make_shared<Timed>(state_.get(), std::move(f));
        // No timer has the number 0; it is put right below.
        state_->timed[0] = entry;
        auto call = [](rs_loop *loop, std::uint64_t id, void *ud) noexcept -> std::int64_t {
            auto self = static_cast<Timed *>(ud)->shared_from_this();
            // One that throws is done; one that is passed over comes next time.
            std::chrono::milliseconds next{-1};
            if (!self->state->guard(loop, [&] { next = self->f(); }))
                return 0;
            if (next.count() < 0)
                self->state->timed.erase(id);
            return next.count();
        };
        std::uint64_t id = 0;
        status_ = rs_loop_add_timer(handle_.get(), after.count(), call, entry.get(), &id);
        auto node = state_->timed.extract(0);
        if (detail::check(status_) != RS_OK)
            return std::nullopt;
        node.key() = id;
        state_->timed.insert(std::move(node));
        return id;
    }

    // Calls f once, after so long.
    std::optional<std::uint64_t> after(std::chrono::milliseconds after, std::function<void()> f)
    {
        if (!f) {
            status_ = detail::refuse("the function is empty");
            return std::nullopt;
        }
        return every(after, [f = std::move(f)] {
            f();
            return std::chrono::milliseconds(-1);
        });
    }

    // False if there is no such timer, because it is done.
    bool cancel(std::uint64_t id)
    {
        status_ = rs_loop_del_timer(handle_.get(), id);
        if (state_)
            state_->timed.erase(id);
        return found();
    }

    // Until stop, or nothing is left to wait for.
    rs_status run() { return finish(rs_loop_run(handle_.get())); }
    // Waits once.
    rs_status run_once(std::chrono::milliseconds timeout = no_limit)
    {
        return finish(rs_loop_run_once(handle_.get(), timeout.count()));
    }
    // Ends run, or the next one. Any thread.
    rs_status stop() const { return detail::check(rs_loop_stop(handle_.get())); }

    rs_loop *raw() const { return handle_.get(); }
    rs_status status() const { return status_; }
    explicit operator bool() const { return handle_ != nullptr; }

private:
    struct State;
    struct Ready : std::enable_shared_from_this<Ready> {
        Ready(State *of, OnReady function) : state(of), f(std::move(function)) {}
        Ready(const Ready &) = delete;
        Ready &operator=(const Ready &) = delete;
        State *state;
        OnReady f;
    };
    struct Timed : std::enable_shared_from_this<Timed> {
        Timed(State *of, OnTime function) : state(of), f(std::move(function)) {}
        Timed(const Timed &) = delete;
        Timed &operator=(const Timed &) = delete;
        State *state;
        OnTime f;
    };
    struct State {
        std::map<int, std::shared_ptr<Ready>> ready{};
        std::map<std::uint64_t, std::shared_ptr<Timed>> timed{};
#ifndef REDISRS_NO_EXCEPTIONS
        std::exception_ptr thrown{};
#endif
        // False without a call if another has thrown in this turn of the loop.
        template <class F> bool guard([[maybe_unused]] rs_loop *loop, F &&f)
        {
#ifndef REDISRS_NO_EXCEPTIONS
            if (thrown)
                return false;
            try {
                f();
            } catch (...) {
                thrown = std::current_exception();
                rs_loop_stop(loop);
            }
#else
            f();
#endif
            return true;
        }
    };

    bool found()
    {
        if (status_ != RS_ERR_NOT_FOUND)
            detail::check(status_);
        return status_ == RS_OK;
    }

    rs_status finish(rs_status status)
    {
        status_ = status;
#ifndef REDISRS_NO_EXCEPTIONS
        if (state_ && state_->thrown)
            std::rethrow_exception(std::exchange(state_->thrown, nullptr));
#endif
        return detail::check(status);
    }

    // The handle goes before the functions that it calls.
    std::unique_ptr<State> state_;
    detail::Handle<rs_loop> handle_;
    rs_status status_ = RS_OK;
};

// Threads that run functions. The destructor runs what is queued and waits for it. Any thread may queue.
class Pool {
public:
    explicit Pool(std::size_t threads) : handle_(rs_pool_new(threads))
    {
        if (!handle_)
            status_ = detail::check(rs_last_status());
    }

    // An exception that leaves the task ends the program, as with std::thread.
    rs_status queue(std::function<void()> task) const
    {
        if (!task)
            return detail::refuse("the task is empty");
        auto kept = std::make_unique<std::function<void()>>(std::move(task));
        auto call = [](void *arg) noexcept {
            std::unique_ptr<std::function<void()>> run(static_cast<std::function<void()> *>(arg));
            (*run)();
        };
        rs_status status = rs_pool_queue(handle_.get(), call, kept.get());
        if (status == RS_OK)
            static_cast<void>(kept.release());
        return detail::check(status);
    }

    rs_pool *raw() const { return handle_.get(); }
    rs_status status() const { return status_; }
    explicit operator bool() const { return handle_ != nullptr; }

private:
    detail::Handle<rs_pool> handle_;
    rs_status status_ = RS_OK;
};

} // namespace REDISRS_POLICY
} // namespace redisrs

#undef REDISRS_POLICY

#endif // REDISRS_HPP
