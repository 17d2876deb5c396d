//! The functions that queries can call: DataFusion's, and MySQL's where they differ or are missing.
//!
//! Owns the list. A function of ours is a line of a table in `functions/*.rs`; one that depends on the connection or
//! on the time is a [`session`] constant made for each query.

pub mod add_time;
pub mod arguments;
pub mod average;
pub mod bits;
pub mod bounded;
pub mod branches;
pub mod cast_decimal;
pub mod checked;
pub mod compound;
pub mod dates;
pub mod divided;
pub mod doubles;
pub mod extracts;
pub mod format;
pub mod hashes;
pub mod integers;
pub mod joined;
pub mod json;
pub mod json_functions;
pub mod letters;
pub mod long_texts;
pub mod loose;
pub mod math;
pub mod md5;
pub mod moment_numbers;
pub mod more;
pub mod numbers;
pub mod parts;
pub mod results;
pub mod rounding;
pub mod row_function;
pub mod session;
pub mod shift;
pub mod spans;
pub mod str_to_date;
pub mod sum;
pub mod texts;
pub mod unix;
pub mod weeks;
pub mod zones;

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF, WindowUDF};

use crate::system::coerce::MySqlOperators;
use crate::system::functions::row_function::RowFunction;
use crate::system::sources::Sources;

/// The functions by their lower-case names.
pub struct Functions {
    /// Functions of a row.
    pub scalars: BTreeMap<String, Arc<ScalarUDF>>,
    /// Functions of a group.
    pub aggregates: BTreeMap<String, Arc<AggregateUDF>>,
    /// Functions of a window.
    pub windows: BTreeMap<String, Arc<WindowUDF>>,
    /// What operators mean.
    pub planners: Vec<Arc<dyn ExprPlanner>>,
}

/// Names of MySQL for functions that DataFusion has under another.
const SAME: [(&str, &str); 1] = [("rand", "random")];

/// The same for aggregates: MySQL's STDDEV and VARIANCE are of the whole population.
const SAME_AGGREGATES: [(&str, &str); 7] = [
    ("any_value", "first_value"),
    ("std", "stddev_pop"),
    ("stddev", "stddev_pop"),
    ("variance", "var_pop"),
    ("var_samp", "var"),
    ("approx_count_distinct", "approx_distinct"),
    ("ndv", "approx_distinct"),
];

impl Default for Functions {
    fn default() -> Functions {
        Functions::new()
    }
}

impl Functions {
    /// All functions.
    pub fn new() -> Functions {
        let mut defaults = SessionStateBuilder::new_with_default_features();
        let mut scalars = BTreeMap::new();
        for function in defaults.scalar_functions().take().unwrap_or_default() {
            let bounded = Arc::new(bounded::of(function.clone()));
            for name in names(function.name(), function.aliases()) {
                scalars.insert(name, bounded.clone());
            }
        }
        let mut aggregates = BTreeMap::new();
        for function in defaults.aggregate_functions().take().unwrap_or_default() {
            for name in names(function.name(), function.aliases()) {
                aggregates.insert(name, function.clone());
            }
        }
        let mut windows = BTreeMap::new();
        for function in defaults.window_functions().take().unwrap_or_default() {
            for name in names(function.name(), function.aliases()) {
                windows.insert(name, function.clone());
            }
        }
        for name in loose::NAMES {
            if let Some(inner) = scalars.get(name).cloned() {
                scalars.insert(name.to_owned(), Arc::new(loose::of(inner)));
            }
        }
        if let Some(inner) = aggregates.get("sum").cloned() {
            let exact = Arc::new(sum::of(inner));
            aggregates.insert("sum".to_owned(), Arc::new(average::of(exact)));
        }
        if let Some(inner) = aggregates.get("avg").cloned() {
            let rounded = Arc::new(average::of(inner));
            for name in ["avg", "mean"] {
                aggregates.insert(name.to_owned(), rounded.clone());
            }
        }
        scalars.insert(checked::NEGATED.to_owned(), Arc::new(checked::negated()));
        also(&mut scalars, &SAME);
        also(&mut aggregates, &SAME_AGGREGATES);
        for def in row_function::all() {
            scalars.insert(def.name.to_owned(), Arc::new(RowFunction::udf(def)));
        }
        for function in shift::all()
            .into_iter()
            .chain(branches::all())
            .chain(add_time::all())
            .chain(rounding::all())
            .chain([cast_decimal::udf(), moment_numbers::udf(), unix::udf()])
            .chain(joined::all())
        {
            scalars.insert(function.name().to_owned(), Arc::new(function));
        }
        let mut planners: Vec<Arc<dyn ExprPlanner>> = vec![Arc::new(MySqlOperators)];
        planners.extend(defaults.expr_planners().take().unwrap_or_default());
        Functions {
            scalars,
            aggregates,
            windows,
            planners,
        }
    }

    /// The function of a row called `name` (in lower case), in a query of `sources`.
    pub fn scalar(&self, name: &str, sources: &Sources) -> Option<Arc<ScalarUDF>> {
        session::function(name, sources)
            .map(Arc::new)
            .or_else(|| self.scalars.get(name).cloned())
    }
}

fn names(name: &str, aliases: &[String]) -> Vec<String> {
    std::iter::once(name.to_lowercase())
        .chain(aliases.iter().map(|alias| alias.to_lowercase()))
        .collect()
}

fn also<T: Clone>(functions: &mut BTreeMap<String, T>, same: &[(&str, &str)]) {
    for (ours, theirs) in same {
        if let Some(function) = functions.get(*theirs).cloned() {
            functions.insert((*ours).to_owned(), function);
        }
    }
}
