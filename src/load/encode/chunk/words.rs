//! Numbers words: each distinct one gets a number of its own.

use crate::load::encode::chunk::gather::Gathered;
use crate::load::encode::chunk::index::Index;
use crate::load::encode::chunk::numbered;

/// Most places of the table for words that are near each other.
const NEAR: usize = 1 << 16;

/// Places of that table which are worth their while whatever the number of rows.
const FEW: usize = 256;

/// The distinct words of one column chunk.
pub struct Words {
    /// A place for each word from the lowest on. All are 0 between two chunks.
    near: Vec<u16>,
    index: Index,
    /// The word of each number.
    pub values: Vec<i64>,
}

impl Words {
    /// No words.
    pub fn new() -> Words {
        Words {
            near: vec![0; NEAR],
            index: Index::new(),
            values: Vec::new(),
        }
    }

    /// Appends the number of each of these integers. False where there are too many values for a dictionary.
    pub fn number(&mut self, gathered: &Gathered, numbers: &mut Vec<u16>) -> bool {
        let words = &gathered.words;
        let last = gathered.highest.wrapping_sub(gathered.lowest) as u64;
        if last < (words.len() * 4).clamp(FEW, NEAR) as u64 {
            self.number_near(words, gathered.lowest, last as usize, numbers)
        } else {
            self.number_far(words, numbers)
        }
    }

    /// By a table from the lowest word to the last one behind it. The same is done for each word and each place whatever
    /// they hold, so that the processor need not guess. Numbers are in the order of the words.
    fn number_near(
        &mut self,
        words: &[i64],
        lowest: i64,
        last: usize,
        numbers: &mut Vec<u16>,
    ) -> bool {
        let (near, values) = (&mut self.near[..=last], &mut self.values);
        let place = |word: i64| word.wrapping_sub(lowest) as usize;
        for word in words {
            near[place(*word)] = 1;
        }
        values.clear();
        values.resize(last + 1, 0);
        let mut entries = 0;
        for (at, place) in near.iter_mut().enumerate() {
            let there = std::mem::replace(place, entries as u16);
            values[entries] = lowest.wrapping_add(at as i64);
            entries += usize::from(there);
        }
        values.truncate(entries);
        let worth = numbered::is_worth(entries, words.len());
        if worth {
            numbers.extend(words.iter().map(|word| near[place(*word)]));
        }
        near.fill(0);
        worth
    }

    /// By hashes. Numbers are in the order in which words come first.
    pub fn number_far(&mut self, words: &[i64], numbers: &mut Vec<u16>) -> bool {
        let (index, values) = (&mut self.index, &mut self.values);
        index.clear();
        values.clear();
        for (so_far, word) in words.iter().enumerate() {
            let found = index.find(index.hash(*word as u64), |n| {
                values[usize::from(n)] == *word
            });
            let number = match found {
                Ok(number) => number,
                Err(place) => {
                    if !numbered::is_worth(values.len() + 1, so_far + 1) {
                        return false;
                    }
                    let number = values.len() as u16;
                    values.push(*word);
                    index.put(place, values);
                    number
                }
            };
            numbers.push(number);
        }
        true
    }
}
