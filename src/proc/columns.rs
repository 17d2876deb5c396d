//! Every path and every table of `sys` with its columns, as text: renaming a column shows here, in one place.

use expect_test::expect;

use crate::proc::{ALL, Entry, tables};
use crate::rows::Column;

/// The paths below `/cluster_balance`, or all others.
fn paths(of_balance: bool) -> String {
    let entries = ALL.iter();
    let wanted = entries.filter(|e| e.path.starts_with("/cluster_balance") == of_balance);
    let names = |entry: &Entry| list((entry.columns)(), |c| c.name.to_string());
    let lines = wanted.map(|entry| format!("{}\n    {}\n", entry.path, names(entry)));
    lines.collect()
}

#[test]
fn paths_of_balance_and_their_columns() {
    expect![[r#"
        /cluster_balance
            Item, Number
        /cluster_balance/balance_stat
            StorageMedium, BalanceType, Balanced, PendingTablets, RunningTablets
        /cluster_balance/cluster_load_stat
            StorageMedium, ClusterDiskBalanceStat, BackendNum, AvgScore, AvgReplicaNum, UsedPercent, Computed
        /cluster_balance/cluster_load_stat/{medium}
            BeId, Cluster, Available, UsedCapacity, Capacity, UsedPercent, ReplicaNum, CapCoeff, ReplCoeff, Score, Class
        /cluster_balance/cluster_load_stat/{medium}/{backend}
            RootPath, DataUsedCapacity, OtherUsedCapacity, AvailCapacity, TotalCapacity, TotalUsedPct, State, PathHash, StorageMedium, TabletNum, DataTotalCapacity, DataUsedPct, ErrMsg, TrashUsedCapacity
        /cluster_balance/working_slots
            BeId, PathHash, AvailSlots, TotalSlots, BalanceSlot, AvgRate, TotalBalanceSlots, RootPath
        /cluster_balance/working_slots/{backend}
            BeId, PathHash, AvailSlots, TotalSlots, BalanceSlot, AvgRate, TotalBalanceSlots, RootPath
        /cluster_balance/sched_stat
            Item, Value, Increase, Since
        /cluster_balance/priority_repair
            Database, Table, Partition, RemainingTimeMs, DbId, TableId, PartitionId
        /cluster_balance/pending_tablets
            TabletId, Type, Status, State, OrigPrio, DynmPrio, SrcBe, SrcPath, DestBe, DestPath, Timeout, Create, LstSched, LstVisit, Finished, Rate, FailedSched, FailedRunning, LstAdjPrio, VisibleVer, VisibleVerHash, CmtVer, CmtVerHash, ErrMsg, Medium
        /cluster_balance/pending_tablets/{tablet}
            ReplicaId, BackendId, Version, VersionHash, LstSuccessVersion, LstSuccessVersionHash, LstFailedVersion, LstFailedVersionHash, LstFailedTime, SchemaHash, DataSize, RowCount, State, IsBad, VersionCount, PathHash, MetaUrl, CompactionStatus, IsSetBadForce, IsErrorState, Cause
        /cluster_balance/running_tablets
            TabletId, Type, Status, State, OrigPrio, DynmPrio, SrcBe, SrcPath, DestBe, DestPath, Timeout, Create, LstSched, LstVisit, Finished, Rate, FailedSched, FailedRunning, LstAdjPrio, VisibleVer, VisibleVerHash, CmtVer, CmtVerHash, ErrMsg, Medium
        /cluster_balance/running_tablets/{tablet}
            ReplicaId, BackendId, Version, VersionHash, LstSuccessVersion, LstSuccessVersionHash, LstFailedVersion, LstFailedVersionHash, LstFailedTime, SchemaHash, DataSize, RowCount, State, IsBad, VersionCount, PathHash, MetaUrl, CompactionStatus, IsSetBadForce, IsErrorState, Cause
        /cluster_balance/history_tablets
            TabletId, Type, Status, State, OrigPrio, DynmPrio, SrcBe, SrcPath, DestBe, DestPath, Timeout, Create, LstSched, LstVisit, Finished, Rate, FailedSched, FailedRunning, LstAdjPrio, VisibleVer, VisibleVerHash, CmtVer, CmtVerHash, ErrMsg, Medium
        /cluster_balance/history_tablets/{tablet}
            ReplicaId, BackendId, Version, VersionHash, LstSuccessVersion, LstSuccessVersionHash, LstFailedVersion, LstFailedVersionHash, LstFailedTime, SchemaHash, DataSize, RowCount, State, IsBad, VersionCount, PathHash, MetaUrl, CompactionStatus, IsSetBadForce, IsErrorState, Cause
        /cluster_balance/all_tablets
            TabletId
    "#]].assert_eq(&paths(true));
}

#[test]
fn paths_and_their_columns() {
    expect![[r#"
        /statistic
            DbId, DbName, TableNum, PartitionNum, IndexNum, TabletNum, ReplicaNum, UnhealthyTabletNum, InconsistentTabletNum, CloningTabletNum, ErrorStateTabletNum
        /statistic/{db_id}
            UnhealthyTablets, InconsistentTablets, CloningTablets, ErrorStateTablets
        /dbs
            DbId, DbName, TableNum, Quota, LastConsistencyCheckTime, ReplicaQuota
        /dbs/{db}
            TableId, TableName, IndexNum, PartitionColumnName, PartitionNum, State, Type, LastConsistencyCheckTime, ReplicaCount, PartitionType, StoragePath
        /dbs/{db}/{table}
            Nodes
        /dbs/{db}/{table}/partitions
            PartitionId, PartitionName, VisibleVersion, VisibleVersionTime, VisibleVersionHash, State, PartitionKey, Range, DistributionKey, Buckets, ReplicationNum, StorageMedium, CooldownTime, LastConsistencyCheckTime, DataSize, StorageSize, IsInMemory, RowCount, DataVersion, VersionEpoch, VersionTxnType, TabletBalanced
        /dbs/{db}/{table}/temp_partitions
            PartitionId, PartitionName, VisibleVersion, VisibleVersionTime, VisibleVersionHash, State, PartitionKey, Range, DistributionKey, Buckets, ReplicationNum, StorageMedium, CooldownTime, LastConsistencyCheckTime, DataSize, StorageSize, IsInMemory, RowCount, DataVersion, VersionEpoch, VersionTxnType, TabletBalanced
        /dbs/{db}/{table}/partitions/{partition}
            IndexId, IndexName, State, LastConsistencyCheckTime, TabletBalanceStat, Tablets
        /dbs/{db}/{table}/partitions/{partition}/{index}
            TabletId, ReplicaId, BackendId, SchemaHash, Version, VersionHash, LstSuccessVersion, LstSuccessVersionHash, LstFailedVersion, LstFailedVersionHash, LstFailedTime, DataSize, RowCount, State, LstConsistencyCheckTime, CheckVersion, CheckVersionHash, VersionCount, PathHash, MetaUrl, CompactionStatus, DiskRootPath, IsConsistent, Checksum, Cause
        /dbs/{db}/{table}/partitions/{partition}/{index}/{tablet}
            ReplicaId, BackendId, Version, VersionHash, LstSuccessVersion, LstSuccessVersionHash, LstFailedVersion, LstFailedVersionHash, LstFailedTime, SchemaHash, DataSize, RowCount, State, IsBad, VersionCount, PathHash, MetaUrl, CompactionStatus, IsSetBadForce, IsErrorState, Cause
        /dbs/{db}/{table}/index_schema
            IndexId, IndexName, SchemaVersion, SchemaHash, ShortKeyColumnCount, StorageType, Keys
        /dbs/{db}/{table}/index_schema/{index}
            Field, Type, Null, Key, Default, Extra
        /backends
            BackendId, IP, HeartbeatPort, BePort, HttpPort, BrpcPort, LastStartTime, LastHeartbeat, Alive, SystemDecommissioned, ClusterDecommissioned, TabletNum, DataUsedCapacity, AvailCapacity, TotalCapacity, UsedPct, MaxDiskUsedPct, ErrMsg, Version, Status, DataTotalCapacity, DataUsedPct, CpuCores, MemLimit, NumRunningQueries, MemUsedPct, CpuUsedPct, DataCacheMetrics, Location, StatusCode
        /backends/{backend}
            RootPath, DataUsedCapacity, OtherUsedCapacity, AvailCapacity, TotalCapacity, TotalUsedPct, State, PathHash, StorageMedium, TabletNum, DataTotalCapacity, DataUsedPct, ErrMsg, TrashUsedCapacity
        /frontends
            Id, Name, IP, EditLogPort, HttpPort, QueryPort, RpcPort, Role, ClusterId, Join, Alive, ReplayedJournalId, LastHeartbeat, IsHelper, ErrMsg, StartTime, Version
        /transactions
            DbId, DbName
        /transactions/{db}
            State, Number
        /transactions/{db}/{state}
            TransactionId, Label, Coordinator, TransactionStatus, LoadJobSourceType, PrepareTime, PreparedTime, CommitTime, PublishTime, FinishTime, Reason, ErrorReplicasCount, ListenerId, TimeoutMs, PreparedTimeoutMs, ErrMsg
        /transactions/{db}/{state}/{txn}
            TableId, CommittedPartitionIds
        /transactions/{db}/{state}/{txn}/{txn_table}
            PartitionId, CommittedVersion
    "#]].assert_eq(&paths(false));
}

#[test]
fn tables_and_their_columns() {
    let typed = |column: &Column| format!("{} {:?}", column.name, column.kind);
    let lines: Vec<String> = tables()
        .iter()
        .map(|table| format!("sys.{}\n    {}\n", table.name, list(table.columns(), typed)))
        .collect();
    expect![[r#"
        sys.statistic
            DbId Int, DbName Text, TableNum Int, PartitionNum Int, IndexNum Int, TabletNum Int, ReplicaNum Int, UnhealthyTabletNum Int, InconsistentTabletNum Int, CloningTabletNum Int, ErrorStateTabletNum Int
        sys.databases
            DbId Int, DbName Text, TableNum Int, Quota Size, LastConsistencyCheckTime Time, ReplicaQuota Int
        sys.tables
            DbId Int, DbName Text, TableId Int, TableName Text, IndexNum Int, PartitionColumnName Text, PartitionNum Int, State Text, Type Text, LastConsistencyCheckTime Time, ReplicaCount Int, PartitionType Text, StoragePath Text
        sys.partitions
            DbId Int, DbName Text, TableId Int, TableName Text, PartitionId Int, PartitionName Text, VisibleVersion Int, VisibleVersionTime Time, VisibleVersionHash Int, State Text, PartitionKey Text, Range Text, DistributionKey Text, Buckets Int, ReplicationNum Int, StorageMedium Text, CooldownTime Time, LastConsistencyCheckTime Time, DataSize ShortSize, StorageSize ShortSize, IsInMemory Bool, RowCount Int, DataVersion Int, VersionEpoch Int, VersionTxnType Text, TabletBalanced Bool
        sys.backends
            BackendId Int, IP Text, HeartbeatPort Int, BePort Int, HttpPort Int, BrpcPort Int, LastStartTime Time, LastHeartbeat Time, Alive Bool, SystemDecommissioned Bool, ClusterDecommissioned Bool, TabletNum Int, DataUsedCapacity Size, AvailCapacity Size, TotalCapacity Size, UsedPct Percent, MaxDiskUsedPct Percent, ErrMsg Text, Version Text, Status Text, DataTotalCapacity Size, DataUsedPct Percent, CpuCores Int, MemLimit ShortSize, NumRunningQueries Int, MemUsedPct Percent, CpuUsedPct Percent, DataCacheMetrics Text, Location Text, StatusCode Text
        sys.backend_paths
            BackendId Int, RootPath Text, DataUsedCapacity Size, OtherUsedCapacity Size, AvailCapacity Size, TotalCapacity Size, TotalUsedPct Percent, State Text, PathHash Int, StorageMedium Text, TabletNum Int, DataTotalCapacity Size, DataUsedPct Percent, ErrMsg Text, TrashUsedCapacity Size
        sys.frontends
            Id Int, Name Text, IP Text, EditLogPort Int, HttpPort Int, QueryPort Int, RpcPort Int, Role Text, ClusterId Int, Join Bool, Alive Bool, ReplayedJournalId Int, LastHeartbeat Time, IsHelper Bool, ErrMsg Text, StartTime Time, Version Text
        sys.balance_stat
            StorageMedium Text, BalanceType Text, Balanced Bool, PendingTablets Int, RunningTablets Int
        sys.cluster_load_stat
            StorageMedium Text, ClusterDiskBalanceStat Text, BackendNum Int, AvgScore Double, AvgReplicaNum Double, UsedPercent Percent, Computed Time
        sys.backend_loads
            StorageMedium Text, BeId Int, Cluster Text, Available Bool, UsedCapacity Bytes, Capacity Bytes, UsedPercent Double, ReplicaNum Int, CapCoeff Double, ReplCoeff Double, Score Double, Class Text
        sys.working_slots
            BeId Int, PathHash Int, AvailSlots Int, TotalSlots Int, BalanceSlot Int, AvgRate Bytes, TotalBalanceSlots Int, RootPath Text
        sys.sched_stat
            Item Text, Value Int, Increase Int, Since Time
        sys.priority_repair
            Database Text, Table Text, Partition Text, RemainingTimeMs Int, DbId Int, TableId Int, PartitionId Int
        sys.pending_tablets
            TabletId Int, Type Text, Status Text, State Text, OrigPrio Text, DynmPrio Text, SrcBe Int, SrcPath Int, DestBe Int, DestPath Int, Timeout Int, Create Time, LstSched Time, LstVisit Time, Finished Time, Rate Double, FailedSched Int, FailedRunning Int, LstAdjPrio Time, VisibleVer Int, VisibleVerHash Int, CmtVer Int, CmtVerHash Int, ErrMsg Text, Medium Text
        sys.running_tablets
            TabletId Int, Type Text, Status Text, State Text, OrigPrio Text, DynmPrio Text, SrcBe Int, SrcPath Int, DestBe Int, DestPath Int, Timeout Int, Create Time, LstSched Time, LstVisit Time, Finished Time, Rate Double, FailedSched Int, FailedRunning Int, LstAdjPrio Time, VisibleVer Int, VisibleVerHash Int, CmtVer Int, CmtVerHash Int, ErrMsg Text, Medium Text
        sys.history_tablets
            TabletId Int, Type Text, Status Text, State Text, OrigPrio Text, DynmPrio Text, SrcBe Int, SrcPath Int, DestBe Int, DestPath Int, Timeout Int, Create Time, LstSched Time, LstVisit Time, Finished Time, Rate Double, FailedSched Int, FailedRunning Int, LstAdjPrio Time, VisibleVer Int, VisibleVerHash Int, CmtVer Int, CmtVerHash Int, ErrMsg Text, Medium Text
        sys.transactions
            DbId Int, DbName Text, TransactionId Int, Label Text, Coordinator Text, TransactionStatus Text, LoadJobSourceType Text, PrepareTime Time, PreparedTime Time, CommitTime Time, PublishTime Time, FinishTime Time, Reason Text, ErrorReplicasCount Int, ListenerId Int, TimeoutMs Int, PreparedTimeoutMs Int, ErrMsg Text
        sys.replicas
            TabletId Int, ReplicaId Int, BackendId Int, DbName Text, TableName Text, PartitionName Text, DbId Int, TableId Int, PartitionId Int, IndexId Int, Version Int, VisibleVersion Int, LastFailedVersion Int, LastSuccessVersion Int, LastFailedTime Time, DataSize Bytes, RowCount Int, VersionCount Int, State Text, IsBad Bool, IsSetBadForce Bool, Status Text, PathHash Int, DiskRootPath Text, MetaUrl Text, CompactionStatus Text, Cause Text
        sys.tablets
            TabletId Int, DbName Text, TableName Text, PartitionName Text, IndexName Text, DbId Int, TableId Int, PartitionId Int, IndexId Int, Bucket Int, VisibleVersion Int, Status Text, ReplicationNum Int, ReplicaNum Int, OkReplicaNum Int, RowCount Int, DataSize Bytes
        sys.shard_repair
            TabletId Int, Database Text, Table Text, Partition Text, StartTime Text, EndTime Text, Status Text, Queued Bool, Processing Bool, LastCheck Time, Verdict Text, Version Int, Digests Text, QueuedAt Time
    "#]].assert_eq(&lines.concat());
}

#[test]
fn every_column_has_a_sentence_and_its_own_name() {
    for (place, columns) in ALL
        .iter()
        .map(|entry| (entry.path, (entry.columns)()))
        .chain(tables().iter().map(|table| (table.name, table.columns())))
    {
        for (at, column) in columns.iter().enumerate() {
            assert!(column.doc.trim().ends_with('.'), "{place}: {}", column.name);
            let twice = columns[..at]
                .iter()
                .any(|c| c.name.eq_ignore_ascii_case(&column.name));
            assert!(!twice, "{place}: {} is there twice", column.name);
        }
    }
}

fn list(columns: Vec<Column>, print: impl Fn(&Column) -> String) -> String {
    columns.iter().map(print).collect::<Vec<_>>().join(", ")
}
