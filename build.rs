//! Generates the command table from `src/commands/spec/*.json` and compiles the C files, which hold what
//! stable Rust cannot define: the variadic functions and `long double` arithmetic.

#[path = "src/commands/spec/codegen.rs"]
mod codegen;

use std::path::Path;

fn main() {
    let spec = Path::new("src/commands/spec");
    println!("cargo:rerun-if-changed={}", spec.display());
    let out = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    codegen::generate(spec, &Path::new(&out).join("commands.rs")).expect("write the command table");
    let sources = ["src/ffi/shim.c", "src/numeric/long_double.c"];
    for source in sources {
        println!("cargo:rerun-if-changed={source}");
    }
    cc::Build::new().files(sources).std("c11").opt_level(2).warnings(true).compile("redisrs_shim");
    // The name that programs look for at run time: it changes when the interface does (docs/abi.md).
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        let interface = match env!("CARGO_PKG_VERSION_MAJOR") {
            "0" => concat!("0.", env!("CARGO_PKG_VERSION_MINOR")),
            major => major,
        };
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libredisrs.so.{interface}");
    }
}
