//! Every header of a stream load that the field knows, in StarRocks' and in Doris' spelling, and what becomes of it here.
//!
//! Owns which headers there are: [`options`](crate::load::options) reads through it, and the README's table is made of it. Does
//! not own what a header's value may be.

use crate::load::error::Error;
use crate::load::headers::given::Given;

pub mod given;
pub mod list;

/// What becomes of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is done: what it does.
    Done(&'static str),
    /// A load that asks for it is refused: the values that ask for nothing, and what can be done instead.
    Refused(&'static [&'static str], &'static str),
    /// It changes no row, and is read over: why.
    Nothing(&'static str),
}

/// A header of a load.
#[derive(Debug, Clone, Copy)]
pub struct Header {
    /// Its name and its other spellings, in lower case.
    pub names: &'static [&'static str],
    /// What becomes of it.
    pub effect: Effect,
}

/// Headers that clients, proxies and tracers send for reasons of their own; the ends with `-` begin a name.
const OTHERS: &[&str] = &[
    "host",
    "user-agent",
    "accept",
    "accept-",
    "content-",
    "authorization",
    "expect",
    "x-",
    "traceparent",
    "tracestate",
    "baggage",
    "b3",
    "uber-",
    "sentry-",
    "connection",
    "keep-alive",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "upgrade-",
    "via",
    "forwarded",
    "cookie",
    "origin",
    "referer",
    "cache-control",
    "pragma",
    "date",
    "from",
    "proxy-",
    "sec-",
    "if-",
    "priority",
    "request-id",
    "correlation-id",
    "cdn-",
    "cf-",
    "dnt",
    "max-forwards",
    "token",
    "auth_code",
    "mime-version",
];

/// Refuses headers that would change the load and are not done, unknown ones, and those that are given twice.
///
/// # Errors
/// The first such header, with what to do instead.
pub fn check(given: &Given) -> Result<(), Error> {
    for (name, value) in given.all() {
        let Some(header) = find(name) else {
            if is_other(name) {
                continue;
            }
            return Err(Error::UnknownHeader {
                name: name.to_owned(),
                nearest: nearest(name),
            });
        };
        if let Some(other) = given.spelled(header).find(|other| *other != name) {
            return Err(Error::HeaderTwice {
                name: name.to_owned(),
                other: other.to_owned(),
            });
        }
        if given.times(name) > 1 {
            return Err(Error::HeaderTwice {
                name: name.to_owned(),
                other: name.to_owned(),
            });
        }
        if let Effect::Refused(harmless, instead) = header.effect {
            let value = value?.trim();
            let asks = |word: &&str| !word.eq_ignore_ascii_case(value);
            if !value.is_empty() && harmless.iter().all(asks) {
                return Err(Error::RefusedHeader {
                    name: name.to_owned(),
                    value: value.to_owned(),
                    instead,
                });
            }
        }
    }
    Ok(())
}

/// The header with this spelling.
pub fn find(name: &str) -> Option<&'static Header> {
    list::ALL.iter().find(|header| header.names.contains(&name))
}

fn is_other(name: &str) -> bool {
    let begins = |word: &&&str| word.ends_with('-') && name.starts_with(**word);
    OTHERS.contains(&name) || OTHERS.iter().find(begins).is_some()
}

/// The known spelling that is nearest to `name`.
fn nearest(name: &str) -> &'static str {
    let all = list::ALL.iter().flat_map(|header| header.names);
    all.min_by_key(|known| distance(name, known))
        .copied()
        .unwrap_or_default()
}

/// How many letters must be put in, taken out or changed to make one word of the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, left) in a.iter().enumerate() {
        let mut before = std::mem::replace(&mut row[0], at + 1);
        for (to, right) in b.iter().enumerate() {
            let changed = before + usize::from(left != right);
            before = row[to + 1];
            row[to + 1] = changed.min(before + 1).min(row[to] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn checked(headers: &[(&str, &str)]) -> Result<(), Error> {
        let headers = headers
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()));
        check(&Given::new(headers))
    }

    #[test]
    fn each_spelling_is_there_once_and_in_lower_case() {
        let mut seen = BTreeSet::new();
        for name in list::ALL.iter().flat_map(|header| header.names) {
            assert!(seen.insert(*name), "{name} is there twice");
            assert_eq!(*name, name.to_lowercase());
        }
    }

    #[test]
    fn what_clients_send_for_other_reasons_passes() {
        let sent = "host user-agent accept accept-encoding content-length content-type authorization expect x-request-id \
                    traceparent tracestate connection transfer-encoding via cookie proxy-authorization sec-fetch-mode";
        for name in sent.split_whitespace() {
            assert_eq!(checked(&[(name, "anything")]), Ok(()), "{name}");
        }
    }

    #[test]
    fn an_unknown_header_is_refused_with_the_nearest_known_one() {
        for (wrong, right) in [
            ("strict_mod", "strict_mode"),
            ("colums", "columns"),
            ("column-separator", "column_separator"),
            ("max_filter_ration", "max_filter_ratio"),
            ("skip_line", "skip_lines"),
            ("json_path", "jsonpaths"),
        ] {
            let refused = checked(&[(wrong, "1")]);
            let Err(Error::UnknownHeader { name, nearest }) = refused else {
                panic!("{wrong}: {refused:?}");
            };
            assert_eq!((name.as_str(), nearest), (wrong, right));
        }
    }

    #[test]
    fn each_refused_header_is_refused_by_name_unless_it_asks_for_nothing() {
        for header in list::ALL {
            for name in header.names {
                let asked = checked(&[(name, "a value that asks for it")]);
                match header.effect {
                    Effect::Refused(harmless, instead) => {
                        let said = asked.expect_err(name).to_string();
                        assert!(said.contains(name) && said.contains(instead), "{said}");
                        for value in harmless.iter().chain(&["", " "]) {
                            assert_eq!(checked(&[(name, value)]), Ok(()), "{name}: {value}");
                        }
                    }
                    _ => assert_eq!(asked, Ok(()), "{name}"),
                }
            }
        }
    }

    #[test]
    fn a_header_that_is_given_twice_is_refused_in_any_spelling() {
        for twice in [
            [("where", "a"), ("where", "b")],
            [("skip_header", "1"), ("skip_lines", "1")],
        ] {
            assert!(matches!(checked(&twice), Err(Error::HeaderTwice { .. })));
        }
        assert_eq!(checked(&[("x-a", "1"), ("x-a", "2")]), Ok(()));
    }
}
