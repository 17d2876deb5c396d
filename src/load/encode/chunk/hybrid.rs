//! Parquet's RLE encoding: runs of one number, and numbers of few bits side by side.

/// Bits that the numbers below `entries` take.
pub fn width(entries: usize) -> usize {
    let last = entries.saturating_sub(1);
    (usize::BITS - last.leading_zeros()) as usize
}

/// Appends numbers of at most `width` bits.
pub fn numbers(numbers: &[u16], width: usize, out: &mut Vec<u8>) {
    // Numbers side by side come in eights, so a run is looked for at every eighth number from `start` on, up to which all is
    // written.
    let (mut start, mut at) = (0, 0);
    while let Some(eight) = numbers.get(at..at + 8) {
        let number = eight[0];
        if eight[1] != number || eight[2..] != [number; 6] {
            at += 8;
            continue;
        }
        let same = numbers[at..].iter().take_while(|other| **other == number);
        let times = same.count();
        side_by_side(&numbers[start..at], width, out);
        repeated(times, number, width, out);
        at += times;
        start = at;
    }
    side_by_side(&numbers[start..], width, out);
}

/// Appends one number several times.
pub fn repeated(times: usize, number: u16, width: usize, out: &mut Vec<u8>) {
    length((times as u64) << 1, out);
    out.extend(&number.to_le_bytes()[..width.div_ceil(8)]);
}

/// Appends bits, eight a byte, lowest first; those behind the last are not used.
pub fn bits(bits: &[bool], out: &mut Vec<u8>) {
    length(((bits.len().div_ceil(8) as u64) << 1) | 1, out);
    let byte = |eight: &[bool]| {
        let backwards = eight.iter().rev();
        backwards.fold(0, |bits, bit| (bits << 1) | u8::from(*bit))
    };
    out.extend(bits.chunks(8).map(byte));
}

fn side_by_side(numbers: &[u16], width: usize, out: &mut Vec<u8>) {
    if numbers.is_empty() {
        return;
    }
    length(((numbers.len().div_ceil(8) as u64) << 1) | 1, out);
    for eight in numbers.chunks(8) {
        let (low, high) = eight.split_at(eight.len().min(4));
        let both = u128::from(four(low, width)) | (u128::from(four(high, width)) << (4 * width));
        out.extend(&both.to_le_bytes()[..width]);
    }
}

/// Up to four numbers of up to 16 bits.
fn four(numbers: &[u16], width: usize) -> u64 {
    let backwards = numbers.iter().rev();
    backwards.fold(0, |all, number| (all << width) | u64::from(*number))
}

/// A number in sevens of bits, lowest first.
fn length(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
