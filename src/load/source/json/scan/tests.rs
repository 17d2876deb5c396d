//! The scanner beside the reader of another library, with texts made at random.

use rand::{Rng, SeedableRng};

use super::*;

#[test]
fn what_is_a_value_is_one_for_the_other_reader_too() {
    const PARTS: [&str; 24] = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "\"\\u00e9\\n\"",
        "\"\\ud83d\\ude00\"",
        "1",
        "-2.5e3",
        "0",
        "01",
        "true",
        "null",
        "false",
        " ",
        "\"",
        "\\",
        "1.",
        "-",
        "\"k\":",
        "tru",
        "e",
    ];
    let mut random = rand::rngs::StdRng::seed_from_u64(11);
    for _ in 0..200_000 {
        let parts = random.random_range(1..9);
        let text: String = (0..parts)
            .map(|_| PARTS[random.random_range(0..PARTS.len())])
            .collect();
        let start = blanks(text.as_bytes(), 0);
        let end = value(text.as_bytes(), start, 0);
        let mut other = serde_json::Deserializer::from_str(&text).into_iter::<serde_json::Value>();
        match (end, other.next()) {
            (Ok(end), Some(Ok(_))) => assert_eq!(end, other.byte_offset(), "{text}"),
            // The other reader looks one byte further where words or numbers stand together.
            // And it has no place for numbers beyond a double, which a DECIMAL has.
            (Ok(end), Some(Err(_))) => {
                let other = text[..end].parse::<serde_json::Value>();
                let large = |e: serde_json::Error| e.to_string().contains("number out of range");
                assert!(other.map_or_else(large, |_| true), "{text}");
            }
            (Err(_), Some(Err(_)) | None) => {}
            (found, other) => panic!("{text}: {found:?} {other:?}"),
        }
    }
}

#[test]
fn a_string_says_what_it_says_to_the_other_reader() {
    for text in [
        "\"\"",
        "\"a\\\"b\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u0041\\u00e9\\ud83d\\ude00\"",
        "\"\u{e9}\"",
    ] {
        let other: String = serde_json::from_str(text).unwrap();
        assert_eq!(
            unescaped(text.as_bytes()).as_ref(),
            other.as_bytes(),
            "{text}"
        );
    }
    assert_eq!(unescaped(b"\"\\ud83dx\"").as_ref(), "\u{fffd}x".as_bytes());
}

#[test]
fn a_truncated_value_is_short_and_never_another() {
    let text = b"{\"a\": [1, -2.5e3, {\"b\": \"\\u00e9\"}], \"c\": null, \"d\": true}";
    for end in 0..text.len() {
        assert_eq!(value(&text[..end], 0, 0), Err(Fault::Short), "{end}");
    }
    assert_eq!(value(text, 0, 0), Ok(text.len()));
    let deep = b"[".repeat(10_000);
    assert!(matches!(value(&deep, 0, 0), Err(Fault::Wrong(..))));
}
