//! `/cluster_balance/cluster_load_stat/<medium>/<backend>`: the storage paths behind the load of a backend.

use crate::proc::backend::{PathRow, paths, rows_of};
use crate::proc::{Error, Node, Place};

/// `/cluster_balance/cluster_load_stat/{medium}/{backend}`.
pub struct BackendLoadPaths;

impl Node for BackendLoadPaths {
    const PATH: &'static str = "/cluster_balance/cluster_load_stat/{medium}/{backend}";
    type Row = PathRow;

    fn rows(at: &Place<'_>) -> Result<Vec<PathRow>, Error> {
        let (medium, backend) = (at.medium()?, at.backend()?.id);
        let paths = paths(at.view, backend).iter();
        let of_medium = paths.filter(|path| path.medium == medium);
        Ok(rows_of(at.view, of_medium))
    }
}
