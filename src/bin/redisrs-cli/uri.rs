//! `redis://[user:][password@]host[:port][/database]`, read as redis-cli reads it.
//!
//! Beyond redis-cli: IPv6 addresses between brackets.

use crate::arguments::leading_integer;

/// What a URI said; parts it left out stay as they were.
#[derive(Debug, Default, PartialEq)]
pub struct Uri {
    pub user: Option<Vec<u8>>,
    pub password: Option<Vec<u8>>,
    pub host: Option<String>,
    pub port: Option<i64>,
    pub database: Option<i64>,
}

pub fn parse(text: &str) -> Result<Uri, &'static str> {
    let mut uri = Uri::default();
    let Some((scheme, rest)) = split_scheme(text) else {
        return Err("Invalid URI scheme");
    };
    if scheme == Scheme::Tls {
        return Err("TLS is not supported by this redisrs-cli yet: use redis:// or a TLS tunnel such as stunnel");
    }
    let mut rest = rest;
    // The whole rest is searched for the `@`, as redis-cli does: a password may hold a slash.
    if let Some((credentials, after)) = rest.split_once('@') {
        let password = match credentials.split_once(':') {
            Some((user, password)) => {
                uri.user = Some(percent_decode(user)?);
                password
            }
            None => credentials,
        };
        uri.password = Some(percent_decode(password)?);
        rest = after;
    }
    let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
    if let Some((host, port)) = split_port(address) {
        uri.host = Some(host.to_owned());
        uri.port = Some(leading_integer(port.as_bytes()));
    } else if !address.is_empty() {
        let host = address.trim_start_matches('[').trim_end_matches(']');
        uri.host = Some(host.to_owned());
    }
    if !path.is_empty() {
        uri.database = Some(leading_integer(path.as_bytes()));
    }
    Ok(uri)
}

#[derive(PartialEq)]
enum Scheme {
    Plain,
    Tls,
}

fn split_scheme(text: &str) -> Option<(Scheme, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    match scheme.to_ascii_lowercase().as_str() {
        "redis" => Some((Scheme::Plain, rest)),
        "rediss" => Some((Scheme::Tls, rest)),
        _ => None,
    }
}

/// Host and port of `host:port` or `[address]:port`.
fn split_port(address: &str) -> Option<(&str, &str)> {
    if let Some(bracketed) = address.strip_prefix('[') {
        let (host, after) = bracketed.split_once(']')?;
        return Some((host, after.strip_prefix(':')?));
    }
    address.split_once(':')
}

fn percent_decode(text: &str) -> Result<Vec<u8>, &'static str> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let (Some(high), Some(low)) = (bytes.next(), bytes.next()) else {
            return Err("Incomplete URI encoding");
        };
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let (Some(high), Some(low)) = (digit(high), digit(low)) else {
            return Err("Illegal character in URI encoding");
        };
        out.push(u8::try_from(high << 4 | low).unwrap_or_default());
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_parts() {
        let uri = parse("redis://us%3aer:p%20w@example.org:7000/3").unwrap();
        assert_eq!(uri.user.as_deref(), Some(&b"us:er"[..]));
        assert_eq!(uri.password.as_deref(), Some(&b"p w"[..]));
        assert_eq!(uri.host.as_deref(), Some("example.org"));
        assert_eq!(uri.port, Some(7000));
        assert_eq!(uri.database, Some(3));
    }

    #[test]
    fn parts_may_be_missing() {
        assert_eq!(parse("redis://").unwrap(), Uri::default());
        assert_eq!(parse("REDIS://h").unwrap().host.as_deref(), Some("h"));
        let uri = parse("redis://secret@h/").unwrap();
        assert_eq!(uri.user, None);
        assert_eq!(uri.password.as_deref(), Some(&b"secret"[..]));
        assert_eq!(uri.database, None);
        let uri = parse("redis://[::1]:7000/2").unwrap();
        assert_eq!((uri.host.as_deref(), uri.port), (Some("::1"), Some(7000)));
        assert_eq!(parse("redis://[::1]").unwrap().host.as_deref(), Some("::1"));
    }

    #[test]
    fn refusals() {
        assert_eq!(parse("http://x"), Err("Invalid URI scheme"));
        assert_eq!(parse("redis://%4@x"), Err("Incomplete URI encoding"));
        assert_eq!(parse("redis://%zz@x"), Err("Illegal character in URI encoding"));
        assert!(parse("rediss://x").is_err());
    }
}
