//! The headers of a stream load, as the field names them.
//!
//! A header that would change which rows are loaded and that is not offered is refused; hints about resources
//! (`load_mem_limit`, `timezone`) are ignored.

use crate::load::error::Error;
use crate::load::source::csv;

/// How the body of a stream load is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// Separated fields.
    Csv(csv::Format),
    /// One JSON object a line.
    Json,
    /// A Parquet file.
    Parquet,
}

/// What the headers of a stream load say.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// `label`; `None` makes one.
    pub label: Option<String>,
    /// `format` and what belongs to it.
    pub format: Format,
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
}

/// Headers that would change the rows, and are not offered.
const REFUSED: &[&str] = &[
    "where",
    "jsonpaths",
    "json_root",
    "temporary_partitions",
    "merge_condition",
    "escape",
    "compression",
    "content-encoding",
];

/// Headers that would change the rows when they are true, and are not offered.
const REFUSED_TRUE: &[&str] = &[
    "strip_outer_array",
    "trim_space",
    "partial_update",
    "fuzzy_parse",
    "negative",
];

impl Options {
    /// Reads the headers; `header` gives one by its lower-case name.
    pub fn read(header: impl Fn(&str) -> Option<String>) -> Result<Options, Error> {
        let given = |name: &str| {
            header(name)
                .map(|v| v.trim().to_owned())
                .filter(|v| !v.is_empty())
        };
        for name in REFUSED {
            if let Some(value) = given(name).filter(|v| !v.eq_ignore_ascii_case("none")) {
                return Err(Error::NotSupported(format!("header '{name}: {value}'")));
            }
        }
        for name in REFUSED_TRUE {
            if flag(name, given(name), false)? {
                return Err(Error::NotSupported(format!("header '{name}: true'")));
            }
        }
        Ok(Options {
            label: given("label").map(label).transpose()?,
            format: format(&header)?,
            columns: given("columns").map(|text| columns(&text)).transpose()?,
            partitions: given("partitions")
                .map(|text| names(&text))
                .unwrap_or_default(),
            timeout_ms: given("timeout").map(timeout).transpose()?.unwrap_or(0),
            max_filter_ratio: given("max_filter_ratio")
                .map(ratio)
                .transpose()?
                .unwrap_or(0.0),
            lenient: !flag("strict_mode", given("strict_mode"), true)?,
        })
    }
}

fn format(header: &impl Fn(&str) -> Option<String>) -> Result<Format, Error> {
    let name = header("format").unwrap_or_default();
    match name.trim().to_ascii_lowercase().as_str() {
        "" | "csv" => csv_format(header).map(Format::Csv),
        "json" => Ok(Format::Json),
        "parquet" => Ok(Format::Parquet),
        other => Err(Error::NotSupported(format!(
            "format '{other}', other than csv, json and parquet,"
        ))),
    }
}

fn csv_format(header: &impl Fn(&str) -> Option<String>) -> Result<csv::Format, Error> {
    let separator = match header("column_separator") {
        None => b'\t',
        Some(text) => one_byte("column_separator", &text)?,
    };
    let delimiter = match header("row_delimiter").map(|text| unescape(&text)) {
        None => None,
        Some(bytes) if bytes == b"\n" || bytes == b"\r\n" => None,
        Some(_) => {
            let text = header("row_delimiter").unwrap_or_default();
            Some(one_byte("row_delimiter", &text)?)
        }
    };
    let enclose = header("enclose").filter(|text| !text.is_empty());
    let enclose = enclose.map(|text| {
        let bare = text
            .strip_prefix('\\')
            .filter(|rest| rest.len() == 1)
            .unwrap_or(&text);
        one_byte("enclose", bare)
    });
    let skip = header("skip_header").map(|text| number("skip_header", &text));
    Ok(csv::Format {
        separator,
        delimiter,
        enclose: enclose.transpose()?,
        skip_header: skip.transpose()?.unwrap_or(0),
        null_marker: header("null_marker").map(String::into_bytes),
    })
}

fn one_byte(header: &'static str, text: &str) -> Result<u8, Error> {
    match unescape(text).as_slice() {
        [byte] => Ok(*byte),
        [] => Err(Error::Header {
            header,
            why: "it is empty".into(),
        }),
        _ => Err(Error::NotSupported(format!(
            "header '{header}: {text}': more than one byte"
        ))),
    }
}

/// `\t`, `\n`, `\r`, `\\`, `\x01` and `0x01`, as shells and clients write bytes that a header can't hold.
fn unescape(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    if let Some(all) = text.strip_prefix("0x").and_then(hex) {
        return all;
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let (byte, length) = match rest.as_bytes() {
            [b'\\', b't', ..] => (b'\t', 2),
            [b'\\', b'n', ..] => (b'\n', 2),
            [b'\\', b'r', ..] => (b'\r', 2),
            [b'\\', b'\\', ..] => (b'\\', 2),
            [b'\\', b'x', ..] => match rest.get(2..4).and_then(hex).as_deref() {
                Some([byte]) => (*byte, 4),
                _ => (b'\\', 1),
            },
            [byte, ..] if byte.is_ascii() => (*byte, 1),
            _ => {
                out.extend_from_slice(next.to_string().as_bytes());
                rest = rest.get(next.len_utf8()..).unwrap_or_default();
                continue;
            }
        };
        out.push(byte);
        rest = rest.get(length..).unwrap_or_default();
    }
    out
}

/// Pairs of hexadecimal digits.
fn hex(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() || !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    let pairs = (0..text.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
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
fn label(text: String) -> Result<String, Error> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if text.len() > 128 || !text.chars().all(word) {
        return Err(Error::Header {
            header: "label",
            why: "1 to 128 letters, digits, '_' and '-' are allowed".into(),
        });
    }
    Ok(text)
}

fn timeout(text: String) -> Result<u64, Error> {
    let seconds = number("timeout", &text)?;
    if !(1..=259_200).contains(&seconds) {
        return Err(Error::Header {
            header: "timeout",
            why: format!("'{text}' is not between 1 and 259200 seconds"),
        });
    }
    Ok(seconds * 1000)
}

fn ratio(text: String) -> Result<f64, Error> {
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

fn flag(header: &'static str, value: Option<String>, default: bool) -> Result<bool, Error> {
    match value.as_deref() {
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
mod tests {
    use super::*;

    fn read(headers: &[(&str, &str)]) -> Result<Options, Error> {
        Options::read(|name| {
            let found = headers.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.to_string())
        })
    }

    fn csv(headers: &[(&str, &str)]) -> csv::Format {
        match read(headers).unwrap().format {
            Format::Csv(format) => format,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_headers_the_field_s_defaults_hold() {
        let options = read(&[]).unwrap();
        assert_eq!(
            (
                options.timeout_ms,
                options.max_filter_ratio,
                options.lenient
            ),
            (0, 0.0, false)
        );
        let format = csv(&[]);
        assert_eq!(
            (format.separator, format.enclose, format.skip_header),
            (b'\t', None, 0)
        );
    }

    #[test]
    fn separators_are_read_in_every_spelling() {
        for (text, byte) in [
            (",", b','),
            ("\\t", b'\t'),
            ("\\x01", 1),
            ("0x01", 1),
            ("|", b'|'),
            (" ", b' '),
        ] {
            assert_eq!(csv(&[("column_separator", text)]).separator, byte, "{text}");
        }
        assert_eq!(csv(&[("enclose", "\\\"")]).enclose, Some(b'"'));
        assert_eq!(csv(&[("row_delimiter", "\\r\\n")]).delimiter, None);
        assert_eq!(csv(&[("row_delimiter", "\\x02")]).delimiter, Some(2));
        let long = read(&[("column_separator", "||")]);
        assert!(matches!(long, Err(Error::NotSupported(_))));
    }

    #[test]
    fn names_and_numbers_are_read_and_checked() {
        let options = read(&[
            ("columns", " a, `b` ,c"),
            ("timeout", "7"),
            ("max_filter_ratio", "0.25"),
            ("strict_mode", "FALSE"),
        ]);
        let options = options.unwrap();
        assert_eq!(
            options.columns,
            Some(["a", "b", "c"].map(str::to_owned).to_vec())
        );
        assert_eq!(
            (
                options.timeout_ms,
                options.max_filter_ratio,
                options.lenient
            ),
            (7000, 0.25, true)
        );
        for wrong in [
            ("timeout", "0"),
            ("timeout", "soon"),
            ("max_filter_ratio", "NaN"),
            ("max_filter_ratio", "1.1"),
            ("label", "a b"),
            ("skip_header", "-1"),
            ("strict_mode", "maybe"),
        ] {
            assert!(
                matches!(read(&[wrong]), Err(Error::Header { .. })),
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn what_would_change_the_rows_and_is_not_offered_is_refused() {
        for refused in [
            ("where", "a > 1"),
            ("columns", "a, b = a + 1"),
            ("strip_outer_array", "true"),
            ("format", "orc"),
            ("compression", "gzip"),
        ] {
            assert!(
                matches!(read(&[refused]), Err(Error::NotSupported(_))),
                "{refused:?}"
            );
        }
        assert!(read(&[("strip_outer_array", "false"), ("timezone", "UTC")]).is_ok());
    }
}
