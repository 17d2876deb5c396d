//! The MD5 digest (RFC 1321). It keeps no secret: queries use it to compare and to bucket.

/// Shifts of each round.
const SHIFTS: [[u32; 4]; 4] = [
    [7, 12, 17, 22],
    [5, 9, 14, 20],
    [4, 11, 16, 23],
    [6, 10, 15, 21],
];

/// The digest of `bytes`.
pub fn md5(bytes: &[u8]) -> [u8; 16] {
    let mut state: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    let constants = constants();
    let mut tail = bytes.chunks_exact(64).remainder().to_vec();
    tail.push(0x80);
    while tail.len() % 64 != 56 {
        tail.push(0);
    }
    tail.extend((bytes.len() as u64).wrapping_mul(8).to_le_bytes());
    for block in bytes.chunks_exact(64).chain(tail.chunks_exact(64)) {
        step(&mut state, block, &constants);
    }
    let mut out = [0; 16];
    for (part, word) in out.chunks_exact_mut(4).zip(state) {
        part.copy_from_slice(&word.to_le_bytes());
    }
    out
}

/// The whole parts of 2^32 * |sin(n)|.
fn constants() -> [u32; 64] {
    std::array::from_fn(|at| ((at as f64 + 1.0).sin().abs() * 4_294_967_296.0) as u32)
}

fn step(state: &mut [u32; 4], block: &[u8], constants: &[u32; 64]) {
    let mut words = [0_u32; 16];
    for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
        *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    }
    let [mut a, mut b, mut c, mut d] = *state;
    for (at, constant) in constants.iter().enumerate() {
        let (mixed, word) = match at / 16 {
            0 => ((b & c) | (!b & d), at),
            1 => ((d & b) | (!d & c), (5 * at + 1) % 16),
            2 => (b ^ c ^ d, (3 * at + 5) % 16),
            _ => (c ^ (b | !d), (7 * at) % 16),
        };
        let sum = a
            .wrapping_add(mixed)
            .wrapping_add(*constant)
            .wrapping_add(words[word]);
        (a, d, c) = (d, c, b);
        b = b.wrapping_add(sum.rotate_left(SHIFTS[at / 16][at % 4]));
    }
    for (word, more) in state.iter_mut().zip([a, b, c, d]) {
        *word = word.wrapping_add(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_standard() {
        let text = |bytes: &[u8]| -> String {
            let digits = md5(bytes).map(|byte| format!("{byte:02x}"));
            digits.concat()
        };
        assert_eq!(text(b""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(text(b"abc"), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(
            text("1234567890".repeat(8).as_bytes()),
            "57edf4a22be3c955ac49da2e2107b67a"
        );
    }
}
