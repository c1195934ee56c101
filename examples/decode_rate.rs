//! How many pictures a second are read, decoded and resized to 150×150:
//! `cargo run --example decode_rate -- DIR [THREADS]`. `scripts/speed/decode_rate.py` holds it against Pillow.

use anyhow::{Context, Result};
use petite::pictures::{Folder, Target, decode_all};
use std::path::Path;
use std::time::Instant;

fn main() -> Result<()> {
    petite::keep_freed_memory();
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().context("expected a folder of class folders")?;
    let threads = arguments.next().map_or(Ok(1), |threads| threads.parse())?;
    let (folder, _) = Folder::read(Path::new(&path))?;
    let target = Target::rgb(150, 150);
    let start = Instant::now();
    let (pixels, bad) = decode_all(&folder, target, threads, &petite::Stop::default(), &|| ())?;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{:.0} pictures/s: {} in {seconds:.3} s on {threads} threads, {} bad",
        pixels.samples.len() as f64 / seconds,
        pixels.samples.len(),
        bad.len()
    );
    Ok(())
}
