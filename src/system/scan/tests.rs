//! Reading goes on with another replica, row by row the same, when one fails or falls silent in the middle.

#[cfg(test)]
mod failover {
    use std::sync::Arc;
    use std::time::Duration;

    use arrow::array::{Array, ArrayRef, Int64Array, RecordBatch, UInt64Array};
    use arrow::datatypes::{DataType, Field, Schema};
    use arrow::ipc::writer::StreamWriter;
    use axum::Json;
    use axum::Router;
    use axum::body::Body;
    use axum::extract::State;
    use axum::response::Response;
    use axum::routing::post;
    use datafusion::execution::TaskContext;
    use datafusion::physical_plan::streaming::PartitionStream;
    use futures::StreamExt;
    use parking_lot::Mutex;

    use super::super::*;
    use crate::system::error::failure;

    /// Rows of the tablet that every fake backend holds; row n has the value 10 * n.
    const ROWS: u64 = 100;
    /// Rows of one batch.
    const BATCH: u64 = 10;

    /// How a fake backend behaves.
    #[derive(Clone, Copy, PartialEq)]
    enum Behaviour {
        Good,
        /// Ends its answer after that many batches, without saying that it is the end.
        Breaks(usize),
        /// Is silent after that many batches.
        Stalls(usize),
        /// Gives one batch after the other, each later than another one is asked.
        Slow,
        /// Refuses.
        Refuses,
    }

    struct Fake {
        behaviour: Behaviour,
        asked: Mutex<Vec<ScanRequest>>,
    }

    async fn answer(State(fake): State<Arc<Fake>>, Json(request): Json<ScanRequest>) -> Response {
        fake.asked.lock().push(request.clone());
        if fake.behaviour == Behaviour::Refuses {
            let refused = Response::builder().status(409);
            return refused
                .body(Body::from(r#"{"error":"version 5 is not held"}"#))
                .unwrap();
        }
        let chunks = encode(&request);
        let end = chunks.len();
        let (given, then) = match fake.behaviour {
            Behaviour::Breaks(n) => (n.min(end), false),
            Behaviour::Stalls(n) => (n.min(end), true),
            _ => (end, false),
        };
        let breaks = matches!(fake.behaviour, Behaviour::Breaks(_));
        let slow = fake.behaviour == Behaviour::Slow;
        let sent = futures::stream::iter(chunks.into_iter().take(given));
        let sent = sent.then(move |chunk| async move {
            if slow {
                tokio::time::sleep(LATE + LATE / 3).await;
            }
            Ok(chunk)
        });
        let tail = futures::stream::once(async move {
            if then {
                std::future::pending::<()>().await;
            }
            if !breaks {
                return Ok(Vec::new());
            }
            // What was sent before shall arrive: a reset would take it back.
            tokio::time::sleep(Duration::from_millis(100)).await;
            Err(std::io::Error::other("disk gone"))
        });
        Response::new(Body::from_stream(sent.chain(tail)))
    }

    /// One chunk a batch, and the end of the stream as the last.
    fn encode(request: &ScanRequest) -> Vec<Vec<u8>> {
        let mut fields = vec![Field::new("__ordinal", DataType::UInt64, false)];
        for at in &request.columns {
            fields.push(Field::new(format!("C{at}"), DataType::Int64, false));
        }
        let schema = Arc::new(Schema::new(fields));
        let mut writer = StreamWriter::try_new(Vec::new(), &schema).unwrap();
        let mut chunks = Vec::new();
        let mut at = request.from_ordinal;
        let end = ROWS.min(at + request.limit.unwrap_or(ROWS));
        while at < end {
            let to = end.min(at + BATCH);
            let ordinals = UInt64Array::from_iter_values(at..to);
            let values: ArrayRef = Arc::new(Int64Array::from_iter_values(
                (at..to).map(|n| 10 * n as i64),
            ));
            let mut columns: Vec<ArrayRef> = vec![Arc::new(ordinals)];
            columns.extend(request.columns.iter().map(|_| values.clone()));
            let batch = RecordBatch::try_new(schema.clone(), columns).unwrap();
            writer.write(&batch).unwrap();
            chunks.push(std::mem::take(writer.get_mut()));
            at = to;
        }
        writer.finish().unwrap();
        chunks.push(std::mem::take(writer.get_mut()));
        chunks
    }

    async fn backend(behaviour: Behaviour) -> (ReplicaRead, Arc<Fake>) {
        let fake = Arc::new(Fake {
            behaviour,
            asked: Mutex::default(),
        });
        let router = Router::new()
            .route("/api/internal/scan", post(answer))
            .with_state(fake.clone())
            .merge(crate::door::hello_of("token"));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let replica = ReplicaRead {
            backend: BackendId(u64::from(address.port())),
            address: address.to_string(),
        };
        (replica, fake)
    }

    /// How long a silent backend may be read; far longer than [`LATE`].
    const STALL: Duration = Duration::from_secs(60);
    const LATE: Duration = Duration::from_millis(300);

    fn scan(replicas: Vec<ReplicaRead>, columns: Vec<usize>, limit: Option<u64>) -> TabletScan {
        let fields: Vec<Field> = columns
            .iter()
            .map(|at| Field::new(format!("c{at}"), DataType::Int64, true))
            .collect();
        let client = Client::new("token").unwrap();
        TabletScan {
            backends: Arc::new(Backends::new(client).with_stall(STALL)),
            wanted: Arc::new(Wanted {
                columns,
                filters: Vec::new(),
                limit,
                schema: Arc::new(Schema::new(fields)),
                late: LATE,
            }),
            tablets: vec![TabletRead {
                tablet: TabletId(7),
                version: 5,
                replicas,
                refused: vec!["backend 3 (c:1): the replica is marked bad".to_owned()],
            }],
        }
    }

    async fn values(scan: &TabletScan) -> Result<Vec<i64>, Failure> {
        let mut stream = scan.execute(Arc::new(TaskContext::default()));
        let mut values = Vec::new();
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(|e| failure(&e))?;
            let column = batch.column(0).as_any().downcast_ref::<Int64Array>();
            values.extend(column.unwrap().values().iter());
        }
        Ok(values)
    }

    fn all() -> Vec<i64> {
        (0..ROWS as i64).map(|n| 10 * n).collect()
    }

    #[tokio::test]
    async fn a_broken_stream_goes_on_from_the_row_that_was_reached() {
        let (first, _) = backend(Behaviour::Breaks(3)).await;
        let (second, asked) = backend(Behaviour::Good).await;
        let got = values(&scan(vec![first, second], vec![2], None))
            .await
            .unwrap();
        assert_eq!(got, all());
        assert_eq!(asked.asked.lock()[0].from_ordinal, 30);
    }

    #[tokio::test]
    async fn beside_a_silent_backend_another_is_asked_and_the_silent_one_is_in_doubt() {
        for batches in [0, 5] {
            let (first, _) = backend(Behaviour::Stalls(batches)).await;
            let (second, _) = backend(Behaviour::Refuses).await;
            let (third, asked) = backend(Behaviour::Good).await;
            let scan = scan(vec![first.clone(), second, third.clone()], vec![2], None);
            let began = std::time::Instant::now();
            assert_eq!(values(&scan).await.unwrap(), all());
            assert!(began.elapsed() < STALL / 2, "it was not waited for");
            let reached = batches as u64 * BATCH;
            assert_eq!(asked.asked.lock()[0].from_ordinal, reached);
            let client = &scan.backends.client;
            assert!(client.doubts(&first.address) && !client.doubts(&third.address));
        }
    }

    #[tokio::test]
    async fn a_silent_backend_is_waited_for_where_there_is_no_other() {
        let (only, asked) = backend(Behaviour::Stalls(1)).await;
        let mut scan = scan(vec![only], vec![2], None);
        let short = LATE * 3;
        scan.backends = Arc::new(Backends::new(Client::new("token").unwrap()).with_stall(short));
        let began = std::time::Instant::now();
        let failure = values(&scan).await.unwrap_err();
        assert_eq!(failure.code, Code::NO_QUERYABLE_REPLICA);
        assert!(began.elapsed() >= short, "it was given all its time");
        assert_eq!(asked.asked.lock().len(), 1);
    }

    #[tokio::test]
    async fn of_backends_that_race_one_gives_each_row() {
        let mut replicas = Vec::new();
        for _ in 0..3 {
            replicas.push(backend(Behaviour::Slow).await.0);
        }
        assert_eq!(values(&scan(replicas, vec![2], None)).await.unwrap(), all());
    }

    #[tokio::test]
    async fn when_no_replica_is_left_the_error_names_all_of_them() {
        let (first, _) = backend(Behaviour::Breaks(1)).await;
        let (second, _) = backend(Behaviour::Refuses).await;
        let (a, b) = (first.address.clone(), second.address.clone());
        let failure = values(&scan(vec![first, second], vec![2], None))
            .await
            .unwrap_err();
        assert_eq!(failure.code, Code::NO_QUERYABLE_REPLICA);
        for part in ["tablet 7", "marked bad", &a, &b, "version 5 is not held"] {
            assert!(
                failure.message.contains(part),
                "{part}: {}",
                failure.message
            );
        }
    }

    #[tokio::test]
    async fn a_limit_ends_the_reading_even_across_replicas() {
        let (first, _) = backend(Behaviour::Breaks(2)).await;
        let (second, asked) = backend(Behaviour::Good).await;
        let got = values(&scan(vec![first, second], vec![2], Some(25)))
            .await
            .unwrap();
        assert_eq!(got, all()[..25]);
        let asked = asked.asked.lock();
        assert_eq!((asked[0].from_ordinal, asked[0].limit), (20, Some(5)));
    }

    #[tokio::test]
    async fn rows_without_columns_are_counted_by_their_ordinals() {
        let (first, _) = backend(Behaviour::Breaks(4)).await;
        let (second, _) = backend(Behaviour::Good).await;
        let mut stream =
            scan(vec![first, second], Vec::new(), None).execute(Arc::new(TaskContext::default()));
        let mut rows = 0;
        while let Some(batch) = stream.next().await {
            rows += batch.unwrap().num_rows() as u64;
        }
        assert_eq!(rows, ROWS);
    }
}
