//! Tables whose rows are facts about the server: character sets, collations, engines.

use crate::row;
use crate::rows::{Row, Rows, Typed};
use crate::sql::charset::{CHARSETS, COLLATIONS, default_collation};
use crate::system::sources::Sources;
use crate::system::tables::SystemTable;

row! {
    /// One collation.
    pub struct CollationsRow {
        /// Name.
        name: &'static str => "COLLATION_NAME" Text,
        /// Character set.
        charset: &'static str => "CHARACTER_SET_NAME" Text,
        /// Number on the wire.
        id: i64 => "ID" Int,
        /// `Yes` for the default of its character set.
        default: &'static str => "IS_DEFAULT" Text,
        /// Always `Yes`.
        compiled: &'static str => "IS_COMPILED" Text,
        /// Memory of a sort.
        sortlen: i64 => "SORTLEN" Int,
        /// Whether blanks at the end count.
        pad: &'static str => "PAD_ATTRIBUTE" Text,
    }
}

row! {
    /// A collation and its character set.
    pub struct ApplicabilityRow {
        /// Collation.
        name: &'static str => "COLLATION_NAME" Text,
        /// Character set.
        charset: &'static str => "CHARACTER_SET_NAME" Text,
    }
}

row! {
    /// One character set.
    pub struct CharsetsRow {
        /// Name.
        name: &'static str => "CHARACTER_SET_NAME" Text,
        /// Its default collation.
        collation: &'static str => "DEFAULT_COLLATE_NAME" Text,
        /// A sentence.
        description: &'static str => "DESCRIPTION" Text,
        /// Most bytes of a character.
        maxlen: i64 => "MAXLEN" Int,
    }
}

row! {
    /// One engine.
    pub struct EnginesRow {
        /// Name.
        engine: &'static str => "ENGINE" Text,
        /// `DEFAULT` or `YES`.
        support: &'static str => "SUPPORT" Text,
        /// A sentence.
        comment: &'static str => "COMMENT" Text,
        /// Whether statements can be taken back.
        transactions: &'static str => "TRANSACTIONS" Text,
        /// Whether transactions span servers.
        xa: &'static str => "XA" Text,
        /// Whether part of a transaction can be taken back.
        savepoints: &'static str => "SAVEPOINTS" Text,
    }
}

row! {
    /// One reserved word.
    pub struct KeywordsRow {
        /// The word.
        word: &'static str => "WORD" Text,
        /// 1: it can't be a name without backquotes.
        reserved: i64 => "RESERVED" Int,
    }
}

row! {
    /// What a user may do.
    pub struct UserPrivilegesRow {
        /// User and host.
        grantee: String => "GRANTEE" Text,
        /// Always `def`.
        catalog: &'static str => "TABLE_CATALOG" Text,
        /// What is allowed.
        privilege: &'static str => "PRIVILEGE_TYPE" Text,
        /// Whether it may be passed on.
        grantable: &'static str => "IS_GRANTABLE" Text,
    }
}

/// Words that statements use as syntax and that names need backquotes for.
const KEYWORDS: [&str; 40] = [
    "ALL", "ALTER", "AND", "AS", "BETWEEN", "BY", "CASE", "CREATE", "CROSS", "DELETE", "DESC",
    "DISTINCT", "DROP", "ELSE", "EXISTS", "FROM", "GROUP", "HAVING", "IN", "INNER", "INSERT",
    "INTERVAL", "INTO", "IS", "JOIN", "LEFT", "LIKE", "LIMIT", "NOT", "NULL", "ON", "OR", "ORDER",
    "RIGHT", "SELECT", "SET", "TABLE", "UNION", "WHEN", "WHERE",
];

/// The tables.
pub const TABLES: &[SystemTable] = &[
    SystemTable::of::<CollationsRow>("collations", |_| rows(collations())),
    SystemTable::of::<ApplicabilityRow>("collation_character_set_applicability", |_| {
        rows(COLLATIONS.iter().map(|collation| ApplicabilityRow {
            name: collation.name,
            charset: collation.charset,
        }))
    }),
    SystemTable::of::<CharsetsRow>("character_sets", |_| rows(charsets())),
    SystemTable::of::<EnginesRow>("engines", |_| rows(engines())),
    SystemTable::of::<KeywordsRow>("keywords", |_| {
        rows(KEYWORDS.map(|word| KeywordsRow { word, reserved: 1 }))
    }),
    SystemTable::of::<UserPrivilegesRow>("user_privileges", privileges),
];

fn rows<T: Typed>(typed: impl IntoIterator<Item = T>) -> Vec<Row> {
    Rows::of(typed).rows
}

fn collations() -> impl Iterator<Item = CollationsRow> {
    COLLATIONS.iter().map(|collation| CollationsRow {
        name: collation.name,
        charset: collation.charset,
        id: collation.id.into(),
        default: if collation.default { "Yes" } else { "" },
        compiled: "Yes",
        sortlen: if collation.no_pad { 0 } else { 1 },
        pad: if collation.no_pad {
            "NO PAD"
        } else {
            "PAD SPACE"
        },
    })
}

fn charsets() -> impl Iterator<Item = CharsetsRow> {
    CHARSETS.iter().map(|charset| CharsetsRow {
        name: charset.name,
        collation: default_collation(charset.name),
        description: charset.description,
        maxlen: charset.bytes_max.into(),
    })
}

fn engines() -> [EnginesRow; 2] {
    [
        ("OLAP", "DEFAULT", "Replicated tables on backends"),
        (
            "MEMORY",
            "YES",
            "Tables of metadata, made when they are read",
        ),
    ]
    .map(|(engine, support, comment)| EnginesRow {
        engine,
        support,
        comment,
        transactions: "NO",
        xa: "NO",
        savepoints: "NO",
    })
}

fn privileges(sources: &Sources) -> Vec<Row> {
    let users = sources.view.catalog.users.keys();
    rows(users.map(|user| UserPrivilegesRow {
        grantee: format!("'{user}'@'%'"),
        catalog: super::CATALOG,
        privilege: "ALL PRIVILEGES",
        grantable: if user == crate::frontend::sessions::ROOT {
            "YES"
        } else {
            "NO"
        },
    }))
}
