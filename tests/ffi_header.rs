//! `include/redisrs.h` is what `src/ffi/` says: generates it with cbindgen and compares.
//!
//! With `REDISRS_WRITE_HEADER=1` (`make header`) it writes the file instead. Each source file becomes one section, in the
//! order in which a newcomer reads; what cbindgen cannot know (version macros, prototypes with variable arguments,
//! layout checks) is added here.

use std::fmt::Write;
use std::path::Path;

/// Sections: title, source file, and what is put before and behind its items.
const SECTIONS: [(&str, &str, &str, &str); 21] = [
    ("Version", "version.rs", "", ""),
    ("Status codes", "status.rs", "", ""),
    ("Configuration", "config.rs", "", ""),
    ("Engine", "engine.rs", "", ""),
    ("Server", "server.rs", "", ""),
    ("Session", "session.rs", "", ""),
    ("Reply", "reply.rs", "", LAYOUT),
    ("Commands", "command.rs", VARIADIC, ""),
    ("Typed calls", "typed.rs", "", ""),
    ("Typed calls for hashes and sorted sets", "typed_aggregates.rs", "", ""),
    ("Commands of the host", "host_command.rs", "", SPEC_LAYOUT),
    ("Inside a command of the host", "call.rs", "", ""),
    ("Events", "events.rs", "", ""),
    ("Replies from bytes", "parts/reader.rs", PARTS, ""),
    ("Requests from and to bytes", "parts/request_reader.rs", "", ""),
    ("Event loop", "parts/event_loop.rs", "", ""),
    ("Thread pool", "parts/pool.rs", "", ""),
    ("Hash map", "parts/hm.rs", INTRUSIVE, HM_LAYOUT),
    ("AVL tree", "parts/avl.rs", "", AVL_LAYOUT),
    ("Sorted set", "parts/zset.rs", "", ZSET_LAYOUT),
    ("Heap", "parts/heap.rs", "", HEAP_LAYOUT),
];

/// Handles, declared before all sections because these refer to each other.
const HANDLES: [(&str, &str); 12] = [
    ("rs_config", "Settings for one or more engines."),
    ("rs_engine", "One store: data, settings, statistics. A process may have many; they share nothing."),
    ("rs_server", "An engine that listens on sockets and serves them."),
    (
        "rs_session",
        "A client of an engine in the same process: selected database, transaction, name. Sessions are\n   cheap; have one per thread.",
    ),
    ("rs_reply", "What a command answered: see Reply."),
    ("rs_call", "A running call of a command of the host: see there."),
    ("rs_reader", "Makes replies of bytes."),
    ("rs_request_reader", "Makes requests of bytes."),
    ("rs_loop", "Waits for descriptors and times, and calls functions."),
    ("rs_pool", "Threads that run functions."),
    ("rs_hnode", "A node of a hash map: see Hash map."),
    ("rs_avl_node", "A node of a tree: see AVL tree."),
];

/// Structs that are declared with the handles.
const DECLARED: [&str; 3] = ["rs_reply", "rs_hnode", "rs_avl_node"];

const LAYOUT: &str = r#"/* The layout is part of the interface. */
#if SIZE_MAX > 0xffffffffu
typedef char rs_reply_has_64_bytes[sizeof(rs_reply) == 64 ? 1 : -1];
typedef char rs_reply_str_at_32[offsetof(rs_reply, str) == 32 ? 1 : -1];
typedef char rs_reply_element_at_56[offsetof(rs_reply, element) == 56 ? 1 : -1];
#endif
"#;

const SPEC_LAYOUT: &str = r#"#if SIZE_MAX > 0xffffffffu
typedef char rs_command_spec_has_64_bytes[sizeof(rs_command_spec) == 64 ? 1 : -1];
typedef char rs_command_spec_handler_at_40[offsetof(rs_command_spec, handler) == 40 ? 1 : -1];
#endif
"#;

const PARTS: &str = r#"/* From here on: the parts by themselves, for programs that are not about an engine. None of them needs one. */
"#;

const INTRUSIVE: &str = r#"/* Hash map, AVL tree, sorted set and heap are structures of the host's own memory, and the fastest calls here. The
   nodes of a map or tree are embedded in objects of the host, which gets from a node to its object by offsetof. The
   library links nodes; it does not copy, move or free them. What is in a map or tree must stay where it is.
   Programs of the book "Build Your Own Redis" find them under its names in byor/hashtable.h, avl.h, zset.h, heap.h. */
"#;

const HM_LAYOUT: &str = r#"#if SIZE_MAX > 0xffffffffu
typedef char rs_hnode_has_16_bytes[sizeof(rs_hnode) == 16 ? 1 : -1];
typedef char rs_hmap_has_56_bytes[sizeof(rs_hmap) == 56 ? 1 : -1];
typedef char rs_hmap_older_at_24[offsetof(rs_hmap, older) == 24 ? 1 : -1];
#endif
"#;

const AVL_LAYOUT: &str = r#"#if SIZE_MAX > 0xffffffffu
typedef char rs_avl_node_has_32_bytes[sizeof(rs_avl_node) == 32 ? 1 : -1];
typedef char rs_avl_node_cnt_at_28[offsetof(rs_avl_node, cnt) == 28 ? 1 : -1];
#endif
"#;

const ZSET_LAYOUT: &str = r#"#if SIZE_MAX > 0xffffffffu
typedef char rs_zset_has_64_bytes[sizeof(rs_zset) == 64 ? 1 : -1];
typedef char rs_znode_has_64_bytes[sizeof(rs_znode) == 64 ? 1 : -1];
typedef char rs_znode_score_at_48[offsetof(rs_znode, score) == 48 ? 1 : -1];
#endif
"#;

const HEAP_LAYOUT: &str = r#"#if SIZE_MAX > 0xffffffffu
typedef char rs_heap_item_has_16_bytes[sizeof(rs_heap_item) == 16 ? 1 : -1];
#endif
"#;

const VARIADIC: &str = r#"/* Runs one command given as a format, as hiredis does:

       rs_reply *reply = rs_command(session, "SET %s %b EX %d", "key", data, len, 60);
       rs_reply_free(reply);

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
    header += "#include <stdarg.h>\n#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n";
    header += "#ifdef __cplusplus\nextern \"C\" {\n#endif\n";
    for (index, (title, file, before, behind)) in SECTIONS.into_iter().enumerate() {
        header += &banner(title);
        if index == 0 {
            header += &version_macros();
            header += "\n";
        }
        if !before.is_empty() {
            header += &format!("{before}\n");
        }
        header += &section(&root.join("src/ffi").join(file), config.clone());
        if title == "Status codes" {
            header += &banner("Handles");
            header.truncate(header.trim_end().len());
            header += "\n";
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

/// The line above a section.
fn banner(title: &str) -> String {
    format!("\n/* ---- {title} {} */\n\n", "-".repeat(COLUMNS - 12 - title.len()))
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

/// Widest line of the header.
const COLUMNS: usize = 100;

/// Makes C of what cbindgen writes: block comments without Rust's code marks, wrapped anew; a comment of one line behind the
/// constant or field it is about; negative constants in parentheses; structs with tags; no second declaration of handles.
fn tidy(text: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut comment: Vec<String> = Vec::new();
    let mut struct_at = 0;
    for line in text.lines() {
        let item = line.trim_start();
        let indent = &line[..line.len() - item.len()];
        if let Some(text) = item.strip_prefix("//") {
            comment.push(text.strip_prefix(' ').unwrap_or(text).replace('`', ""));
            continue;
        }
        if is_handle(line) {
            comment.clear();
            continue;
        }
        let mut item = item.trim_end().to_owned();
        if let Some((name, value)) = item.strip_prefix("#define ").and_then(|define| define.split_once(" -")) {
            item = format!("#define {name} (-{value})");
        }
        if item == "typedef struct {" {
            struct_at = out.len() + usize::from(!comment.is_empty());
        }
        if let Some(name) = item.strip_prefix("} ").and_then(|end| end.strip_suffix(';')) {
            let is_declared = DECLARED.contains(&name);
            out[struct_at] = format!("{}struct {name} {{", if is_declared { "" } else { "typedef " });
            if is_declared {
                item = "};".into();
            }
        }
        let is_short = item.starts_with("#define") || (!indent.is_empty() && item.ends_with(';'));
        if comment.len() == 1 && is_short && indent.len() + item.len() + comment[0].len() + 7 <= COLUMNS {
            // Constants of a kind stand together.
            if out.len() >= 2 && out[out.len() - 1].is_empty() && out[out.len() - 2].starts_with("#define") {
                out.pop();
            }
            out.push(format!("{indent}{item} /* {} */", comment[0]));
        } else {
            if !comment.is_empty() {
                out.push(format!("{indent}/* {} */", wrap(&comment).join(&format!("\n{indent}   "))));
            }
            out.push(format!("{indent}{}", break_arguments(&item)));
        }
        comment.clear();
    }
    let text = out.join("\n").lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    let mut text = text;
    while text.contains("\n\n\n") {
        text = text.replace("\n\n\n", "\n\n");
    }
    format!("{}\n", text.trim())
}

/// Fills lines up to the width of the header; what is indented, and empty lines, stay.
fn wrap(lines: &[String]) -> Vec<String> {
    const WIDTH: usize = COLUMNS - 6;
    let mut wrapped: Vec<String> = Vec::new();
    let mut may_join = false;
    for line in lines {
        if line.is_empty() || line.starts_with(' ') {
            wrapped.push(line.clone());
            may_join = false;
            continue;
        }
        for word in line.split(' ') {
            match wrapped.last_mut() {
                Some(last) if may_join && last.len() + 1 + word.len() <= WIDTH => {
                    last.push(' ');
                    last.push_str(word);
                }
                _ => wrapped.push(word.to_owned()),
            }
            may_join = true;
        }
    }
    wrapped
}

/// Breaks a long prototype between two parameters.
fn break_arguments(item: &str) -> String {
    let Some(open) = item.find('(').filter(|_| item.len() > COLUMNS) else { return item.to_owned() };
    let mut lines = vec![String::new()];
    for part in item.split_inclusive(", ") {
        if lines.last().is_some_and(|line| line.len() + part.trim_end().len() > COLUMNS) {
            lines.push(" ".repeat(open + 1));
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(part);
        }
    }
    lines.join("\n")
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
