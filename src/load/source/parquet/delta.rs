//! Values that are said by what they differ in from the one before: their lengths, decoded once before the library does, because
//! it reserves as many of them as a page says that it has.

use parquet::basic::Encoding;

use crate::load::error::Error;

/// Most values of a page.
const VALUES_MAX: u64 = 16 << 20;

/// The longest value of a page in one of these encodings; 0 for others, whose values are no longer than their bytes.
///
/// # Errors
/// The lengths can't be believed.
pub fn longest(encoding: Encoding, values: &[u8]) -> Result<u64, Error> {
    let longest = match encoding {
        Encoding::DELTA_LENGTH_BYTE_ARRAY => lengths(values).map(|(lengths, _)| {
            let longest = lengths.into_iter().max().unwrap_or(0);
            u64::try_from(longest).unwrap_or(0)
        }),
        Encoding::DELTA_BYTE_ARRAY => lengths(values).and_then(|(prefixes, read)| {
            let (suffixes, _) = lengths(values.get(read..)?)?;
            let both = prefixes.iter().zip(&suffixes);
            let longest = both
                .map(|(a, b)| a.max(&0).saturating_add(*b.max(&0)))
                .max();
            (prefixes.len() == suffixes.len()).then_some(())?;
            u64::try_from(longest.unwrap_or(0)).ok()
        }),
        _ => Some(0),
    };
    longest.ok_or_else(|| {
        Error::Input("the Parquet file can't be believed: the lengths of its texts".to_owned())
    })
}

/// Numbers in DELTA_BINARY_PACKED, and how many bytes they take. `None` where they do not fit their page.
fn lengths(page: &[u8]) -> Option<(Vec<i64>, usize)> {
    let mut from = Bits { page, at: 0 };
    let block = usize::try_from(from.unsigned()?).ok()?;
    let parts = usize::try_from(from.unsigned()?).ok()?;
    let values = from.unsigned()?;
    let mut last = from.signed()?;
    if values > VALUES_MAX || parts == 0 || parts > 1024 || block > 1 << 20 || block % parts != 0 {
        return None;
    }
    let values = usize::try_from(values).ok()?;
    let each = block / parts;
    if each % 8 != 0 || (values > 1 && each == 0) {
        return None;
    }
    let mut all = Vec::new();
    if values > 0 {
        all.push(last);
    }
    while all.len() < values {
        let least = from.signed()?;
        let widths = from.take(parts)?;
        for width in widths {
            if all.len() >= values {
                break;
            }
            if *width > 64 {
                return None;
            }
            let packed = from.take(each.checked_mul(usize::from(*width))? / 8)?;
            let here = each.min(values - all.len());
            for number in 0..here {
                let delta = bits(packed, number * usize::from(*width), usize::from(*width));
                last = last.wrapping_add(least).wrapping_add(delta);
                all.push(last);
            }
        }
    }
    Some((all, from.at))
}

/// `width` bits from bit `at` on, the lowest first.
fn bits(packed: &[u8], at: usize, width: usize) -> i64 {
    let mut value = 0_u64;
    for bit in 0..width {
        let place = at + bit;
        let byte = packed.get(place / 8).copied().unwrap_or(0);
        value |= u64::from(byte >> (place % 8) & 1) << bit;
    }
    value as i64
}

struct Bits<'a> {
    page: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(bytes)?;
        let taken = self.page.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn unsigned(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = *self.take(1)?.first_chunk::<1>()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let raw = self.unsigned()?;
        Some((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }
}
