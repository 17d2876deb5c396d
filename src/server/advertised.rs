//! The address that a node gives to others as its own. A listener may be bound to every address of a machine, and nobody
//! can call that.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use crate::server::Error;

/// `--advertise-addr`: a host, and perhaps the port by which the HTTP listener is reached from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advertised {
    host: String,
    port: Option<u16>,
}

impl FromStr for Advertised {
    type Err = String;

    fn from_str(text: &str) -> Result<Advertised, String> {
        let whole = |host: &str| Ok((host.to_owned(), None));
        let (host, port) = match text.rsplit_once(':') {
            _ if text.parse::<IpAddr>().is_ok() => whole(text),
            _ if text.ends_with(']') => whole(text),
            None => whole(text),
            Some((host, port)) => match port.parse::<u16>() {
                Ok(port) if port > 0 => Ok((host.to_owned(), Some(port))),
                _ => Err(format!("a port is 1 to 65535, not '{port}'")),
            },
        }?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let allowed = |c: char| c.is_alphanumeric() || "-._:%".contains(c);
        if host.is_empty() || !host.chars().all(allowed) {
            return Err(format!("'{text}' is not HOST or HOST:PORT"));
        }
        if host.parse::<IpAddr>().is_ok_and(|ip| ip.is_unspecified()) {
            return Err(format!(
                "{host} is every address, and none that others can call"
            ));
        }
        Ok(Advertised {
            host: host.to_owned(),
            port,
        })
    }
}

/// Host and port by which others reach a listener that is bound to `bound`.
///
/// # Errors
/// It is bound to every address, and nobody said which to give to others.
pub(super) fn own(
    advertised: Option<&Advertised>,
    bound: SocketAddr,
) -> Result<(String, u16), Error> {
    match advertised {
        Some(Advertised { host, port }) => Ok((host.clone(), port.unwrap_or(bound.port()))),
        None if bound.ip().is_unspecified() => Err(Error::NoOwnAddress(bound)),
        None => Ok((bound.ip().to_string(), bound.port())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_has_an_address_that_others_can_call() {
        let every: SocketAddr = "0.0.0.0:8030".parse().unwrap();
        let own = |text: &str| {
            let advertised: Advertised = text.parse().unwrap();
            super::own(Some(&advertised), every).unwrap()
        };
        for (text, host, port) in [
            ("fe1.lan", "fe1.lan", 8030),
            ("fe1.lan:80", "fe1.lan", 80),
            ("10.0.0.7", "10.0.0.7", 8030),
            ("fd00::7", "fd00::7", 8030),
            ("[fd00::7]", "fd00::7", 8030),
            ("[fd00::7]:80", "fd00::7", 80),
        ] {
            assert_eq!(own(text), (host.to_owned(), port), "{text}");
        }
        for wrong in ["", "0.0.0.0", "[::]:80", "::", "fe1:0", "fe1:x", "a b"] {
            assert!(wrong.parse::<Advertised>().is_err(), "{wrong}");
        }
        let refused = super::own(None, every).unwrap_err().to_string();
        assert!(refused.contains("--advertise-addr"), "{refused}");
        assert!(super::own(None, "[::]:1".parse().unwrap()).is_err());
    }
}
