//! A column of numbers that grows.

use arrow::array::{ArrowPrimitiveType, NullBufferBuilder, PrimitiveArray};

/// Numbers, some of them NULL.
pub struct Numbers<T: ArrowPrimitiveType> {
    values: Vec<T::Native>,
    /// Of all values but the last ones, none of which is NULL.
    present: NullBufferBuilder,
}

impl<T: ArrowPrimitiveType> Numbers<T> {
    /// None.
    pub fn new() -> Numbers<T> {
        Numbers {
            values: Vec::new(),
            present: NullBufferBuilder::new(0),
        }
    }

    /// Makes room for as many as there are, times `share`.
    pub fn reserve(&mut self, share: f64) {
        self.values
            .reserve((self.values.len() as f64 * share) as usize);
    }

    /// Adds one.
    pub fn push(&mut self, value: Option<T::Native>) {
        if value.is_none() {
            self.null_at(self.values.len());
        }
        self.values.push(value.unwrap_or_default());
    }

    /// Adds those that are easy to read; `read` is asked for each row, counted from 0, for which there is none.
    pub fn extend(
        &mut self,
        easy: impl Iterator<Item = Option<T::Native>>,
        mut read: impl FnMut(usize) -> Option<T::Native>,
    ) {
        let first = self.values.len();
        let mut hard = Vec::new();
        self.values.extend(easy.enumerate().map(|(row, value)| {
            if value.is_none() {
                hard.push(row);
            }
            value.unwrap_or_default()
        }));
        for row in hard {
            match read(row) {
                Some(value) => self.values[first + row] = value,
                None => self.null_at(first + row),
            }
        }
    }

    /// The value there is NULL; those before it that were not spoken of are not.
    fn null_at(&mut self, at: usize) {
        self.present.append_n_non_nulls(at - self.present.len());
        self.present.append_null();
    }

    /// All of them.
    pub fn finish(mut self) -> PrimitiveArray<T> {
        let rest = self.values.len() - self.present.len();
        self.present.append_n_non_nulls(rest);
        PrimitiveArray::new(self.values.into(), self.present.finish())
    }
}
