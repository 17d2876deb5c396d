//! JSON lines: one object a line, its keys the columns' names.
//!
//! Numbers are read as they are written, so that no digit of a large one is lost.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::datatypes::{DataType as ArrowType, Field, Schema, SchemaRef};
use arrow::json::ReaderBuilder;
use arrow::json::reader::Decoder;
use bytes::Bytes;

use crate::load::block::{Assembler, BYTES_MAX, Block, ROWS_MAX};
use crate::load::error::Error;
use crate::load::feed::Feed;
use crate::load::misfit::{Misfits, Reason};
use crate::load::source::{RECORD_BYTES_MAX, Source};
use crate::load::text::Fields;

/// Reads lines of JSON.
pub struct Json {
    feed: Feed<Bytes>,
    /// Input whose last line may not be complete.
    pending: Vec<u8>,
    ended: bool,
    line: u64,
    schema: SchemaRef,
    assembler: Assembler,
}

impl Json {
    /// A reader of `feed`.
    pub fn new(feed: Feed<Bytes>, assembler: Assembler) -> Json {
        let fields = assembler.fields().iter();
        let fields = fields.map(|name| Field::new(name, ArrowType::Utf8, true));
        Json {
            feed,
            pending: Vec::new(),
            ended: false,
            line: 1,
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            assembler,
        }
    }

    /// Bytes of whole lines, about a block of them; `None` at the end.
    fn lines(&mut self) -> Result<Option<Vec<u8>>, Error> {
        loop {
            if self.pending.len() >= BYTES_MAX || self.ended {
                let end = match self.pending.iter().rposition(|b| *b == b'\n') {
                    _ if self.ended => self.pending.len(),
                    Some(at) => at + 1,
                    None => 0,
                };
                if end > 0 {
                    let rest = self.pending.split_off(end);
                    return Ok(Some(std::mem::replace(&mut self.pending, rest)));
                }
                if self.ended {
                    return Ok(None);
                }
            }
            if self.pending.len() > RECORD_BYTES_MAX {
                return Err(Error::Input(format!(
                    "line {}: a line of more than {RECORD_BYTES_MAX} bytes; one JSON object a line is expected",
                    self.line
                )));
            }
            match self.feed.take()? {
                Some(chunk) => self.pending.extend_from_slice(&chunk),
                None => self.ended = true,
            }
        }
    }

    /// A decoder with room for so many lines, and one more: a full one leaves the rest of its input unread.
    fn decoder(&self, lines: usize) -> Result<Decoder, Error> {
        let builder = ReaderBuilder::new(self.schema.clone());
        Ok(builder
            .with_coerce_primitive(true)
            .with_batch_size(lines + 1)
            .build_decoder()?)
    }

    /// Decodes lines that must be one object each; the error is a sentence.
    fn decode(&self, lines: &[(u64, &[u8])]) -> Result<Result<Texts, String>, Error> {
        let mut decoder = self.decoder(lines.len())?;
        for (_, line) in lines {
            let before = decoder.len();
            let taken = match decoder.decode(line) {
                Ok(taken) => taken,
                Err(e) => return Ok(Err(e.to_string())),
            };
            if taken != line.len() || decoder.has_partial_record() {
                return Ok(Err("the object does not end on its line".into()));
            }
            if decoder.len() != before + 1 {
                return Ok(Err("one object a line is expected".into()));
            }
        }
        match decoder.flush() {
            Ok(batch) => Ok(Ok(Texts::new(batch.map(|b| b.columns().to_vec())))),
            Err(e) => Ok(Err(e.to_string())),
        }
    }

    fn block(&self, all: &[(u64, &[u8])]) -> Result<Block, Error> {
        let mut misfits = Misfits::default();
        let numbers = |lines: &[(u64, &[u8])]| lines.iter().map(|(line, _)| *line).collect();
        if let Ok(texts) = self.decode(all)? {
            return self.assembler.from_text(&texts, numbers(all), misfits, 0);
        }
        // Some line is not an object: find which, one by one, and decode the others again.
        let mut good = Vec::with_capacity(all.len());
        for (line, text) in all {
            match self.decode(&[(*line, text)])? {
                Ok(_) => good.push((*line, *text)),
                Err(why) => misfits.add(*line, None, Reason::NotJson(why), || {
                    String::from_utf8_lossy(text).into_owned()
                }),
            }
        }
        let outside = misfits.count;
        match self.decode(&good)? {
            Ok(texts) => self
                .assembler
                .from_text(&texts, numbers(&good), misfits, outside),
            Err(why) => Err(Error::Internal(why)),
        }
    }
}

impl Source for Json {
    fn next(&mut self) -> Result<Vec<Block>, Error> {
        while let Some(mut bytes) = self.lines()? {
            let first = self.line;
            let mut all = Vec::new();
            let mut used = 0;
            for line in bytes.split_inclusive(|b| *b == b'\n') {
                if all.len() == ROWS_MAX {
                    break;
                }
                used += line.len();
                self.line += 1;
                let text = line.trim_ascii();
                if !text.is_empty() {
                    all.push((self.line - 1, text));
                }
            }
            if first == 1 && all.first().is_some_and(|(_, text)| text.starts_with(b"[")) {
                return Err(Error::NotSupported(
                    "a JSON array around the rows (strip_outer_array): write one object a line; that".into(),
                ));
            }
            let block = match all.is_empty() {
                true => None,
                false => Some(self.block(&all)?),
            };
            let mut rest = bytes.split_off(used);
            if !rest.is_empty() {
                rest.append(&mut self.pending);
                self.pending = rest;
            }
            if let Some(block) = block {
                return Ok(vec![block]);
            }
        }
        Ok(Vec::new())
    }
}

/// Decoded fields, all as text.
struct Texts(Vec<StringArray>);

impl Texts {
    fn new(columns: Option<Vec<ArrayRef>>) -> Texts {
        let columns = columns.unwrap_or_default();
        Texts(
            columns
                .iter()
                .map(|c| c.as_string::<i32>().clone())
                .collect(),
        )
    }
}

impl Fields for Texts {
    fn rows(&self) -> usize {
        self.0.first().map_or(0, Array::len)
    }

    fn get(&self, row: usize, field: usize) -> Option<&[u8]> {
        let column = self.0.get(field)?;
        (row < column.len() && column.is_valid(row)).then(|| column.value(row).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::feed::feed;
    use crate::load::source::testing::{assembler, ints, texts};

    fn read(input: &[u8]) -> Result<Block, Error> {
        let (writer, feed) = feed(8);
        let input = Bytes::copy_from_slice(input);
        futures::executor::block_on(async {
            let (head, tail) = (
                input.slice(..input.len() / 2),
                input.slice(input.len() / 2..),
            );
            writer.send(head).await.unwrap();
            writer.send(tail).await.unwrap();
            writer.end().await;
        });
        let mut json = Json::new(feed, assembler(None));
        let block = json.next()?.remove(0);
        assert!(json.next()?.is_empty());
        Ok(block)
    }

    #[test]
    fn keys_name_columns_and_numbers_keep_their_digits() {
        let block = read(b"{\"name\": \"a\", \"id\": 1, \"more\": [1]}\n\n{\"id\": \"2\"}\r\n{\"id\":3,\"name\":12345678901234567890123}").unwrap();
        assert_eq!(ints(&block), [Some(1), Some(2), Some(3)]);
        let names = [Some("a"), None, Some("12345678901234567890123")];
        assert_eq!(texts(&block), names.map(|n| n.map(str::to_owned)));
        assert_eq!(block.lines, [1, 3, 4]);
        assert_eq!(block.misfits.count, 0);
    }

    #[test]
    fn a_bad_line_is_counted_and_the_others_are_loaded() {
        let block = read(
            b"{\"id\":1}\n{\"id\":\n{\"id\":{}}\n[1]\n{\"id\":4} {\"id\":5}\n{\"id\":6}\nnull\n",
        )
        .unwrap();
        assert_eq!(ints(&block), [Some(1), Some(6)]);
        let lines: Vec<u64> = block.misfits.samples.iter().map(|m| m.line).collect();
        assert_eq!(lines, [2, 3, 4, 5, 7]);
        assert_eq!((block.total(), block.misfits.count), (7, 5));
    }

    #[test]
    fn an_array_around_the_rows_is_refused() {
        assert!(matches!(read(b"[{\"id\":1}]"), Err(Error::NotSupported(_))));
    }
}
