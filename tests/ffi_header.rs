//! `include/redisrs.h` is what `src/ffi/` says: generates it with cbindgen and compares.
//!
//! With `REDISRS_WRITE_HEADER=1` (`make header`) it writes the file instead. Each source file becomes one section, in the
//! order in which a newcomer reads; what cbindgen cannot know (version macros, prototypes with variable arguments,
//! layout checks) is added here.

use std::fmt::Write;
use std::path::Path;

/// Sections: title, source file, and what is put before and behind its items.
const SECTIONS: [(&str, &str, &str, &str); 9] = [
    ("Version", "version.rs", "", ""),
    ("Status codes", "status.rs", "", ""),
    ("Configuration", "config.rs", "", ""),
    ("Engine", "engine.rs", "", ""),
    ("Server", "server.rs", "", ""),
    ("Session", "session.rs", "", ""),
    ("Reply", "reply.rs", "", LAYOUT),
    ("Commands", "command.rs", VARIADIC, ""),
    ("Typed calls", "typed.rs", "", ""),
];

/// Handles, declared before all sections because these refer to each other.
const HANDLES: [(&str, &str); 4] = [
    ("rs_config", "Settings for one or more engines."),
    ("rs_engine", "One store: data, settings, statistics. A process may have many; they share nothing."),
    ("rs_server", "An engine that listens on sockets and serves them."),
    (
        "rs_session",
        "A client of an engine in the same process: selected database, transaction, name. Sessions are\n   cheap; have one per thread.",
    ),
];

const LAYOUT: &str = r#"/* The layout is part of the interface. */
#if SIZE_MAX > 0xffffffffu
typedef char rs_reply_has_64_bytes[sizeof(rs_reply) == 64 ? 1 : -1];
typedef char rs_reply_str_at_32[offsetof(rs_reply, str) == 32 ? 1 : -1];
typedef char rs_reply_element_at_56[offsetof(rs_reply, element) == 56 ? 1 : -1];
#endif
"#;

const VARIADIC: &str = r#"/* Runs one command given as a format, as hiredis does:

       rs_command(session, "SET %s %b EX %d", "key", data, len, 60);

   Spaces in the format separate arguments; a conversion never does, whatever it inserts, and text that
   touches it belongs to the same argument ("user:%d"). Conversions: %s a terminated string; %b a pointer and a
   size_t; %d %i %u %x %o with the lengths hh, h, l, ll, z, j, t, and %f %e %g %a, with printf's flags, width and
   precision, always with a decimal point; %% a percent sign. Never pass data as the format.

   Returns as rs_command_argv; NULL also for an unknown conversion or a format without a command. */
rs_reply *rs_command(rs_session *session, const char *format, ...);

/* The same for a va_list, which is not changed. */
rs_reply *rs_vcommand(rs_session *session, const char *format, va_list ap);
"#;

fn generate() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml is valid");
    let top = config.header.take().expect("cbindgen.toml has the text at the top");
    let mut header = format!("{}\n\n#ifndef REDISRS_H\n#define REDISRS_H\n\n", top.trim());
    header += "#include <stdarg.h>\n#include <stddef.h>\n#include <stdint.h>\n\n";
    header += "#ifdef __cplusplus\nextern \"C\" {\n#endif\n";
    for (index, (title, file, before, behind)) in SECTIONS.into_iter().enumerate() {
        write!(header, "\n/* ---- {title} {}\n", "-".repeat(88 - title.len())).unwrap();
        header.truncate(header.trim_end().len());
        header += " */\n\n";
        if index == 0 {
            header += &version_macros();
            header += "\n";
        }
        if !before.is_empty() {
            header += &format!("{before}\n");
        }
        header += &section(&root.join("src/ffi").join(file), config.clone());
        if title == "Status codes" {
            header += "\n/* ---- Handles ---- */\n";
            for (name, text) in HANDLES {
                write!(header, "\n/* {text} */\ntypedef struct {name} {name};\n").unwrap();
            }
        }
        if !behind.is_empty() {
            header += &format!("\n{behind}");
        }
    }
    header += "\n#ifdef __cplusplus\n}\n#endif\n\n#endif /* REDISRS_H */\n";
    header
}

/// The items of one file.
fn section(file: &Path, config: cbindgen::Config) -> String {
    let bindings = cbindgen::Builder::new().with_config(config).with_src(file).generate();
    let bindings = bindings.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut text = Vec::new();
    bindings.write(&mut text);
    let text = String::from_utf8(text).expect("the sources are UTF-8");
    tidy(&text)
}

/// Plain C comments instead of the starred ones, without Rust's code marks and without declarations of handles, which
/// stand further up.
fn tidy(text: &str) -> String {
    let mut out = String::new();
    let mut comment: Vec<String> = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let indent = &line[..line.len() - line.trim_start().len()];
        match line.trim() {
            "/**" => comment.clear(),
            "*/" => {
                let is_of_handle = lines.peek().is_some_and(|next| is_handle(next));
                if !is_of_handle {
                    let joined = comment.join(&format!("\n{indent}   "));
                    writeln!(out, "{indent}/* {} */", joined.trim()).unwrap();
                }
            }
            starred if starred == "*" || starred.starts_with("* ") => {
                comment.push(starred[1..].strip_prefix(' ').unwrap_or("").trim_end().replace('`', ""));
            }
            _ if is_handle(line) => {}
            _ => writeln!(out, "{line}").unwrap(),
        }
    }
    let lines: Vec<&str> = out.lines().map(str::trim_end).collect();
    let mut text = lines.join("\n");
    while text.contains("\n\n\n") {
        text = text.replace("\n\n\n", "\n\n");
    }
    format!("{}\n", text.trim())
}

fn is_handle(line: &str) -> bool {
    HANDLES.iter().any(|(name, _)| line == format!("typedef struct {name} {name};"))
}

/// The version in Cargo.toml as macros.
fn version_macros() -> String {
    let [major, minor, patch] = ["MAJOR", "MINOR", "PATCH"].map(|part| {
        let value = match part {
            "MAJOR" => env!("CARGO_PKG_VERSION_MAJOR"),
            "MINOR" => env!("CARGO_PKG_VERSION_MINOR"),
            _ => env!("CARGO_PKG_VERSION_PATCH"),
        };
        format!("#define RS_VERSION_{part} {value}\n")
    });
    let number = "(RS_VERSION_MAJOR * 1000000 + RS_VERSION_MINOR * 1000 + RS_VERSION_PATCH)";
    format!(
        "/* The version this header belongs to. */\n{major}{minor}{patch}#define RS_VERSION_NUMBER {number}\n\
         #define RS_VERSION \"{}\"\n",
        env!("CARGO_PKG_VERSION")
    )
}

#[test]
fn the_header_is_what_the_source_generates() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/redisrs.h");
    let generated = generate();
    if std::env::var_os("REDISRS_WRITE_HEADER").is_some() {
        std::fs::write(&path, generated).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let differing = generated.lines().zip(committed.lines()).position(|(new, old)| new != old);
    assert!(generated == committed, "include/redisrs.h is stale from line {differing:?} on: run `make header`");
}
