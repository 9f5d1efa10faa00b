// The same from C++17: handles end themselves, strings are strings.
#include <iostream>
#include <redisrs.hpp>

int main()
{
    try {
        redisrs::Engine engine;
        redisrs::Session session(engine);

        session.set("greeting", "hello", std::chrono::minutes(1));
        if (auto value = session.get("greeting"))
            std::cout << "greeting: " << *value << '\n';
        if (!session.get("nothing"))
            std::cout << "nothing: (nil)\n";
        std::cout << "visits: " << session.incr_by("visits", 5).value_or(0) << '\n';

        // Without a copy.
        session.with("greeting", [](std::string_view value) { std::cout << value.size() << " bytes\n"; });

        for (redisrs::ReplyView item : session.command({"MGET", "greeting", "visits", "nothing"}))
            std::cout << "- " << (item.is_nil() ? "(nil)" : item.str()) << '\n';

        // A command that fails is a reply; a typed call that fails is an exception.
        std::cout << session.command({"INCR", "greeting"}).str() << '\n';
        try {
            session.incr_by("greeting", 1);
        } catch (const redisrs::Error &error) {
            std::cout << rs_status_name(error.status()) << ": " << error.what() << '\n';
        }
    } catch (const redisrs::Error &error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
    return 0;
}
