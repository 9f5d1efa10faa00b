/* What stable Rust cannot define: functions with variable arguments.
 *
 * Nothing is decided here. The format is read in Rust (format.rs), which asks for one argument after the other. All
 * symbols are hidden, also the one that Rust defines: the linker gives a symbol the strictest visibility that any of its
 * declarations asks for. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define HIDDEN __attribute__((visibility("hidden")))

/* A struct, because a va_list may be an array, which could not be passed on by address. */
struct arguments {
    va_list list;
};

/* What a numeric conversion takes; format.rs has the same numbers. */
enum kind { KIND_INT, KIND_LONG, KIND_LONG_LONG, KIND_SIZE, KIND_INTMAX, KIND_PTRDIFF, KIND_DOUBLE };

HIDDEN void *rs_internal_run_format(void *session, const char *format, struct arguments *arguments);

HIDDEN void *rs_internal_command(void *session, const char *format, ...);
HIDDEN void *rs_internal_vcommand(void *session, const char *format, va_list list);
HIDDEN const void *rs_internal_next_pointer(struct arguments *arguments);
HIDDEN size_t rs_internal_next_size(struct arguments *arguments);
HIDDEN void rs_internal_skip(struct arguments *arguments, int kind);
HIDDEN int rs_internal_print(struct arguments *arguments, const char *directive, char *out, size_t room);

void *rs_internal_command(void *session, const char *format, ...)
{
    struct arguments arguments;
    va_start(arguments.list, format);
    void *reply = rs_internal_run_format(session, format, &arguments);
    va_end(arguments.list);
    return reply;
}

void *rs_internal_vcommand(void *session, const char *format, va_list list)
{
    struct arguments arguments;
    va_copy(arguments.list, list);
    void *reply = rs_internal_run_format(session, format, &arguments);
    va_end(arguments.list);
    return reply;
}

const void *rs_internal_next_pointer(struct arguments *arguments)
{
    return va_arg(arguments->list, const void *);
}

size_t rs_internal_next_size(struct arguments *arguments)
{
    return va_arg(arguments->list, size_t);
}

/* Passes over one argument. */
void rs_internal_skip(struct arguments *arguments, int kind)
{
    switch (kind) {
    case KIND_INT: (void)va_arg(arguments->list, int); break;
    case KIND_LONG: (void)va_arg(arguments->list, long); break;
    case KIND_LONG_LONG: (void)va_arg(arguments->list, long long); break;
    case KIND_SIZE: (void)va_arg(arguments->list, size_t); break;
    case KIND_INTMAX: (void)va_arg(arguments->list, intmax_t); break;
    case KIND_PTRDIFF: (void)va_arg(arguments->list, ptrdiff_t); break;
    case KIND_DOUBLE: (void)va_arg(arguments->list, double); break;
    }
}

/* Prints the next argument without passing over it; returns the length of its text, whatever the room. */
int rs_internal_print(struct arguments *arguments, const char *directive, char *out, size_t room)
{
    va_list copy;
    va_copy(copy, arguments->list);
    int len = vsnprintf(out, room, directive, copy);
    va_end(copy);
    return len;
}
