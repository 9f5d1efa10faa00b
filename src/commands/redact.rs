//! Which arguments are secrets: MONITOR and the slow log show `(redacted)` in their place.

use super::spec::{Command, id};
use crate::engine::settings::Settings;
use crate::keyspace::NoMemory;
use smallvec::SmallVec;

/// What is shown instead of a secret.
const REDACTED: &[u8] = b"(redacted)";

/// The arguments of a call as others may see them.
///
/// # Errors
/// If memory is short.
pub fn redacted<'a>(command: &Command, argv: &[&'a [u8]]) -> Result<SmallVec<[&'a [u8]; 8]>, NoMemory> {
    let mut shown: SmallVec<[&'a [u8]; 8]> = SmallVec::new();
    shown.try_reserve_exact(argv.len()).map_err(|_| NoMemory)?;
    shown.extend_from_slice(argv);
    match command.id {
        id::AUTH => shown[1..].fill(REDACTED),
        id::HELLO => redact_hello(&mut shown),
        id::CONFIG_SET => {
            for pair in shown[2..].chunks_exact_mut(2) {
                if Settings::is_sensitive(pair[0]) {
                    pair[1] = REDACTED;
                }
            }
        }
        _ => {}
    }
    Ok(shown)
}

/// HELLO protover [AUTH username password] [SETNAME clientname].
fn redact_hello(shown: &mut [&[u8]]) {
    let mut options = shown.get_mut(2..).unwrap_or_default();
    while let Some((option, values)) = options.split_first_mut() {
        let taken = if option.eq_ignore_ascii_case(b"AUTH") {
            let credentials = values.len().min(2);
            values[..credentials].fill(REDACTED);
            credentials
        } else {
            values.len().min(1)
        };
        options = &mut values[taken..];
    }
}

#[cfg(test)]
mod tests {
    use super::super::spec;
    use super::redacted;

    #[test]
    fn secrets_are_not_shown() {
        let cases = [
            ("auth pw", "auth (redacted)"),
            ("AUTH user pw", "AUTH (redacted) (redacted)"),
            ("auth", "auth"),
            ("hello 3 setname auth AUTH u p", "hello 3 setname auth AUTH (redacted) (redacted)"),
            ("hello 3 auth u", "hello 3 auth (redacted)"),
            ("hello", "hello"),
            ("config set requirepass pw port 1", "config set requirepass (redacted) port 1"),
            ("config set port requirepass", "config set port requirepass"),
            ("set auth pw", "set auth pw"),
        ];
        for (given, expected) in cases {
            let argv: Vec<&[u8]> = given.split(' ').map(str::as_bytes).collect();
            let command = spec::resolve(&argv).expect("a known command");
            assert_eq!(redacted(command, &argv).unwrap().join(&b' '), expected.as_bytes(), "{given}");
        }
    }
}
