//! Named fault points: places where a test can make the disk fail, the process die, or time pass.
//!
//! A point sits at every fsync, rename and acknowledgement. Only the library's own tests have them: what is built to be used, and the
//! tests beside it, pass every point without a look. `fault/testing.rs` says how they are turned on.

#[cfg(not(test))]
use std::io;

#[cfg(test)]
pub use self::testing::{from_env, hit, set};

/// Passes the point `point`, unless a test of the library wants something to happen there.
///
/// # Errors
/// The fault that the test asked for.
#[cfg(not(test))]
#[inline]
pub fn hit(point: &'static str) -> io::Result<()> {
    let _ = point;
    Ok(())
}

#[cfg(test)]
mod testing;
