// The program that every project here builds, in C++.
#include <iostream>
#include <redisrs.hpp>

int main()
{
    redisrs::Engine engine;
    redisrs::Session session(engine);
    std::cout << session.incr_by("answers", 42).value_or(0) << '\n';
    return 0;
}
