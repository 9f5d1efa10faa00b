//! Names of hosts, resolved by the system. As `std::net::ToSocketAddrs`, which takes memory that may be refused.

use crate::engine::process::PathBuffer;
use crate::storage::lossy;
use std::ffi::{CStr, OsStr};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ptr::{self, null};

/// Why a name has no address, in the words of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unresolved(libc::c_int);

impl Unresolved {
    const UNKNOWN: Self = Self(libc::EAI_NONAME);

    /// There was no memory to look for one.
    pub fn is_short_of_memory(self) -> bool {
        self.0 == libc::EAI_MEMORY
    }
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: the system has a text for every number, which lives for ever and is terminated.
        let text = unsafe { CStr::from_ptr(libc::gai_strerror(self.0)) };
        lossy(text.to_bytes()).fmt(f)
    }
}

/// The first address of a host.
///
/// # Errors
/// If it has none, or there is no memory to look for it.
pub fn resolve(host: &str) -> Result<IpAddr, Unresolved> {
    let name = PathBuffer::of(OsStr::new(host).as_ref()).map_err(|_| Unresolved::UNKNOWN)?;
    let mut first = ptr::null_mut();
    // SAFETY: all zero is a valid hint, and says nothing but what is set here.
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    hints.ai_socktype = libc::SOCK_STREAM;
    // SAFETY: the name is terminated, the hints are as they should be, and there is no name of a service.
    let error = unsafe { libc::getaddrinfo(name.as_ptr(), null(), &raw const hints, &raw mut first) };
    if error != 0 {
        return Err(Unresolved(error));
    }
    let list = List(first);
    list.first().ok_or(Unresolved::UNKNOWN)
}

/// What the system has found, to be given back to it.
struct List(*mut libc::addrinfo);

impl List {
    fn first(&self) -> Option<IpAddr> {
        let mut next = self.0;
        // SAFETY: a pointer that is not null is to the next element of a list that lives as long as this.
        while let Some(info) = unsafe { next.as_ref() } {
            match info.ai_family {
                libc::AF_INET => {
                    // SAFETY: that is what an address of this family is.
                    let address = unsafe { info.ai_addr.cast::<libc::sockaddr_in>().read_unaligned() };
                    return Some(Ipv4Addr::from_bits(u32::from_be(address.sin_addr.s_addr)).into());
                }
                libc::AF_INET6 => {
                    // SAFETY: as above.
                    let address = unsafe { info.ai_addr.cast::<libc::sockaddr_in6>().read_unaligned() };
                    return Some(Ipv6Addr::from(address.sin6_addr.s6_addr).into());
                }
                _ => next = info.ai_next,
            }
        }
        None
    }
}

impl Drop for List {
    fn drop(&mut self) {
        // SAFETY: the list came from getaddrinfo and is freed once.
        unsafe { libc::freeaddrinfo(self.0) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_and_addresses_are_found() {
        assert!(resolve("localhost").is_ok_and(|address| address.is_loopback()));
        assert_eq!(resolve("127.0.0.1"), Ok(Ipv4Addr::LOCALHOST.into()));
        assert_eq!(resolve("::1"), Ok(Ipv6Addr::LOCALHOST.into()));
        for nothing in ["", "no host\n", "a\0b", &"x".repeat(5000)] {
            let error = resolve(nothing).expect_err(nothing);
            assert!(!error.is_short_of_memory() && !error.to_string().is_empty(), "{nothing:?}");
        }
    }
}
