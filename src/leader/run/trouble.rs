//! Why a core's work came to an end although the process goes on.

use std::any::Any;
use std::sync::Arc;

use crate::code::{Code, Coded, Failure};
use crate::store::error::Error;

/// What ended a core's work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The journal can't be written.
    #[error(transparent)]
    Journal(#[from] Error),
    /// The core found its own decision impossible. What was decided in that step is void.
    #[error("the leader met a defect of its own and starts anew from its journal: {0}")]
    Defect(String),
    /// Backends obey another frontend of this cluster.
    #[error("this frontend is not obeyed any more and acknowledges nothing: {0}")]
    Refused(Arc<str>),
}

impl Coded for Trouble {
    fn code(&self) -> Code {
        match self {
            Trouble::Journal(error) => error.code(),
            Trouble::Defect(_) => Code::UNKNOWN,
            Trouble::Refused(_) => Code::NOT_READY,
        }
    }
}

impl Trouble {
    /// The trouble that a panic tells.
    pub fn of_panic(panic: &(dyn Any + Send)) -> Trouble {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        Trouble::Defect(text.unwrap_or("without words").to_owned())
    }

    /// Whether opening the journal again may help without a restart.
    pub fn passing(&self) -> bool {
        match self {
            Trouble::Journal(error) => error.passing(),
            Trouble::Defect(_) => true,
            Trouble::Refused(_) => false,
        }
    }

    /// The answer to those whose change was under way.
    pub fn in_doubt(&self) -> Failure {
        let message = format!(
            "{self}; this statement was not acknowledged: look whether it took effect before you repeat it"
        );
        Failure::new(self.code(), message)
    }
}
