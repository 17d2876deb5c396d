//! Bounded queues between asynchronous code and blocking threads, with an end that is told apart from a break.

use tokio::sync::mpsc;

use crate::load::error::Error;

enum Piece<T> {
    Next(T),
    End,
    Failed(Error),
}

/// The writing side; dropping it without an end makes the reader fail.
#[derive(Debug)]
pub struct FeedWriter<T>(mpsc::Sender<Piece<T>>);

/// The reading side.
#[derive(Debug)]
pub struct Feed<T>(mpsc::Receiver<Piece<T>>);

/// Nobody reads any more; the reader has said why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone;

/// A feed that holds at most `capacity` pieces on the way.
pub fn feed<T: Send>(capacity: usize) -> (FeedWriter<T>, Feed<T>) {
    let (sender, receiver) = mpsc::channel(capacity.max(1));
    (FeedWriter(sender), Feed(receiver))
}

impl<T: Send> FeedWriter<T> {
    /// Hands over a piece.
    pub async fn send(&self, piece: T) -> Result<(), Gone> {
        self.0.send(Piece::Next(piece)).await.map_err(|_| Gone)
    }

    /// Hands over a piece. Blocks.
    pub fn push(&self, piece: T) -> Result<(), Gone> {
        self.0.blocking_send(Piece::Next(piece)).map_err(|_| Gone)
    }

    /// The input is complete.
    pub async fn end(self) {
        let _ = self.0.send(Piece::End).await;
    }

    /// The input is complete. Blocks.
    pub fn close(self) {
        let _ = self.0.blocking_send(Piece::End);
    }

    /// The input broke off.
    pub async fn fail(self, error: Error) {
        let _ = self.0.send(Piece::Failed(error)).await;
    }
}

impl<T: Send> Feed<T> {
    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// The input broke off before its end.
    pub async fn recv(&mut self) -> Result<Option<T>, Error> {
        opened(self.0.recv().await)
    }

    /// The next piece; `None` at the end. Blocks.
    ///
    /// # Errors
    /// The input broke off before its end.
    pub fn take(&mut self) -> Result<Option<T>, Error> {
        opened(self.0.blocking_recv())
    }
}

fn opened<T>(piece: Option<Piece<T>>) -> Result<Option<T>, Error> {
    match piece {
        Some(Piece::Next(piece)) => Ok(Some(piece)),
        Some(Piece::End) => Ok(None),
        Some(Piece::Failed(error)) => Err(error),
        None => Err(Error::Input(
            "the input broke off before its end".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_not_a_break() {
        let (writer, mut reader) = feed(4);
        assert_eq!(writer.push(1), Ok(()));
        writer.close();
        assert_eq!(reader.take(), Ok(Some(1)));
        assert_eq!(reader.take(), Ok(None));
        let (writer, mut reader) = feed::<u8>(4);
        drop(writer);
        assert!(reader.take().is_err());
        let (writer, reader) = feed::<u8>(4);
        drop(reader);
        assert_eq!(writer.push(1), Err(Gone));
    }
}
