//! Which parts of the protocol both sides speak.

use opensrv_mysql::CapabilityFlags as Flags;

/// What the greeting offers, besides TLS.
///
/// LONG_PASSWORD says "not MariaDB" to MariaDB's drivers. SESSION_TRACK, CONNECT_ATTRS, COMPRESS, LOCAL_FILES and
/// QUERY_ATTRIBUTES are left out: nothing here would serve them.
pub const OFFERED: Flags = Flags::CLIENT_LONG_PASSWORD
    .union(Flags::CLIENT_FOUND_ROWS)
    .union(Flags::CLIENT_LONG_FLAG)
    .union(Flags::CLIENT_CONNECT_WITH_DB)
    .union(Flags::CLIENT_IGNORE_SPACE)
    .union(Flags::CLIENT_PROTOCOL_41)
    .union(Flags::CLIENT_INTERACTIVE)
    .union(Flags::CLIENT_TRANSACTIONS)
    .union(Flags::CLIENT_SECURE_CONNECTION)
    .union(Flags::CLIENT_MULTI_STATEMENTS)
    .union(Flags::CLIENT_MULTI_RESULTS)
    .union(Flags::CLIENT_PS_MULTI_RESULTS)
    .union(Flags::CLIENT_PLUGIN_AUTH)
    .union(Flags::CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA)
    .union(Flags::CLIENT_DEPRECATE_EOF);

/// What the crate is told the client speaks: one dialect, which the gate then puts into the client's.
pub const INNER: Flags = Flags::CLIENT_PROTOCOL_41
    .union(Flags::CLIENT_SECURE_CONNECTION)
    .union(Flags::CLIENT_PLUGIN_AUTH)
    .union(Flags::CLIENT_DEPRECATE_EOF);

/// What is offered on this connection.
pub fn offered(tls: bool) -> Flags {
    if tls {
        OFFERED.union(Flags::CLIENT_SSL)
    } else {
        OFFERED
    }
}

/// What a client's bits mean here: those that were not offered count for nothing.
pub fn agreed(bits: u32, tls: bool) -> Flags {
    Flags::from_bits_truncate(bits).intersection(offered(tls))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_that_were_not_offered_are_dropped() {
        let agreed = agreed(u32::MAX, false);
        assert_eq!(agreed, OFFERED);
        assert!(!agreed.contains(Flags::CLIENT_SESSION_TRACK));
        assert!(!agreed.contains(Flags::CLIENT_SSL));
    }
}
