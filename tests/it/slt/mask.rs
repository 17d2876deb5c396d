//! What differs from run to run, by what it is: `<id>`, `<time>`, `<address>`, `<bytes>`.

/// Columns whose numbers are as the machine is.
const MACHINE: &[&str] = &[
    "DataUsedCapacity",
    "DiskRootPath",
    "NumRunningQueries",
    "PathHash",
    "TabletNum",
    "CpuCores",
    "MemLimit",
    "AvailCapacity",
    "TotalCapacity",
    "DataTotalCapacity",
    "OtherUsedCapacity",
    "UsedPct",
    "MaxDiskUsedPct",
    "DataUsedPct",
    "DiskUsedPct",
    "Uptime",
    "ReplayedJournalId",
];

/// A cell as a file shows it: one line, without what differs. Ids of collations are MySQL's and do not differ.
pub fn cell(columns: &[String], at: usize, text: &str) -> String {
    let column = columns[at].as_str();
    let collations = columns[0] == "Collation";
    if text.is_empty() {
        return "(empty)".to_owned();
    }
    let lower = column.to_ascii_lowercase();
    let id = lower == "id" || column.ends_with("Id") || lower.ends_with("_id");
    if id && !collations && text.parse::<i64>().is_ok_and(|n| n > 0) {
        return "<id>".to_owned();
    }
    // What a node says of itself comes with its next report.
    let of_node = column == "Status" && columns.iter().any(|c| c == "HeartbeatPort");
    if of_node || MACHINE.contains(&column) {
        return "<machine>".to_owned();
    }
    if matches!(
        column,
        "HeartbeatPort"
            | "BePort"
            | "HttpPort"
            | "BrpcPort"
            | "QueryPort"
            | "RpcPort"
            | "EditLogPort"
    ) {
        return "<port>".to_owned();
    }
    self::text(text).replace('\n', "\\n")
}

/// A text without times, addresses, and the ids of paths.
pub fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let taken = if let Some(n) = shape(rest, "dddd-dd-dd dd:dd:dd") {
            out.push_str("<time>");
            n
        } else if let Some(n) = address(rest) {
            out.push_str("<address>");
            n
        } else if let Some(n) = node_name(rest) {
            out.push_str("<node>");
            n
        } else if let Some(n) = path_id(rest) {
            out.push_str(&rest[..1]);
            out.push_str("<id>");
            n
        } else {
            out.push(c);
            c.len_utf8()
        };
        rest = &rest[taken..];
    }
    out
}

/// The length of `shape`, where `d` is a digit, if the text begins so.
fn shape(text: &str, shape: &str) -> Option<usize> {
    let bytes = text.as_bytes().get(..shape.len())?;
    let fits = |(b, s): (&u8, u8)| match s {
        b'd' => b.is_ascii_digit(),
        other => *b == other,
    };
    bytes
        .iter()
        .zip(shape.bytes())
        .all(fits)
        .then_some(shape.len())
}

fn address(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("127.0.0.1:")?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    (digits > 0).then_some("127.0.0.1:".len() + digits)
}

/// A number of five or more digits behind a slash or an equals sign.
fn path_id(text: &str) -> Option<usize> {
    let rest = text.strip_prefix(['/', '='])?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    (digits >= 5).then_some(digits + 1)
}

/// The name that a frontend made for itself: `fe_7cc37de1`.
fn node_name(text: &str) -> Option<usize> {
    let hex = text.strip_prefix("fe_")?.as_bytes().get(..8)?;
    hex.iter().all(u8::is_ascii_hexdigit).then_some(11)
}
