//! A core that panics over its own decision is replaced by one recovered from the journal; nothing answered is lost.
//!
//! Fault points are of a process, so a child meets it: this test binary, asked for [`work`] alone.

use std::process::Command;
use std::time::Duration;

use crate::fault;
use crate::leader::request::Request;
use crate::store::memory::MemoryJournal;

/// Creates databases one after another, each again until it is acknowledged or known to exist; says what failed.
#[tokio::test]
async fn work() {
    fault::from_env().unwrap();
    let leader = super::leader(&MemoryJournal::default()).await;
    let handle = leader.handle();
    for n in 0..30 {
        loop {
            let request = Request::CreateDatabase {
                name: format!("db{n}"),
                if_not_exists: true,
            };
            match handle.request(request).await {
                Ok(_) => break,
                Err(failure) => println!("\nfailed {failure}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    assert_eq!(handle.view().catalog.databases.len(), 30);
    leader.stop().await;
    println!("\nall made");
}

#[test]
fn a_core_that_panics_is_replaced() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "leader::run::tests::defect::work", "--nocapture"])
        .env(
            "FAILPOINTS",
            "leader::before_step=25*off->1*panic->20*off->1*panic->off",
        )
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("defect of its own"), "{said}");
    assert!(said.contains("\nall made"), "{said}");
}
