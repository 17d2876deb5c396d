//! The batches of a node on their way to the node above.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::Result;
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream};
use futures::{Stream, StreamExt};

use crate::code::{Code, Failure};
use crate::system::control::{self, Control};
use crate::system::error::wrap;
use crate::system::turns::Waiting;
use crate::system::watch::{Use, is_long};

/// Bytes that a batch takes besides its columns, and that each column takes besides its values.
const BATCH_BYTES: u64 = 192;
const COLUMN_BYTES: u64 = 160;
/// Work for one slice of rows that is less than the first is too little, more than the second too much.
const WORK: (Duration, Duration) = (Duration::from_millis(4), Duration::from_millis(20));
/// The same for bytes that functions made of it.
const MADE: (u64, u64) = (1 << 20, 16 << 20);
/// A batch of fewer bytes holds no value that is too long to be repeated.
const LONG_BATCH: usize = 1 << 20;
/// Nor does a value of fewer bytes count as long.
const LONG_VALUE: usize = 64 << 10;

/// The stream of one watch.
pub(super) struct Watched {
    inner: SendableRecordBatchStream,
    control: Arc<Control>,
    usage: Use,
    /// Rows of a batch that the node above makes at most.
    batch_rows: usize,
    /// Rows that are given next, when rows are given in slices.
    slice: usize,
    /// What is left of the batch that came last.
    rest: Option<RecordBatch>,
    /// The poll that gave the last slice, and when.
    given: Option<(Instant, Instant)>,
    /// The place in the row of those who wait for a turn.
    waiting: Waiting,
    /// Rows that have come.
    rows: usize,
    over: bool,
}

impl Watched {
    pub(super) fn new(
        inner: SendableRecordBatchStream,
        control: Arc<Control>,
        usage: Use,
        batch_rows: usize,
    ) -> Watched {
        Watched {
            inner,
            control,
            usage,
            batch_rows,
            slice: 1,
            rest: None,
            given: None,
            waiting: Waiting::default(),
            rows: 0,
            over: false,
        }
    }

    /// The next batch, in a poll that is under way.
    fn next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<RecordBatch>>> {
        if let Err(why) = self.control.check() {
            return Poll::Ready(Some(Err(wrap(why))));
        }
        if self.usage.slices.is_some() {
            self.measure();
        }
        if control::slice_is_over() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let batch = match self.rest.take() {
            Some(rest) => rest,
            None => match ready!(self.inner.poll_next_unpin(cx)) {
                Some(Ok(batch)) => {
                    if let Err(error) = self.charge(&batch) {
                        return Poll::Ready(Some(Err(error)));
                    }
                    batch
                }
                other => return Poll::Ready(other),
            },
        };
        Poll::Ready(Some(self.cut(batch)))
    }

    /// Looks at what the node above made of the last slice, and finds the size of the next one.
    fn measure(&mut self) {
        let Some((poll, at)) = self.given.take() else {
            return;
        };
        let same_poll = control::slice() == Some(poll);
        let since = match (same_poll, control::slice()) {
            (false, Some(began)) => began,
            _ => at,
        };
        let (work, made) = (since.elapsed(), control::made());
        control::release();
        if work > WORK.1 || made > MADE.1 {
            self.slice = (self.slice / 2).max(1);
        } else if work < WORK.0 && made < MADE.0 {
            let most = self.usage.slices.unwrap_or(usize::MAX);
            self.slice = self.slice.saturating_mul(2).min(most);
        }
    }

    /// The first rows of `batch`, as many as may be given at once; the rest waits.
    ///
    /// What is given of a large batch is copied: whoever keeps it must not keep, and count, the whole.
    fn cut(&mut self, batch: RecordBatch) -> Result<RecordBatch> {
        let Some(most) = self.usage.slices else {
            return Ok(batch);
        };
        let now = Instant::now();
        self.given = Some((control::slice().unwrap_or(now), now));
        let rows = self.slice.min(most);
        if batch.num_rows() <= rows {
            return Ok(batch);
        }
        self.rest = Some(batch.slice(rows, batch.num_rows() - rows));
        if batch.num_columns() == 0 || rows > batch.num_rows() / 2 {
            return Ok(batch.slice(0, rows));
        }
        let first = (0..).take(rows).collect::<Vec<u32>>();
        Ok(take_record_batch(&batch, &UInt32Array::from(first))?)
    }

    /// Charges what the node above does not count; it stays charged until the query ends.
    fn charge(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows = self.rows.saturating_add(batch.num_rows());
        let pool = &self.control.pool;
        let size = batch.get_array_memory_size();
        if size > LONG_BATCH {
            // Until it has been used: the watch below sees by it what became of the rows that it gave.
            control::make(size)?;
        }
        if self.usage.keeps || self.usage.hoards {
            let mut bytes = BATCH_BYTES + COLUMN_BYTES * batch.num_columns() as u64;
            if self.usage.hoards {
                bytes += size as u64;
            }
            pool.hold(bytes)?;
        }
        if !self.usage.repeats || size < LONG_BATCH {
            return Ok(());
        }
        let longest = batch.columns().iter().map(longest).max().unwrap_or(0);
        let rows = if self.usage.hoards {
            self.rows
        } else {
            self.batch_rows
        };
        if longest < LONG_VALUE || (longest as u64).saturating_mul(rows as u64) <= pool.limit() {
            return Ok(());
        }
        Err(wrap(Failure::new(
            Code::OUT_OF_RESOURCES,
            format!(
                "no memory for this query: a join or a window may repeat a value of {longest} bytes {rows} times, and \
                 {} bytes are allowed (setting query_mem_limit); join without the long column, or make it shorter",
                pool.limit()
            ),
        )))
    }
}

/// Bytes of the longest value of a column; 0 where all are short.
pub(crate) fn longest(column: &ArrayRef) -> usize {
    if !is_long(column.data_type()) {
        return 0;
    }
    match column.data_type() {
        DataType::Utf8 => offsets(column.as_string::<i32>().value_offsets()),
        DataType::LargeUtf8 => {
            let offsets = column.as_string::<i64>().value_offsets();
            let lengths = offsets.windows(2).map(|pair| pair[1] - pair[0]);
            usize::try_from(lengths.max().unwrap_or(0)).unwrap_or(0)
        }
        DataType::Binary => offsets(column.as_binary::<i32>().value_offsets()),
        _ => column.get_array_memory_size() / column.len().max(1),
    }
}

fn offsets(offsets: &[i32]) -> usize {
    let lengths = offsets.windows(2).map(|pair| pair[1] - pair[0]);
    usize::try_from(lengths.max().unwrap_or(0)).unwrap_or(0)
}

impl Stream for Watched {
    type Item = Result<RecordBatch>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.over {
            return Poll::Ready(None);
        }
        let polled = if control::is_inside() {
            this.next(cx)
        } else {
            let turn = match this.control.is_aged() {
                true => ready!(this.control.turns.poll(&mut this.waiting, cx)),
                false => None,
            };
            let control = this.control.clone();
            let (polled, _) = control.enter(Instant::now(), || this.next(cx));
            drop(turn);
            polled
        };
        this.over = matches!(polled, Poll::Ready(None | Some(Err(_))));
        polled
    }
}

impl RecordBatchStream for Watched {
    fn schema(&self) -> SchemaRef {
        self.inner.schema()
    }
}
