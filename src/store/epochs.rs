//! The port that numbers leaderships, so that what an older leader says can be told from what the present one says.

use crate::store::error::Error;

/// Gives each leadership its number. It also remembers how far the journal was, so that a journal that has lost its end
/// (an old copy put back, a damage that looks whole) is noticed at the next start.
pub trait Epochs: Send + 'static {
    /// Begins a leadership whose journal ends at record `last`: gives a number higher than all before, durable.
    fn begin(&mut self, last: u64) -> Result<u64, Error>;

    /// Ends it in order: the journal ends at record `last`.
    fn rest(&mut self, last: u64) -> Result<(), Error>;
}
