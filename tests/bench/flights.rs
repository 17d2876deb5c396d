//! Flights to load: those of a file that FLIGHTS names, or as many as that has, made out of the slice of the examples.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Flights that are made out of each of the 3,368: about as many as the full set has.
const TIMES: usize = 100;

/// CSV without a header.
pub fn body() -> Bytes {
    if let Some(file) = std::env::var_os("FLIGHTS") {
        return rows(Path::new(&file)).into();
    }
    let slice = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data/flights.csv");
    more(&rows(&slice)).into()
}

fn rows(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let (_, rows) = text.split_once('\n').expect("a header");
    rows.to_owned()
}

/// Flights on the same days, each on the route and about at the time of any one of the slice. Rows that were only repeated
/// would make files of a tenth the size of real ones.
fn more(slice: &str) -> String {
    let known: Vec<Vec<&str>> = slice
        .lines()
        .map(|line| line.split(',').collect())
        .collect();
    let mut random = StdRng::seed_from_u64(2013);
    let mut all = String::new();
    for day in &known {
        for _ in 0..TIMES {
            let like = &known[random.random_range(0..known.len())];
            all += &flight(day, like, &mut random);
        }
    }
    all
}

fn flight(day: &[&str], like: &[&str], random: &mut StdRng) -> String {
    let mut fields: Vec<String> = like.iter().map(|field| (*field).to_owned()).collect();
    for at in 0..3 {
        fields[at] = day[at].to_owned();
    }
    let number = |at: usize| like[at].parse::<i32>().ok();
    let (late, longer) = (random.random_range(-5..15), random.random_range(-9..10));
    for (at, by) in [(5, late), (8, late + longer), (14, longer)] {
        if let Some(known) = number(at) {
            fields[at] = (known + by).to_string();
        }
    }
    for (at, by) in [(3, late), (6, late + longer)] {
        if let Some(clock) = number(at) {
            let minutes = (clock / 100 * 60 + clock % 100 + by).rem_euclid(24 * 60);
            fields[at] = (minutes / 60 * 100 + minutes % 60).to_string();
        }
    }
    let (date, _) = day[18].split_once('T').expect("a date and a time");
    let (_, time) = like[18].split_once('T').expect("a date and a time");
    fields[18] = format!("{date}T{time}");
    fields.join(",") + "\n"
}
