//! JSON as it comes, and as it breaks.

use bytes::Bytes;
use rand::{Rng, SeedableRng};

use super::*;
use crate::load::body::Compression;
use crate::load::feed::feed;
use crate::load::source::testing::{assembler, ints, texts};

fn json(input: &[u8], piece: usize, format: Format) -> Json {
    let (writer, feed) = feed(input.len() / piece + 2);
    for piece in input.chunks(piece) {
        writer.push(Bytes::copy_from_slice(piece)).unwrap();
    }
    writer.close();
    let body = Body::new(feed, Compression::None, true).unwrap();
    Json::new(
        body,
        format,
        assembler(None),
        vec![None, Some(b"d".to_vec())],
    )
}

fn read_as(input: &[u8], format: Format) -> Result<Block, Error> {
    let mut json = json(input, 5, format);
    let mut blocks = json.next()?;
    assert!(json.next()?.is_empty());
    Ok(blocks.remove(0))
}

fn read(input: &str) -> Result<Block, Error> {
    read_as(input.as_bytes(), Format::default())
}

fn array() -> Format {
    Format {
        strip_outer_array: true,
        ..Format::default()
    }
}

fn rows(block: &Block) -> Vec<(Option<i32>, Option<String>)> {
    ints(block).into_iter().zip(texts(block)).collect()
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn keys_name_columns_and_numbers_keep_their_digits() {
    let block = read(
        "{\"name\": \"a\", \"id\": 1, \"more\": [1]}\n\n{\"id\": \"2\"}\r\n{\"id\":3,\"name\":12345678901234567890123}\n\
         {\"ID\": 4.0, \"Name\": null} {\"id\":5,\"name\":\"x\\u00e9\\n\"}",
    )
    .unwrap();
    let expected = [
        (Some(1), text("a")),
        (Some(2), text("d")),
        (Some(3), text("12345678901234567890123")),
        (Some(4), None),
        (Some(5), text("x\u{e9}\n")),
    ];
    assert_eq!(rows(&block), expected);
    assert_eq!(block.lines, [1, 3, 4, 5, 5]);
    assert_eq!(block.misfits.count, 0);
}

#[test]
fn nested_values_are_texts_of_json() {
    let block =
        read("{\"id\":1,\"name\":{\"x\": [1, 2], \"y\": \"a b\"}}{\"id\":2,\"name\":[true]}")
            .unwrap();
    let expected = [
        (Some(1), text("{\"x\":[1,2],\"y\":\"a b\"}")),
        (Some(2), text("[true]")),
    ];
    assert_eq!(rows(&block), expected);
}

#[test]
fn objects_stand_on_one_line_or_on_many() {
    let block =
        read("{\n  \"id\": 1,\n  \"name\": \"a\"\n}\n{\n  \"id\": 2\n}{\"id\":3}\n").unwrap();
    assert_eq!(ints(&block), [Some(1), Some(2), Some(3)]);
    assert_eq!(block.lines, [1, 5, 7]);
}

#[test]
fn a_bad_object_is_counted_and_the_others_are_loaded() {
    let block = read(
        "{\"id\":1}\n{\"id\":\n{\"id\":{}}\n[1]\n{\"id\":4} {\"id\":5}\n{\"id\":6} x\nnull\n{\"nom\":1}\n{\n \"id\": 7,\n \"name\"\n}\n\
         {\"id\":8}\n{\"id\":9",
    )
    .unwrap();
    let good: Vec<_> = ints(&block).into_iter().flatten().collect();
    assert_eq!(good, [1, 4, 5, 6, 8]);
    let mut lines: Vec<u64> = block.misfits.samples.iter().map(|m| m.line).collect();
    lines.sort_unstable();
    assert_eq!(lines, [2, 3, 4, 6, 7, 8, 9, 14]);
    let unknown = |m: &&crate::load::misfit::Misfit| m.reason == Reason::NoKnownKey;
    assert_eq!(block.misfits.samples.iter().filter(unknown).count(), 1);
}

#[test]
fn elements_of_an_array_are_rows_where_the_header_says_so() {
    let block = read_as(
        b" [ {\"id\":1}, {\"id\":2,\"name\":\"b\"} ]\n[]\n[{\"id\":3}]",
        array(),
    )
    .unwrap();
    assert_eq!(ints(&block), [Some(1), Some(2), Some(3)]);
    let refused = read("[{\"id\":1}]");
    assert!(matches!(refused, Err(Error::Input(why)) if why.contains("strip_outer_array")));
    for broken in [
        "[{\"id\":1}",
        "[{\"id\":1},",
        "[{\"id\":1} {\"id\":2}]",
        "[{\"id\":}]",
        "[1]",
        "[{\"id\":1},]",
    ] {
        let refused = read_as(broken.as_bytes(), array());
        assert!(
            matches!(refused, Err(Error::Input(_))),
            "{broken}: {refused:?}"
        );
    }
}

#[test]
fn the_root_and_the_paths_say_where_rows_and_fields_are() {
    let root = |text| Some(Path::parse("json_root", text).unwrap());
    let format = Format {
        strip_outer_array: true,
        root: root("$.data.rows"),
        paths: Some(Path::parse_list("[\"$.key\", \"$.tags[1]\"]").unwrap()),
    };
    let input = b"{\"data\": {\"rows\": [{\"key\": 1, \"tags\": [1, 2]},\n{\"key\": 2}]}}\n{\"data\": {\"rows\": []}}";
    let block = read_as(input, format.clone()).unwrap();
    assert_eq!(rows(&block), [(Some(1), text("2")), (Some(2), text("d"))]);
    assert_eq!(block.lines, [1, 2]);
    let refused = read_as(b"{\"data\": 1}", format);
    assert!(matches!(refused, Err(Error::Input(why)) if why.contains("json_root")));
}

/// Rows that were made at random are read as another reader reads them, however they are written and cut.
#[test]
fn rows_are_the_same_however_they_are_written() {
    let mut random = rand::rngs::StdRng::seed_from_u64(5);
    for round in 0..3000 {
        let mut expected = Vec::new();
        let mut written = Vec::new();
        for id in 0..random.random_range(1..8) {
            let name: serde_json::Value = match random.random_range(0..5) {
                0 => serde_json::Value::Null,
                1 => serde_json::json!({"a": [1, null], "b": "{\""}),
                2 => serde_json::json!(7),
                3 => serde_json::json!("\u{e9}\"\\\n\t,}"),
                _ => serde_json::json!(""),
            };
            let shown = match &name {
                serde_json::Value::Null => None,
                serde_json::Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            };
            expected.push((Some(id), shown));
            let row = serde_json::json!({"x": {"id": 99}, "NAME": name, "id": id});
            written.push(match random.random_range(0..2) {
                0 => row.to_string(),
                _ => serde_json::to_string_pretty(&row).unwrap(),
            });
        }
        let strip = random.random_range(0..2) == 0;
        let input = match strip {
            true => format!("[{}]", written.join(" ,\n")),
            false => written.join(["", "\n", " \r\n"][random.random_range(0..3)]),
        };
        let format = if strip { array() } else { Format::default() };
        let mut json = json(input.as_bytes(), random.random_range(1..40), format);
        let block = json.next().unwrap().remove(0);
        assert_eq!(
            (rows(&block), block.misfits.count),
            (expected, 0),
            "round {round}: {input}"
        );
    }
}

#[test]
fn broken_texts_end_and_count_each_row_once() {
    let whole = "{\"id\":1,\"name\":\"a\"}\n{\"id\":2,\"name\":{\"k\":[1,2]}}\n".repeat(3);
    let mut random = rand::rngs::StdRng::seed_from_u64(9);
    for round in 0..5000 {
        let mut input = whole.clone().into_bytes();
        for _ in 0..random.random_range(1..4) {
            let at = random.random_range(0..input.len().max(1));
            match random.random_range(0..3) {
                _ if input.is_empty() => {}
                0 => input[at] = b"{}[]\":,\\ \n1x"[random.random_range(0..12)],
                1 => drop(input.remove(at)),
                _ => input.truncate(at.max(1)),
            }
        }
        let format = if round % 2 == 0 {
            array()
        } else {
            Format::default()
        };
        let mut json = json(&input, 17, format);
        while let Ok(blocks) = json.next() {
            let Some(block) = blocks.first() else { break };
            for id in ints(block)
                .into_iter()
                .zip(&block.fits)
                .filter_map(|(id, fits)| fits.then_some(id))
            {
                assert!(id.is_some());
            }
        }
    }
}
