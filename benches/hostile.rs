//! Time and peak memory of reading and decoding one hostile or huge picture, in a process of its own.

use petite::pictures::decode::decode;
use petite::pictures::orientation::ExifOrientation;
use petite::pictures::picture::ColorMode;
use petite::pictures::pixels::read_file;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// The file to decode, set for the processes that this one starts.
const CASE: &str = "PETITE_HOSTILE";

/// Length of the files of zeros, whose blocks the file system does not store.
const LONG: u64 = 2_000_000_000;

/// Bytes that files of these formats begin with.
const STARTS: [(&str, &[u8]); 4] =
    [("none", b""), ("JPEG", b"\xFF\xD8\xFF"), ("GIF", b"GIF89a"), ("TIFF", b"II*\0\x08\0\0\0")];

fn main() {
    match std::env::var_os(CASE) {
        Some(path) => measure(Path::new(&path)),
        None => start_all(),
    }
}

/// Decodes a file and prints the time, the most memory in use and the outcome.
fn measure(path: &Path) {
    let start = Instant::now();
    let mut bytes = Vec::new();
    let outcome = read_file(path, &mut bytes)
        .and_then(|()| decode(&bytes, ColorMode::Rgb, ExifOrientation::Apply));
    let seconds = start.elapsed().as_secs_f64();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kilobytes: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    let outcome = match outcome {
        Ok(picture) => format!("{}×{}", picture.width, picture.height),
        Err(error) => format!("{error:#}"),
    };
    println!("{seconds:8.4} s {:6} MB  {outcome}", kilobytes * 1024 / 1_000_000);
}

fn start_all() {
    let folder = tempfile::tempdir().unwrap();
    for (name, path) in cases(folder.path()) {
        print!("{name:<45}");
        std::io::Write::flush(&mut std::io::stdout()).unwrap();
        let status = Command::new(std::env::current_exe().unwrap()).env(CASE, path).status();
        assert!(status.unwrap().success(), "{name}");
    }
}

fn cases(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut cases = Vec::new();
    for (format, start) in STARTS {
        let path = folder.join(format!("zeros-{format}"));
        let file = File::create(&path).unwrap();
        file.write_all_at(start, 0).unwrap();
        file.set_len(LONG).unwrap();
        cases.push((format!("2 GB of zeros, format {format}"), path));
    }
    let golden =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pillow/chroma-halved.jpg");
    let appended = folder.join("appended.jpg");
    std::fs::copy(&golden, &appended).unwrap();
    OpenOptions::new().write(true).open(&appended).unwrap().set_len(LONG).unwrap();
    cases.push(("a JPEG with 2 GB of zeros appended".to_owned(), appended));

    let mut claim = std::fs::read(&golden).unwrap();
    let frame = claim.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
    // Marker, length and precision, then height and width.
    claim[frame + 5..frame + 9].copy_from_slice(&[0x32, 0xC8, 0x32, 0xC8]);
    let path = folder.join("claim.jpg");
    std::fs::write(&path, claim).unwrap();
    cases.push(("a small JPEG claiming 13,000×13,000".to_owned(), path));

    let noise = image::RgbImage::from_fn(12_000, 12_000, |x, y| {
        image::Rgb([x as u8, y as u8, (x / 7 * (y / 5)) as u8])
    });
    let path = folder.join("large.jpg");
    noise.save(&path).unwrap();
    cases.push(("a JPEG of 12,000×12,000".to_owned(), path));
    let path = folder.join("flat.webp");
    image::RgbImage::new(13_000, 13_000).save(&path).unwrap();
    cases.push(("a flat WebP of 13,000×13,000".to_owned(), path));
    cases
}
