//! The dictionary of a column of texts.

use std::ops::Range;

use arrow::array::{Array, AsArray};
use parquet::file::statistics::Statistics;

use crate::load::encode::chunk::gather::Gathered;
use crate::load::encode::chunk::index::Index;
use crate::load::encode::chunk::numbered::{self, Numbered};
use crate::load::encode::chunk::words::Words;
use crate::load::encode::part::Part;

/// Most bytes of a dictionary page.
const BYTES_MAX: usize = 1 << 20;

/// Most bytes of the least or greatest text that metadata names.
const SHOWN_BYTES: usize = 64;

/// Longest text that is a word with its length.
const SHORT_BYTES: usize = 7;

/// Stands in the highest byte of the word of a longer text.
const LONG: i64 = 0x7f << 56;

/// Numbers texts of any length.
pub struct Texts {
    index: Index,
    /// By number: where the text is in the dictionary's bytes.
    places: Vec<Range<usize>>,
}

impl Texts {
    /// No texts.
    pub fn new() -> Texts {
        Texts {
            index: Index::new(),
            places: Vec::new(),
        }
    }

    /// Numbers a column; its statistics, or none when there are too many values for a dictionary, or no value.
    pub fn number(
        &mut self,
        column: usize,
        parts: &[Part],
        gathered: &mut Gathered,
        words: &mut Words,
        out: &mut Numbered,
    ) -> Option<Statistics> {
        gathered.clear(parts);
        let index = &self.index;
        for part in parts {
            let array = part.column(column).as_string::<i32>();
            let (offsets, bytes) = (array.value_offsets(), array.value_data());
            gathered.add(part, array.nulls(), |row| {
                word(
                    bytes,
                    offsets[row] as usize,
                    offsets[row + 1] as usize,
                    index,
                )
            });
        }
        out.clear(gathered.words.len());
        self.places.clear();
        let all_short = gathered.words.iter().all(|word| *word < LONG);
        let numbered = match all_short {
            true => self.number_short(&gathered.words, words, out),
            false => self.number_any(column, parts, &gathered.words, words, out),
        };
        out.entries = self.places.len();
        if !numbered {
            return None;
        }
        self.statistics(out, gathered.nulls())
    }

    /// A short text is its word.
    fn number_short(&mut self, texts: &[i64], words: &mut Words, out: &mut Numbered) -> bool {
        let numbered = words.number_far(texts, &mut out.numbers);
        for word in &words.values {
            let [text @ .., length] = word.to_le_bytes();
            let text = &text[..usize::from(length)];
            self.places.push(put(text, &mut out.dictionary));
        }
        numbered
    }

    fn number_any(
        &mut self,
        column: usize,
        parts: &[Part],
        texts: &[i64],
        words: &mut Words,
        out: &mut Numbered,
    ) -> bool {
        let (index, places) = (&mut self.index, &mut self.places);
        let (known, dictionary) = (&mut words.values, &mut out.dictionary);
        index.clear();
        known.clear();
        let present = parts.iter().flat_map(|part| present(part, column));
        for (so_far, (word, text)) in texts.iter().zip(present).enumerate() {
            let is = |number: u16| {
                let number = usize::from(number);
                known[number] == *word
                    && (*word < LONG || dictionary[places[number].clone()] == *text)
            };
            let number = match index.find(index.hash(*word as u64), is) {
                Ok(number) => number,
                Err(place) => {
                    let small = dictionary.len() + text.len() < BYTES_MAX;
                    if !small || !numbered::is_worth(places.len() + 1, so_far + 1) {
                        return false;
                    }
                    let number = places.len() as u16;
                    places.push(put(text, dictionary));
                    known.push(*word);
                    index.put(place, known);
                    number
                }
            };
            out.numbers.push(number);
        }
        true
    }

    fn statistics(&self, out: &Numbered, nulls: u64) -> Option<Statistics> {
        let texts = || self.places.iter().map(|at| &out.dictionary[at.clone()]);
        let (min, max) = (texts().min()?, texts().max()?);
        // Long ones would make the metadata large.
        let all_short = min.len().max(max.len()) <= SHOWN_BYTES;
        let shown = |text: &[u8]| Some(text.to_vec().into()).filter(|_| all_short);
        let (min, max) = (shown(min), shown(max));
        Some(Statistics::byte_array(min, max, None, Some(nulls), false))
    }
}

/// Appends a text with its length to the bytes of a dictionary; where it is there.
fn put(text: &[u8], dictionary: &mut Vec<u8>) -> Range<usize> {
    dictionary.extend((text.len() as u32).to_le_bytes());
    let start = dictionary.len();
    dictionary.extend(text);
    start..dictionary.len()
}

/// The texts of a part's rows that are not NULL.
fn present(part: &Part, column: usize) -> impl Iterator<Item = &[u8]> {
    let array = part.column(column).as_string::<i32>();
    let rows = part.rows().iter().map(|row| *row as usize);
    rows.filter(|row| array.is_valid(*row))
        .map(|row| array.value(row).as_bytes())
}

/// A word that no other short text has, and few longer ones. None is negative.
#[inline]
fn word(bytes: &[u8], start: usize, end: usize, index: &Index) -> i64 {
    let length = end - start;
    if length > SHORT_BYTES {
        return long(&bytes[start..end], index);
    }
    let text = match bytes.get(start..start + 8) {
        Some(eight) => eight.first_chunk().map_or(0, |e| u64::from_le_bytes(*e)),
        None => padded(&bytes[start..end]),
    };
    let mask = (1 << (8 * length)) - 1;
    ((text & mask) | ((length as u64) << 56)) as i64
}

/// A hash of a long text.
fn long(text: &[u8], index: &Index) -> i64 {
    let mut eights = text.chunks_exact(8);
    let all = eights.by_ref().fold(text.len() as u64, |all, eight| {
        let eight = eight.first_chunk().map_or(0, |e| u64::from_le_bytes(*e));
        index.hash(all ^ eight).rotate_left(29)
    });
    let all = index.hash(all ^ padded(eights.remainder())).rotate_left(29);
    (all as i64 & ((1 << 56) - 1)) | LONG
}

/// Less than eight bytes, and zeros.
fn padded(bytes: &[u8]) -> u64 {
    let mut eight = [0; 8];
    eight[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(eight)
}
