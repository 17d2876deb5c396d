//! How many buckets a partition gets whose CREATE TABLE leaves that open.

/// Buckets that no bucket_size goes beyond, however small it is.
const SIZED_MAX: u64 = 1024;

/// Buckets of a partition whose CREATE TABLE leaves them open, for so many backends (StarRocks).
pub fn automatic_buckets(backends: usize) -> u32 {
    let buckets = match backends {
        0..=12 => backends * 2,
        13..=24 => backends * 3 / 2,
        25..=36 => 36,
        _ => backends.min(48),
    };
    (buckets as u32).max(1)
}

/// Buckets of `bucket_size` bytes each that hold so many bytes; none where either is not known.
pub fn sized_buckets(bytes: u64, bucket_size: u64) -> Option<u32> {
    if bytes == 0 || bucket_size == 0 {
        return None;
    }
    let buckets = bytes.div_ceil(bucket_size).min(SIZED_MAX);
    u32::try_from(buckets).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn automatic_buckets_follow_the_number_of_backends() {
        assert_eq!(
            [1, 12, 24, 30, 40, 100].map(automatic_buckets),
            [2, 24, 36, 36, 40, 48]
        );
        assert_eq!(automatic_buckets(0), 1);
    }

    #[test]
    fn sized_buckets_hold_what_there_is() {
        let gib = 1 << 30;
        assert_eq!(sized_buckets(1, gib), Some(1));
        assert_eq!(sized_buckets(10 * gib, gib), Some(10));
        assert_eq!(sized_buckets(10 * gib + 1, gib), Some(11));
        assert_eq!(sized_buckets(u64::MAX, 1), Some(1024));
        assert_eq!((sized_buckets(0, gib), sized_buckets(1, 0)), (None, None));
    }
}
