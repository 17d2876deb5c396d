//! What the routes for clients ask of their callers.

use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};

use crate::code::Failure;
use crate::door::{Needs, Rule, Takes};
use crate::http::shard_repair::answer::Answer;
use crate::http::{redirect, reply};

/// Everybody may look.
pub const OPEN: Rule = Rule {
    needs: Needs::Nothing,
    takes: Takes::Nothing,
    changes: false,
    refused: plain,
};

/// A user looks at something.
pub const USER: Rule = Rule {
    needs: Needs::User,
    ..OPEN
};

/// A load that is sent on: its body goes to a backend.
pub const LOAD_SENT_ON: Rule = Rule {
    needs: Needs::User,
    takes: Takes::Nothing,
    changes: true,
    refused: redirect::refused,
};

/// A load is committed or given up.
pub const SECOND_CALL: Rule = Rule {
    changes: true,
    ..USER
};

/// What the frontend sees to: the caller is sent on to it.
pub const SENT_ON: Rule = Rule {
    needs: Needs::Frontend,
    changes: true,
    ..OPEN
};

/// A load: the frontend says whether the user may, at its begin, before the body is read.
pub const LOAD: Rule = Rule {
    needs: Needs::Frontend,
    takes: Takes::Stream,
    changes: true,
    refused: plain,
};

/// The report of rows that did not fit holds such rows.
pub const ERROR_REPORT: Rule = Rule {
    needs: Needs::NodeOrUser,
    ..OPEN
};

/// The repair queue of the seed, whose calls are documented without a log-in.
pub const REPAIR: Rule = Rule {
    needs: Needs::UserOrRoot,
    takes: Takes::Nothing,
    changes: false,
    refused: repair,
};

/// A call of a node, with a body of so many bytes.
pub const fn node(bytes: usize) -> Rule {
    Rule {
        needs: Needs::Node,
        takes: Takes::Bytes(bytes),
        changes: false,
        refused: plain,
    }
}

fn plain(_: &HeaderMap, failure: Failure) -> Response {
    reply::failure(&failure)
}

fn repair(_: &HeaderMap, failure: Failure) -> Response {
    Answer::failed(&failure).into_response()
}
