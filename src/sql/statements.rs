//! The statements: one file each, and this one list.
//!
//! To add a statement: write `statements/x.rs` (type, parse, Display, columns, run), `grammar/x.ebnf` and
//! `tests/slt/x.slt`, and name it in the list below. A test says which of the three is missing.

use std::fmt;

use crate::code::Failure;
use crate::rows::Column;
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::session::Session;
use crate::view::View;

/// What a statement may read.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The snapshot.
    pub view: &'a View,
    /// The connection.
    pub session: &'a Session,
}

impl<'a> Context<'a> {
    /// The database that was written, else the session's; error 1046 when there is neither.
    pub fn db<'b>(&self, written: Option<&'b str>) -> Result<&'b str, Failure>
    where
        'a: 'b,
    {
        written.or(self.session.db.as_deref()).ok_or_else(|| {
            Failure::new(
                crate::code::Code::NO_DB,
                "no database selected; say USE db, or write db.table",
            )
        })
    }
}

/// A statement: everything that is known of it, in one place.
pub trait Spec: Sized + fmt::Display {
    /// The words that it begins with; more than one line when it has several forms. The longest match wins.
    const HEADS: &'static [&'static [&'static str]];
    /// Its grammar.
    const GRAMMAR: &'static str;
    /// One sentence for HELP.
    const HELP: &'static str;

    /// Reads it from its first word on.
    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError>;

    /// The header of its result, known before it runs; `None` when it returns no rows or only running tells.
    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        None
    }

    /// Decides what should happen. Reads the snapshot, changes nothing.
    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure>;
}

/// A row of the list of statements.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Name of its three files.
    pub name: &'static str,
    /// Its first words.
    pub heads: &'static [&'static [&'static str]],
    /// Its grammar.
    pub grammar: &'static str,
    /// One sentence.
    pub help: &'static str,
}

/// Declares the modules, [`Statement`] with its dispatch, and [`ALL`], from `file::Type` pairs.
macro_rules! statements {
    ($($module:ident :: $name:ident),+ $(,)?) => {
        $(pub mod $module;)+

        /// Any statement.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Statement {
            $(#[doc = concat!("See [`", stringify!($module), "`].")] $name(Box<$module::$name>)),+
        }

        /// Every statement: for HELP, the reference and the tests.
        pub const ALL: &[Entry] = &[$(Entry {
            name: stringify!($module),
            heads: <$module::$name as Spec>::HEADS,
            grammar: <$module::$name as Spec>::GRAMMAR,
            help: <$module::$name as Spec>::HELP,
        }),+];

        impl Statement {
            fn parse_entry(entry: usize, c: &mut Cursor<'_>) -> Result<Statement, SyntaxError> {
                type Parse = fn(&mut Cursor<'_>) -> Result<Statement, SyntaxError>;
                const PARSERS: &[Parse] = &[$(|c| Ok(Statement::$name(Box::new($module::$name::parse(c)?)))),+];
                PARSERS[entry](c)
            }

            /// The header of the result, if it is known before the statement runs.
            pub fn columns(&self, cx: Context<'_>) -> Option<Vec<Column>> {
                match self { $(Statement::$name(s) => s.columns(cx)),+ }
            }

            /// Decides what should happen.
            pub fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
                match self { $(Statement::$name(s) => s.run(cx)),+ }
            }
        }

        impl fmt::Display for Statement {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $(Statement::$name(s) => s.fmt(f)),+ }
            }
        }
    };
}

statements! {
    admin_cancel_repair_table::AdminCancelRepairTable,
    admin_cancel_repair_tablet::AdminCancelRepairTablet,
    admin_check_tablet::AdminCheckTablet,
    admin_check_tablet_segments::AdminCheckTabletSegments,
    admin_drop_unknown_tablets::AdminDropUnknownTablets,
    admin_recover::AdminRecover,
    admin_repair_table::AdminRepairTable,
    admin_repair_tablet::AdminRepairTablet,
    admin_set_frontend_config::AdminSetFrontendConfig,
    admin_set_partition_version::AdminSetPartitionVersion,
    admin_set_replica_status::AdminSetReplicaStatus,
    admin_set_replica_version::AdminSetReplicaVersion,
    admin_show_frontend_config::AdminShowFrontendConfig,
    admin_show_replica_distribution::AdminShowReplicaDistribution,
    admin_show_replica_status::AdminShowReplicaStatus,
    admin_wait_until_healthy::AdminWaitUntilHealthy,
    alter_database::AlterDatabase,
    alter_system_add_backend::AlterSystemAddBackend,
    alter_system_clean_queue::AlterSystemCleanQueue,
    alter_system_decommission_backend::AlterSystemDecommissionBackend,
    alter_system_drop_backend::AlterSystemDropBackend,
    alter_system_modify_backend::AlterSystemModifyBackend,
    alter_table::AlterTable,
    alter_user::AlterUser,
    begin::Begin,
    cancel_decommission_backend::CancelDecommissionBackend,
    commit::Commit,
    create_database::CreateDatabase,
    create_index::CreateIndex,
    create_table::CreateTable,
    create_user::CreateUser,
    do_expressions::DoExpressions,
    drop_database::DropDatabase,
    drop_index::DropIndex,
    drop_table::DropTable,
    drop_user::DropUser,
    explain_query::ExplainQuery,
    explain_tablet::ExplainTablet,
    grant::Grant,
    help::Help,
    insert::Insert,
    kill::Kill,
    lock_tables::LockTables,
    rollback::Rollback,
    savepoint::Savepoint,
    select::Select,
    set::Set,
    set_password::SetPassword,
    show_backends::ShowBackends,
    show_catalogs::ShowCatalogs,
    show_charset::ShowCharset,
    show_collation::ShowCollation,
    show_columns::ShowColumns,
    show_create_database::ShowCreateDatabase,
    show_create_table::ShowCreateTable,
    show_data::ShowData,
    show_databases::ShowDatabases,
    show_engines::ShowEngines,
    show_events::ShowEvents,
    show_frontends::ShowFrontends,
    show_grants::ShowGrants,
    show_index::ShowIndex,
    show_partitions::ShowPartitions,
    show_plugins::ShowPlugins,
    show_privileges::ShowPrivileges,
    show_proc::ShowProc,
    show_processlist::ShowProcesslist,
    show_routine_status::ShowRoutineStatus,
    show_shard_repair::ShowShardRepair,
    show_status::ShowStatus,
    show_table_status::ShowTableStatus,
    show_tables::ShowTables,
    show_tablet::ShowTablet,
    show_tablet_from::ShowTabletFrom,
    show_transaction::ShowTransaction,
    show_triggers::ShowTriggers,
    show_variables::ShowVariables,
    show_warnings::ShowWarnings,
    truncate_table::TruncateTable,
    use_database::UseDatabase,
}

impl Statement {
    /// Reads one whole statement.
    pub fn parse(c: &mut Cursor<'_>) -> Result<Statement, SyntaxError> {
        if c.peek(0).is_none() {
            return Err(SyntaxError::Empty);
        }
        let longest = ALL
            .iter()
            .enumerate()
            .flat_map(|(entry, e)| e.heads.iter().map(move |head| (head.len(), entry, *head)))
            .filter(|(_, _, head)| c.sees(head))
            .max_by_key(|(words, _, _)| *words);
        let Some((_, entry, _)) = longest else {
            return Err(unknown(c));
        };
        let statement = Statement::parse_entry(entry, c)?;
        c.end()?;
        Ok(statement)
    }
}

/// The error for words that begin no statement: what could stand where they leave the way.
fn unknown(c: &mut Cursor<'_>) -> SyntaxError {
    if let Some((words, instead)) = NOT_OFFERED.iter().find(|(words, _)| c.sees(words)) {
        let instead = match *instead {
            "" => String::new(),
            instead => format!(", other than {instead},"),
        };
        return SyntaxError::NotSupported(words.join(" ") + &instead);
    }
    let heads = || ALL.iter().flat_map(|e| e.heads.iter().copied());
    let common = |head: &[&str]| (1..head.len()).rev().find(|n| c.sees(&head[..*n]));
    let Some(most) = heads().filter_map(common).max() else {
        return c.expected("a statement; HELP lists them");
    };
    let mut next: Vec<&str> = heads()
        .filter(|head| head.len() > most && c.sees(&head[..most]))
        .map(|head| head[most])
        .collect();
    next.sort_unstable();
    next.dedup();
    for _ in 0..most {
        c.bump();
    }
    c.expected(format!("one of {}", next.join(", ")))
}

/// Statements of other systems, for a clear refusal, each with what there is instead.
const NOT_OFFERED: &[(&[&str], &str)] = &[
    (&["ANALYZE"], ""),
    (&["BACKUP"], ""),
    (&["CALL"], ""),
    (&["CHECK", "TABLE"], "ADMIN CHECK TABLET"),
    (&["CREATE", "FUNCTION"], ""),
    (&["CREATE", "MATERIALIZED"], ""),
    (&["CREATE", "ROLE"], ""),
    (&["CREATE", "VIEW"], ""),
    (&["DEALLOCATE"], ""),
    (
        &["DELETE"],
        "TRUNCATE TABLE and ALTER TABLE .. DROP PARTITION",
    ),
    (&["EXECUTE"], ""),
    (&["EXPLAIN"], "EXPLAIN TABLET and EXPLAIN SELECT"),
    (&["EXPORT"], ""),
    (&["FLUSH"], ""),
    (&["HANDLER"], ""),
    (&["LOAD"], "INSERT and PUT /api/{db}/{table}/_stream_load"),
    (&["OPTIMIZE"], ""),
    (&["PREPARE"], ""),
    (&["RECOVER"], "ADMIN RECOVER"),
    (&["RENAME"], ""),
    (&["REPAIR"], "ADMIN REPAIR TABLE"),
    (&["REPLACE"], ""),
    (&["RESTORE"], ""),
    (&["SHOW", "BINARY"], ""),
    (&["SHOW", "CREATE", "VIEW"], ""),
    (&["SHOW", "MASTER"], ""),
    (&["SHOW", "SLAVE"], ""),
    (&["UPDATE"], ""),
    (&["XA"], ""),
];
