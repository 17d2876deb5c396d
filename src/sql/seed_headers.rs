//! The headers of the seed's samples, pasted as they stand there: every one must be the beginning of ours.

use crate::proc::testing;
use crate::sql::cursor::Cursor;
use crate::sql::script::{Limits, split};
use crate::sql::session::Session;
use crate::sql::statements::{Context, Statement};

/// Statement, the seed's header line, and what later StarRocks versions have behind it.
const SAMPLES: &[(&str, &str, &str)] = &[
    (
        "SHOW PROC '/statistic';",
        "| DbId     | DbName                      | TableNum | PartitionNum | IndexNum | TabletNum | ReplicaNum | UnhealthyTabletNum | InconsistentTabletNum |",
        "CloningTabletNum ErrorStateTabletNum",
    ),
    (
        "SHOW PROC '/statistic/5909381';",
        "| UnhealthyTablets | InconsistentTablets |",
        "CloningTablets ErrorStateTablets",
    ),
    (
        "ADMIN SHOW REPLICA STATUS FROM tbl PARTITION (p1, p2) WHERE STATUS = \"OK\";",
        "| TabletId | ReplicaId | BackendId | Version | LastFailedVersion | LastSuccessVersion | CommittedVersion | SchemaHash | VersionNum | IsBad | State  | Status |",
        "IsSetBadForce",
    ),
    (
        "SHOW TABLET FROM tbl1;",
        "| TabletId | ReplicaId | BackendId | SchemaHash | Version | VersionHash | LstSuccessVersion | LstSuccessVersionHash | LstFailedVersion | LstFailedVersionHash | LstFailedTime | DataSize | RowCount | State  | LstConsistencyCheckTime | CheckVersion |     CheckVersionHash | VersionCount | PathHash             | MetaUrl              | CompactionStatus     |",
        "DiskRootPath IsConsistent Checksum Cause",
    ),
    (
        "ADMIN SHOW REPLICA DISTRIBUTION FROM tbl1;",
        "| BackendId | ReplicaNum | Graph | Percent |",
        "",
    ),
    (
        "SHOW TABLET 29502553;",
        "| DbName                 | TableName | PartitionName | IndexName | DbId     | TableId  | PartitionId | IndexId  | IsSync | DetailCmd                                                                 |",
        "",
    ),
    (
        "SHOW PROC '/dbs/29502391/29502428/partitions/29502427/29502428/29502553';",
        "| ReplicaId | BackendId | Version | VersionHash | LstSuccessVersion | LstSuccessVersionHash | LstFailedVersion | LstFailedVersionHash | LstFailedTime | SchemaHash | DataSize | RowCount | State  | IsBad | VersionCount | PathHash             | MetaUrl  | CompactionStatus |",
        "IsSetBadForce IsErrorState Cause",
    ),
    (
        "SHOW PROC '/cluster_balance/pending_tablets';",
        TASKS,
        "Medium",
    ),
    (
        "SHOW PROC '/cluster_balance/running_tablets';",
        TASKS,
        "Medium",
    ),
    (
        "SHOW PROC '/cluster_balance/history_tablets';",
        TASKS,
        "Medium",
    ),
];

/// "The returned results are identical to those of the pending tasks."
const TASKS: &str = "| TabletId | Type   | Status          | State   | OrigPrio | DynmPrio | SrcBe | SrcPath | DestBe | DestPath | Timeout | Create              | LstSched            | LstVisit            | Finished | Rate | FailedSched | FailedRunning | LstAdjPrio          | VisibleVer | VisibleVerHash      | CmtVer | CmtVerHash          | ErrMsg                        |";

#[test]
fn headers_begin_with_the_seeds_columns_in_its_order() {
    let view = testing::view();
    let session = Session::default();
    let cx = Context {
        view: &view,
        session: &session,
    };
    for (text, header, later) in SAMPLES {
        let columns = parse(text).columns(cx).expect("a header before any row");
        let ours: Vec<&str> = columns.iter().map(|column| &*column.name).collect();
        let seeds = header
            .split('|')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        let expected: Vec<&str> = seeds.chain(later.split_whitespace()).collect();
        assert_eq!(ours, expected, "{text}");
    }
}

fn parse(text: &str) -> Statement {
    let limits = Limits {
        tokens: 1000,
        chain: 1000,
    };
    let script = split(text, limits).unwrap().remove(0);
    Statement::parse(&mut Cursor::new(&script.tokens, &script.source)).unwrap()
}
