//! Numbers the texts of a column.

use std::ops::Range;

use arrow::array::{Array, AsArray};
use parquet::file::statistics::Statistics;

use crate::load::encode::chunk::index::{Index, hash};
use crate::load::encode::chunk::numbered::{self, Numbered};
use crate::load::encode::part::{Part, rows};

/// Most bytes of a dictionary page.
const BYTES_MAX: usize = 1 << 20;

/// Most bytes of the least or greatest text that metadata names.
const SHOWN_BYTES: usize = 64;

/// Stands in the highest byte of the word of a text of more than seven bytes.
const LONG: u64 = 0xff << 56;

/// The dictionary of one column chunk.
pub struct Texts {
    index: Index,
    /// By number: all of a short text with its length, or the hash of a long one.
    words: Vec<u64>,
    /// By number: where the text is in the dictionary's bytes.
    places: Vec<Range<usize>>,
}

impl Texts {
    /// An empty dictionary.
    pub fn new() -> Texts {
        Texts {
            index: Index::new(),
            words: Vec::new(),
            places: Vec::new(),
        }
    }

    /// Numbers a column; its statistics, or none when there are too many values for a dictionary, or no value.
    pub fn number(
        &mut self,
        column: usize,
        parts: &[Part],
        out: &mut Numbered,
    ) -> Option<Statistics> {
        let (index, words, places) = (&mut self.index, &mut self.words, &mut self.places);
        index.clear();
        words.clear();
        places.clear();
        out.clear(rows(parts));
        let mut dictionary = std::mem::take(&mut out.dictionary);
        let all = parts.iter().all(|part| {
            let array = part.column(column).as_string::<i32>();
            let (offsets, bytes) = (array.value_offsets(), array.value_data());
            out.add(part, array.nulls(), |so_far, row| {
                let (start, end) = (offsets[row] as usize, offsets[row + 1] as usize);
                let word = word(bytes, start, end);
                let text = &bytes[start..end];
                let is = |number: u16| {
                    let number = usize::from(number);
                    words[number] == word
                        && (word < LONG || dictionary[places[number].clone()] == *text)
                };
                let found = index.find(hash(word), is);
                found.map_or_else(
                    |place| {
                        let small = dictionary.len() + text.len() < BYTES_MAX;
                        let number = numbered::next(words.len(), so_far).filter(|_| small)?;
                        dictionary.extend((text.len() as u32).to_le_bytes());
                        let start = dictionary.len();
                        dictionary.extend(text);
                        let end = dictionary.len();
                        words.push(word);
                        places.push(start..end);
                        index.put(place, number, |n| hash(words[usize::from(n)]));
                        Some(number)
                    },
                    Some,
                )
            })
        });
        out.dictionary = dictionary;
        out.entries = self.words.len();
        if all { self.statistics(out) } else { None }
    }

    fn statistics(&self, out: &Numbered) -> Option<Statistics> {
        let texts = || self.places.iter().map(|at| &out.dictionary[at.clone()]);
        let (min, max) = (texts().min()?, texts().max()?);
        // Long ones would make the metadata large.
        let all_short = min.len().max(max.len()) <= SHOWN_BYTES;
        let shown = |text: &[u8]| Some(text.to_vec().into()).filter(|_| all_short);
        let nulls = Some(out.nulls() as u64);
        Some(Statistics::byte_array(
            shown(min),
            shown(max),
            None,
            nulls,
            false,
        ))
    }
}

/// A word that no other text of up to seven bytes has, and few longer ones.
fn word(bytes: &[u8], start: usize, end: usize) -> u64 {
    let length = end - start;
    if length > 7 {
        let mut words = bytes[start..end].chunks_exact(8);
        let last = word(bytes, end - words.remainder().len(), end);
        let all = words.by_ref().fold(last, |all, eight| {
            let eight = eight.first_chunk().map_or(0, |e| u64::from_le_bytes(*e));
            hash(all ^ eight).rotate_left(29)
        });
        return all | LONG;
    }
    let text = match bytes.get(start..start + 8) {
        Some(eight) => eight.first_chunk().map_or(0, |e| u64::from_le_bytes(*e)),
        None => {
            let mut eight = [0; 8];
            eight[..length].copy_from_slice(&bytes[start..end]);
            u64::from_le_bytes(eight)
        }
    };
    let mask = (1 << (8 * length)) - 1;
    (text & mask) | ((length as u64) << 56)
}
