//! Fault points that do something. They are off unless the environment variable `FAILPOINTS` (`name=actions;name=actions`, in the
//! words of the `fail` crate) or a test turns them on: `return` fails with an I/O error, `return(full)` as a full disk does,
//! `return(abort)` ends the process on the spot as a power cut would, `sleep(ms)` waits; `3*off->return` begins at the fourth hit.

use std::io;

/// Passes the point `point`, unless a test wants something to happen there.
///
/// # Errors
/// The fault that the test asked for.
pub fn hit(point: &'static str) -> io::Result<()> {
    match fail::eval(point, |arg| arg) {
        None => Ok(()),
        Some(Some(arg)) if arg == "abort" => std::process::abort(),
        Some(Some(arg)) if arg == "full" => Err(io::Error::new(
            io::ErrorKind::StorageFull,
            format!("no space left on device (fault point '{point}')"),
        )),
        Some(_) => Err(io::Error::other(format!("fault point '{point}'"))),
    }
}

/// Turns on the points that the environment variable `FAILPOINTS` names; a binary calls it once at its start.
///
/// # Errors
/// The part of the variable that could not be understood.
pub fn from_env() -> Result<(), String> {
    let Ok(text) = std::env::var("FAILPOINTS") else {
        return Ok(());
    };
    for part in text.split(';').filter(|p| !p.trim().is_empty()) {
        let (name, actions) = part
            .split_once('=')
            .ok_or_else(|| format!("FAILPOINTS: '{part}' is not name=actions"))?;
        set(name.trim(), actions.trim())?;
    }
    Ok(())
}

/// Sets what happens at one point: `off` turns it off again.
///
/// # Errors
/// The actions that could not be understood.
pub fn set(point: &str, actions: &str) -> Result<(), String> {
    fail::cfg(point, actions).map_err(|e| format!("fault point '{point}': '{actions}': {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_does_what_it_was_told_and_nothing_else() {
        assert!(hit("fault::test").is_ok());
        set("fault::test", "1*off->1*return(full)->return").unwrap();
        assert!(hit("fault::test").is_ok());
        let full = hit("fault::test").unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::StorageFull);
        let error = hit("fault::test").unwrap_err();
        assert!(error.to_string().contains("fault::test"));
        set("fault::test", "off").unwrap();
        assert!(hit("fault::test").is_ok());
        assert!(set("fault::test", "explode").is_err());
    }
}
