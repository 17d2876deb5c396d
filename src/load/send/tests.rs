//! Backends that stop taking data in the middle of a load.

use super::*;
use crate::load::feed::feed;
use crate::load::testing::{Manner, backend, plan};

#[tokio::test]
async fn a_backend_that_takes_nothing_is_given_up_and_the_rest_arrives() {
    let (good, held) = backend(Manner::Good).await;
    let (stuck, _) = backend(Manner::Stuck).await;
    let patience = Patience {
        stall: Duration::from_secs(3),
        answer: Duration::from_secs(20),
        straggler: Duration::from_secs(3),
    };
    let limit = Duration::from_secs(60);
    let (writer, reader) = feed(1);
    let client = Client::new("token").unwrap();
    let plan = Arc::new(plan(&[good, stuck], 1));
    let sender = tokio::spawn(Sender::new(plan, client, patience, limit).run(reader));
    // More than the queue and the socket's buffers hold.
    let body = Bytes::from(vec![0_u8; 8 << 20]);
    for ordinal in 0..12 {
        let segment = Segment {
            slot: 0,
            ordinal,
            rows: 2,
            crc: crc32fast::hash(&body),
            bytes: body.clone(),
        };
        writer.send(segment).await.unwrap();
    }
    writer.end().await;
    let written = sender.await.unwrap().unwrap();
    assert_eq!(written.len(), 1);
    assert_eq!(
        (written[0].rows, written[0].backends.clone()),
        (24, vec![BackendId(1)])
    );
    let (backend, why) = &written[0].failed[0];
    assert_eq!(
        (*backend, why.as_str()),
        (BackendId(2), "it took no data for 3 s")
    );
    assert_eq!(held.lock().segments.len(), 12);
}

/// A stopped process: its kernel makes connections and takes some bytes, and nothing is answered. A machine that is gone
/// takes no connection but the first.
async fn hung(dark: bool) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (_socket, _) = listener.accept().await.unwrap();
        let _listener = (!dark).then_some(listener);
        std::future::pending::<()>().await;
    });
    address
}

/// Far more than the plan's wait for a silent backend.
const PATIENT: Patience = Patience {
    stall: Duration::from_secs(60),
    answer: Duration::from_secs(60),
    straggler: Duration::from_secs(60),
};

/// Sends segments of these sizes to two good backends and one that hangs; how long that took, where they are and who is in
/// doubt.
async fn beside(hung: String, sizes: &[usize]) -> (Duration, TabletWritten, bool) {
    let (one, _) = backend(Manner::Good).await;
    let (other, _) = backend(Manner::Good).await;
    let mut plan = plan(&[one, other, hung.clone()], 2);
    plan.silent_wait_ms = 400;
    let client = Client::new("token").unwrap();
    let (writer, reader) = feed(1);
    let limit = PATIENT.answer * 2;
    let sender = Sender::new(Arc::new(plan), client.clone(), PATIENT, limit);
    let sender = tokio::spawn(sender.run(reader));
    let began = Instant::now();
    for (ordinal, size) in (0..).zip(sizes) {
        let body = Bytes::from(vec![7; *size]);
        let segment = Segment {
            slot: 0,
            ordinal,
            rows: 2,
            crc: crc32fast::hash(&body),
            bytes: body,
        };
        writer.send(segment).await.unwrap();
    }
    writer.end().await;
    let mut written = sender.await.unwrap().unwrap();
    assert_eq!(written.len(), 1);
    (began.elapsed(), written.remove(0), client.doubts(&hung))
}

#[tokio::test]
async fn a_backend_that_gives_no_sign_of_life_is_not_waited_for_where_the_others_suffice() {
    // At the end, and in the middle: more than its queue and the socket's buffers hold.
    for sizes in [vec![4], vec![8 << 20; 10]] {
        for dark in [false, true] {
            let (took, written, doubted) = beside(hung(dark).await, &sizes).await;
            assert!(took < PATIENT.stall / 2, "{took:?}");
            assert_eq!(written.backends, [BackendId(1), BackendId(2)]);
            let (backend, why) = &written.failed[0];
            let expect = (
                BackendId(3),
                "it gave no sign of life for 400 ms while others did",
            );
            assert_eq!((*backend, why.as_str()), expect);
            assert!(doubted);
        }
    }
}

#[tokio::test]
async fn without_a_quorum_a_silent_backend_is_waited_for() {
    let (one, _) = backend(Manner::Good).await;
    let plan = LoadPlan {
        silent_wait_ms: 50,
        ..plan(&[one, hung(false).await], 2)
    };
    let patience = Patience {
        answer: Duration::from_secs(3),
        ..PATIENT
    };
    let client = Client::new("token").unwrap();
    let (writer, reader) = feed(1);
    let sender = Sender::new(Arc::new(plan), client, patience, PATIENT.answer);
    let sender = tokio::spawn(sender.run(reader));
    let body = Bytes::from_static(b"rows");
    let segment = Segment {
        slot: 0,
        ordinal: 0,
        rows: 2,
        crc: crc32fast::hash(&body),
        bytes: body,
    };
    writer.send(segment).await.unwrap();
    writer.end().await;
    let began = Instant::now();
    let error = sender.await.unwrap().unwrap_err();
    assert!(
        began.elapsed() >= patience.answer,
        "it was given all its time"
    );
    assert!(
        matches!(
            error,
            Error::Quorum {
                got: 1,
                needed: 2,
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn when_the_last_hope_of_a_tablet_breaks_the_load_ends_early() {
    let (broken, _) = backend(Manner::Broken).await;
    let (writer, reader) = feed(1);
    let plan = Arc::new(plan(&[broken], 1));
    let client = Client::new("token").unwrap();
    let limit = Duration::from_secs(60);
    let sender = Sender::new(plan, client, Patience::default(), limit);
    let sender = tokio::spawn(sender.run(reader));
    let body = Bytes::from(vec![0_u8; 1 << 20]);
    let mut sent = 0;
    for ordinal in 0..1000 {
        let segment = Segment {
            slot: 3,
            ordinal,
            rows: 1,
            crc: 0,
            bytes: body.clone(),
        };
        if writer.send(segment).await.is_err() {
            break;
        }
        sent += 1;
    }
    assert!(sent < 1000);
    let error = sender.await.unwrap().unwrap_err();
    let Error::Quorum {
        tablet,
        got,
        needed,
        why,
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!((tablet, got, needed), (TabletId(13), 0, 1));
    assert!(why.contains("backend 1"), "{why}");
}

#[tokio::test]
async fn a_load_that_waits_for_its_input_shows_signs_of_life_and_one_that_is_dropped_breaks() {
    let (parts, queue) = mpsc::channel(1);
    let mut body = std::pin::pin!(frames(queue, Duration::from_millis(10)));
    for _ in 0..3 {
        let sign = body.next().await.unwrap().unwrap();
        assert_eq!(sign.as_ref(), [0; 4]);
    }
    drop(parts);
    assert!(body.next().await.unwrap().is_err());
    let (parts, queue) = mpsc::channel(1);
    assert!(parts.send(Part::End).await.is_ok());
    let mut body = std::pin::pin!(frames(queue, Duration::from_millis(10)));
    assert!(body.next().await.is_none());
}
