//! What the headers of a stream load say.
//!
//! Owns the values of headers. Which headers there are, and which are refused, is [`headers`]'s.

use crate::load::body::Compression;
use crate::load::error::Error;
use crate::load::headers;
use crate::load::headers::given::Given;
use crate::load::source::csv;
use crate::load::source::json;
use crate::load::source::json::path::Path;
use crate::load::zone::Zone;

mod bytes;

/// How the body of a stream load is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// Separated fields.
    Csv(csv::Format),
    /// JSON objects.
    Json(json::Format),
    /// A Parquet file.
    Parquet,
}

/// What the headers of a stream load say.
#[derive(Debug, Clone)]
pub struct Options {
    /// `label`; `None` makes one.
    pub label: Option<String>,
    /// `format` and what belongs to it.
    pub format: Format,
    /// `compression`.
    pub compression: Compression,
    /// `columns`: the names of the input's fields.
    pub columns: Option<Vec<String>>,
    /// `partitions`: rows may go to these only; empty means all.
    pub partitions: Vec<String>,
    /// `timeout` in milliseconds; 0 means the setting.
    pub timeout_ms: u64,
    /// `max_filter_ratio`, 0 to 1.
    pub max_filter_ratio: f64,
    /// `strict_mode: false`.
    pub lenient: bool,
    /// `timezone`.
    pub zone: Zone,
    /// `two_phase_commit`, with `prepared_timeout` in milliseconds; 0 means the setting.
    pub hold: Option<u64>,
}

impl Options {
    /// Reads the headers that came.
    ///
    /// # Errors
    /// A header that is not known or not done, and a value that a header does not take.
    pub fn read(given: &Given) -> Result<Options, Error> {
        headers::check(given)?;
        let get = |name| given.get(name);
        Ok(Options {
            label: get("label")?.map(label).transpose()?,
            format: format(given)?,
            compression: compression(given)?,
            columns: get("columns")?.map(columns).transpose()?,
            partitions: get("partitions")?.map(names).unwrap_or_default(),
            timeout_ms: get("timeout")?.map(timeout).transpose()?.unwrap_or(0),
            max_filter_ratio: get("max_filter_ratio")?
                .map(ratio)
                .transpose()?
                .unwrap_or(0.0),
            lenient: !flag(given, "strict_mode", true)?,
            zone: get("timezone")?.map(zone).transpose()?.unwrap_or_default(),
            hold: hold(given)?,
        })
    }
}

fn format(given: &Given) -> Result<Format, Error> {
    let name = given.get("format")?.unwrap_or_default();
    match name.to_ascii_lowercase().as_str() {
        "" | "csv" => csv_format(given, 0).map(Format::Csv),
        "csv_with_names" => csv_format(given, 1).map(Format::Csv),
        "json" => json_format(given).map(Format::Json),
        "parquet" => Ok(Format::Parquet),
        other => Err(Error::NotSupported(format!(
            "format '{other}', other than csv, csv_with_names, json and parquet,"
        ))),
    }
}

fn compression(given: &Given) -> Result<Compression, Error> {
    let name = given.get("compression")?.unwrap_or_default();
    match name.to_ascii_lowercase().as_str() {
        "" | "none" | "identity" | "plain" => Ok(Compression::None),
        "gzip" | "gz" | "x-gzip" => Ok(Compression::Gzip),
        "zstd" | "zst" => Ok(Compression::Zstd),
        "lz4_frame" | "lz4frame" | "lz4" => Ok(Compression::Lz4),
        other => Err(Error::NotSupported(format!(
            "compression '{other}', other than gzip, zstd and lz4_frame,"
        ))),
    }
}

fn csv_format(given: &Given, named: u64) -> Result<csv::Format, Error> {
    let raw = |name| given.raw(name);
    let separator = raw("column_separator")?.map(|text| bytes::separator("column_separator", text));
    let delimiter = raw("row_delimiter")?.map(|text| bytes::separator("row_delimiter", text));
    let delimiter = delimiter.transpose()?;
    let delimiter = delimiter.filter(|bytes| bytes != b"\n" && bytes != b"\r\n");
    let one = |name| {
        let text = raw(name)?.filter(|text| !text.is_empty());
        text.map(|text| bytes::one(name, text)).transpose()
    };
    let skip = given.get("skip_header")?;
    let skip = skip.map(|text| number("skip_header", text)).transpose()?;
    let mut null_marker = raw("null_marker")?.map(|text| text.as_bytes().to_vec());
    if flag(given, "empty_field_as_null", false)? {
        if null_marker.is_some_and(|marker| !marker.is_empty()) {
            return Err(Error::Header {
                header: "empty_field_as_null",
                why: "it can't be together with 'null_marker'".into(),
            });
        }
        null_marker = Some(Vec::new());
    }
    let format = csv::Format {
        separator: separator.transpose()?.unwrap_or_else(|| b"\t".to_vec()),
        delimiter,
        enclose: one("enclose")?,
        escape: one("escape")?,
        trim_space: flag(given, "trim_space", false)?,
        trim_double_quotes: flag(given, "trim_double_quotes", false)?,
        skip_header: skip.unwrap_or(0).saturating_add(named),
        null_marker,
    };
    bytes::differ(&format)?;
    Ok(format)
}

fn json_format(given: &Given) -> Result<json::Format, Error> {
    let root = given.get("json_root")?;
    let root = root.map(|text| Path::parse("json_root", text));
    let paths = given.get("jsonpaths")?;
    Ok(json::Format {
        strip_outer_array: flag(given, "strip_outer_array", false)?,
        root: root.transpose()?,
        paths: paths.map(Path::parse_list).transpose()?,
    })
}

/// How long a load waits for the call that commits it; `None` where there is none.
pub fn hold(given: &Given) -> Result<Option<u64>, Error> {
    let wait = wait(given)?;
    Ok(flag(given, "two_phase_commit", false)?.then_some(wait))
}

/// `prepared_timeout` in milliseconds; 0 means the setting.
pub fn wait(given: &Given) -> Result<u64, Error> {
    let seconds = given.get("prepared_timeout")?;
    let seconds = seconds.map(|text| limit("prepared_timeout", text));
    Ok(seconds.transpose()?.unwrap_or(0))
}

fn zone(text: &str) -> Result<Zone, Error> {
    Zone::parse(text).ok_or_else(|| Error::Header {
        header: "timezone",
        why: format!("'{text}' is no time zone: write one as Asia/Shanghai or +08:00"),
    })
}

fn columns(text: &str) -> Result<Vec<String>, Error> {
    if text.contains('=') {
        return Err(Error::NotSupported(
            "a column computed in the header 'columns'".into(),
        ));
    }
    Ok(names(text))
}

fn names(text: &str) -> Vec<String> {
    text.split(',')
        .map(|name| name.trim().trim_matches('`').to_owned())
        .collect()
}

/// The field's rule: word characters and `-`, at most 128 of them.
fn label(text: &str) -> Result<String, Error> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if text.len() > 128 || !text.chars().all(word) {
        return Err(Error::Header {
            header: "label",
            why: "1 to 128 letters, digits, '_' and '-' are allowed".into(),
        });
    }
    Ok(text.to_owned())
}

fn timeout(text: &str) -> Result<u64, Error> {
    limit("timeout", text)
}

/// Seconds that something may take, in milliseconds.
fn limit(header: &'static str, text: &str) -> Result<u64, Error> {
    let seconds = number(header, text)?;
    if !(1..=259_200).contains(&seconds) {
        return Err(Error::Header {
            header,
            why: format!("'{text}' is not between 1 and 259200 seconds"),
        });
    }
    Ok(seconds * 1000)
}

fn ratio(text: &str) -> Result<f64, Error> {
    match text.parse::<f64>() {
        Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(ratio),
        _ => Err(Error::Header {
            header: "max_filter_ratio",
            why: format!("'{text}' is not a number between 0 and 1"),
        }),
    }
}

fn number(header: &'static str, text: &str) -> Result<u64, Error> {
    text.trim().parse().map_err(|_| Error::Header {
        header,
        why: format!("'{text}' is not a whole number"),
    })
}

fn flag(given: &Given, header: &'static str, default: bool) -> Result<bool, Error> {
    match given.get(header)? {
        None => Ok(default),
        Some(v) if v.eq_ignore_ascii_case("true") || v == "1" => Ok(true),
        Some(v) if v.eq_ignore_ascii_case("false") || v == "0" => Ok(false),
        Some(v) => Err(Error::Header {
            header,
            why: format!("'{v}' is neither true nor false"),
        }),
    }
}

#[cfg(test)]
mod tests;
