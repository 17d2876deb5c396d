//! The headers that came with a load, found by any of their spellings.

use std::collections::BTreeMap;

use crate::load::error::Error;
use crate::load::headers::{Header, find};

/// Headers by their lower-case names.
#[derive(Debug, Clone, Default)]
pub struct Given(BTreeMap<String, Vec<Vec<u8>>>);

impl Given {
    /// These; a name may come more than once.
    pub fn new<'a>(headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> Given {
        let mut all: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
        for (name, value) in headers {
            let values = all.entry(name.to_ascii_lowercase()).or_default();
            values.push(value.to_vec());
        }
        Given(all)
    }

    /// The value of a header that stands in the list, in whichever spelling it came; `None` where it did not come.
    ///
    /// # Errors
    /// It is not UTF-8.
    pub fn raw(&self, name: &str) -> Result<Option<&str>, Error> {
        let names = find(name).map_or(&[] as &[&str], |header| header.names);
        for name in names {
            if let Some(value) = self.0.get(*name).and_then(|values| values.first()) {
                return text(name, value).map(Some);
            }
        }
        Ok(None)
    }

    /// As [`Given::raw`], without blanks around it; `None` where nothing is left.
    ///
    /// # Errors
    /// It is not UTF-8.
    pub fn get(&self, name: &str) -> Result<Option<&str>, Error> {
        let value = self.raw(name)?.map(str::trim);
        Ok(value.filter(|value| !value.is_empty()))
    }

    /// Each name with its first value.
    pub fn all(&self) -> impl Iterator<Item = (&str, Result<&str, Error>)> {
        self.0.iter().map(|(name, values)| {
            let value = values.first().map_or(&[] as &[u8], Vec::as_slice);
            (name.as_str(), text(name, value))
        })
    }

    /// The spellings of a header that came.
    pub fn spelled(&self, header: &'static Header) -> impl Iterator<Item = &'static str> {
        let names = header.names.iter().copied();
        names.filter(|name| self.0.contains_key(*name))
    }

    /// How many times a name came.
    pub fn times(&self, name: &str) -> usize {
        self.0.get(name).map_or(0, Vec::len)
    }
}

fn text<'a>(name: &str, value: &'a [u8]) -> Result<&'a str, Error> {
    std::str::from_utf8(value).map_err(|_| Error::HeaderText(name.to_owned()))
}
