//! Standard input and output: whether a person sits there, and writing that survives a closed pipe.

use std::io::{self, IsTerminal, Read, Write};

use signal_hook::consts::SIGPIPE;

/// True when replies are read by a person. `FAKETTY` in the environment says so for tests, as in
/// redis-cli.
pub fn output_is_for_people() -> bool {
    io::stdout().is_terminal() || std::env::var_os("FAKETTY").is_some()
}

pub fn input_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Writes to standard output at once. When nobody reads any more the program ends as a C program
/// would, by SIGPIPE.
pub fn print(bytes: impl AsRef<[u8]>) {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(bytes.as_ref()).and_then(|()| stdout.flush());
    if let Err(error) = written {
        if error.kind() == io::ErrorKind::BrokenPipe {
            let _ = signal_hook::low_level::emulate_default_handler(SIGPIPE);
        }
        std::process::exit(1);
    }
}

/// Writes bytes that may not be UTF-8 to standard error, as one line.
pub fn print_error(bytes: &[u8]) {
    let mut stderr = io::stderr().lock();
    // Nothing can be done for a reader of errors that is gone.
    let _ = stderr.write_all(bytes);
    let _ = stderr.write_all(b"\n");
}

/// All of standard input.
pub fn read_input() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}
