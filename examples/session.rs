//! Answers the requests of the page's Python over the files of a folder, one line of JSON each.
//!
//! ```text
//! cargo run --release --example session -- FOLDER < requests > answers
//! ```
//!
//! It is the page's engine without the page: the oracles run the Python shims over it.

use chunkbook::session::{FolderHost, Limits, Session};
use std::io::{BufRead, Write};

fn main() -> std::io::Result<()> {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("usage: session FOLDER");
        std::process::exit(2);
    };
    let mut session = Session::new(Box::new(FolderHost::new(folder)), Limits::for_tab(2));
    let mut out = std::io::stdout().lock();
    for request in std::io::stdin().lock().lines() {
        writeln!(out, "{}", session.dispatch(&request?))?;
        out.flush()?;
    }
    Ok(())
}
