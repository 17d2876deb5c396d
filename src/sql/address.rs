//! `host:port` as ALTER SYSTEM writes it.

use std::fmt;

use crate::catalog::backend::Backend;
use crate::code::{Code, Coded};
use crate::ids::BackendId;
use crate::view::View;

/// Where a backend listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Host name or IP address, without brackets.
    pub host: String,
    /// HTTP port.
    pub port: u16,
}

/// What is wrong with an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not `host:port`.
    #[error("Invalid host port: {0}; write host:port, or [address]:port for IPv6")]
    Form(String),
    /// Nothing before the colon.
    #[error("Host is null: {0}")]
    NoHost(String),
    /// 0.0.0.0 or ::.
    #[error("{0} is every address of a machine, and none that a node can be called by")]
    Every(String),
    /// Not 1 to 65535.
    #[error("Port is out of range: {0}")]
    Port(String),
    /// A character that no host name has.
    #[error("Unknown host: {0}")]
    Host(String),
    /// The same address twice in a statement.
    #[error("the backend {0} is named twice")]
    Twice(Address),
    /// ADD of a backend that is there.
    #[error("Backend already exists with same host {} and port {}", .0.host, .0.port)]
    Exists(Address),
    /// DROP of one that is not.
    #[error("backend does not exists[{0}]; SHOW BACKENDS lists them")]
    Missing(Address),
    /// MODIFY to an address where another backend is.
    #[error("{0} is the address of backend {1}; move or drop that one first")]
    Taken(Address, BackendId),
    /// A host without a port, where several backends are.
    #[error("several backends have the host {0}; name one with its port, as in {0}:{1}")]
    Several(String, u16),
    /// A host without a port, where no backend is.
    #[error("Backend does not exist[{0}]; SHOW BACKENDS lists them")]
    NoneThere(String),
    /// Another statement about one that is not there; StarRocks words the two differently.
    #[error("Backend does not exist[{0}]; SHOW BACKENDS lists them")]
    Unknown(Address),
}

impl Coded for Error {
    fn code(&self) -> Code {
        Code::ANALYSIS
    }
}

impl Address {
    /// Reads `host:port` or `[ipv6]:port`.
    pub fn parse(text: &str) -> Result<Address, Error> {
        let text = text.trim();
        let (host, port) = text
            .rsplit_once(':')
            .ok_or_else(|| Error::Form(text.to_owned()))?;
        let bracketed = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        let host = match bracketed {
            Some(inner) => inner,
            None if host.contains(':') => return Err(Error::Form(text.to_owned())),
            None => host,
        };
        if host.is_empty() {
            return Err(Error::NoHost(text.to_owned()));
        }
        let valid = |c: char| {
            c.is_alphanumeric() || "-._".contains(c) || (bracketed.is_some() && ":%".contains(c))
        };
        if !host.chars().all(valid) {
            return Err(Error::Host(host.to_owned()));
        }
        if host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_unspecified())
        {
            return Err(Error::Every(host.to_owned()));
        }
        if port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Error::Form(text.to_owned()));
        }
        match port.parse() {
            Ok(port) if port > 0 => Ok(Address {
                host: host.to_owned(),
                port,
            }),
            _ => Err(Error::Port(port.to_owned())),
        }
    }

    /// Reads `host:port`, or a host alone, which then has this port.
    pub fn parse_near(text: &str, port: u16) -> Result<Address, Error> {
        match Address::host_alone(text) {
            Some(host) if host.contains(':') => Address::parse(&format!("[{host}]:{port}")),
            Some(host) => Address::parse(&format!("{host}:{port}")),
            None => Address::parse(text),
        }
    }

    /// The host, where nothing else is written; IPv6 with brackets or without.
    pub fn host_alone(text: &str) -> Option<&str> {
        let text = text.trim();
        let bracketed = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
        let plain = !text.contains(':') || text.parse::<std::net::Ipv6Addr>().is_ok();
        bracketed.or(Some(text).filter(|_| plain))
    }

    /// Reads all of a statement's addresses, each different.
    pub fn parse_all(texts: &[String]) -> Result<Vec<Address>, Error> {
        let mut all: Vec<Address> = Vec::new();
        for text in texts {
            let address = Address::parse(text)?;
            if all.contains(&address) {
                return Err(Error::Twice(address));
            }
            all.push(address);
        }
        Ok(all)
    }

    /// Reads all of a statement's addresses, each that of a different backend.
    pub fn parse_known<'a>(texts: &[String], view: &'a View) -> Result<Vec<&'a Backend>, Error> {
        let addresses = Address::parse_all(texts)?.into_iter();
        addresses
            .map(|address| address.find(view).ok_or(Error::Unknown(address)))
            .collect()
    }

    /// The addresses of backends, as the leader takes them.
    pub fn of(backends: &[&Backend]) -> Vec<(String, u16)> {
        let pair = |backend: &&Backend| (backend.host.clone(), backend.port);
        backends.iter().map(pair).collect()
    }

    /// As the leader takes them.
    pub fn pairs(addresses: Vec<Address>) -> Vec<(String, u16)> {
        addresses.into_iter().map(|a| (a.host, a.port)).collect()
    }

    /// The backend with this address.
    pub fn find<'a>(&self, view: &'a View) -> Option<&'a Backend> {
        let mut backends = view.catalog.backends.values();
        let found = backends.find(|b| b.host == self.host && b.port == self.port);
        found.map(|backend| &**backend)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_host_and_port() {
        let host = |text| Address::parse(text).map(|a| (a.host, a.port));
        assert_eq!(host("be1.lan:8040"), Ok(("be1.lan".to_owned(), 8040)));
        assert_eq!(host("[::1]:8040"), Ok(("::1".to_owned(), 8040)));
        assert!(matches!(host("be1"), Err(Error::Form(_))));
        assert!(matches!(host("::1:80"), Err(Error::Form(_))));
        assert!(matches!(host("be1:x"), Err(Error::Form(_))));
        assert!(matches!(host(":80"), Err(Error::NoHost(_))));
        assert!(matches!(host("0.0.0.0:80"), Err(Error::Every(_))));
        assert!(matches!(host("[::]:80"), Err(Error::Every(_))));
        assert!(matches!(host("be1:0"), Err(Error::Port(_))));
        assert!(matches!(host("be1:65536"), Err(Error::Port(_))));
        assert!(matches!(host("be 1:80"), Err(Error::Host(_))));
        let near = |text| Address::parse_near(text, 8040).map(|a| (a.host, a.port));
        for (text, host, port) in [
            ("be1", "be1", 8040),
            ("be1:80", "be1", 80),
            ("::1", "::1", 8040),
            ("[::1]", "::1", 8040),
            ("[::1]:80", "::1", 80),
        ] {
            assert_eq!(near(text), Ok((host.to_owned(), port)), "{text}");
        }
        assert!(matches!(near(""), Err(Error::NoHost(_))));
    }
}
