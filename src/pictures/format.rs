//! Formats of picture files, recognized by their first bytes.

use super::directory::Directories;
use crate::files::input_file::describe;
use anyhow::{Result, bail};

/// Extensions of picture files, in lower case: of formats that are decoded, and of those that are
/// not, so that their files are reported instead of silently skipped.
pub const EXTENSIONS: &[&str] = &[
    "jpg", "jpeg", "jpe", "jfif", "pjpeg", "png", "apng", "webp", "bmp", "dib", "tif", "tiff",
    "gif", "ppm", "pgm", "pbm", "pnm", "heic", "heif", "hif", "avif", "jp2", "j2k", "jxl", "psd",
    "tga", "dcm", "cr2", "cr3", "crw", "nef", "nrw", "arw", "srf", "sr2", "dng", "raf", "orf",
    "rw2", "pef", "srw", "pdf", "svg",
];

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JPEG.
    Jpeg,
    /// PNG, also animated.
    Png,
    /// WebP: lossy, lossless or animated.
    WebP,
    /// Windows bitmap.
    Bmp,
    /// TIFF or BigTIFF.
    Tiff,
    /// GIF, also animated.
    Gif,
    /// A format that is not decoded.
    Other(&'static Other),
}

/// A known format that is not decoded.
#[derive(Debug, PartialEq, Eq)]
pub struct Other {
    /// Its name.
    pub name: &'static str,
    /// A command that converts a file, or what else to try.
    pub remedy: &'static str,
}

const fn other(name: &'static str, remedy: &'static str) -> Other {
    Other { name, remedy }
}

static HEIC: Other = other("HEIC", "heif-convert IN OUT.jpg");
static AVIF: Other = other("AVIF", "avifdec IN OUT.png");
static RAW: Other = other("a camera RAW file", "darktable-cli IN OUT.jpg");
static DNG: Other = other("DNG, a camera RAW file", "darktable-cli IN OUT.jpg");
static JPEG_2000: Other = other("JPEG 2000", "opj_decompress -i IN -o OUT.png");
static JPEG_XL: Other = other("JPEG XL", "djxl IN OUT.png");
static PSD: Other = other("PSD", "magick IN[0] OUT.png");
static NETPBM: Other = other("PBM, PGM or PPM", "magick IN OUT.png");
static DICOM: Other = other("DICOM", "dcmj2pnm --write-png IN OUT.png");
static EXR: Other = other("OpenEXR", "magick IN OUT.png");
static QOI: Other = other("QOI", "magick IN OUT.png");
static PDF: Other = other("PDF", "pdftoppm -png IN OUT");
static SVG: Other = other("SVG", "rsvg-convert IN -o OUT.png");

impl Format {
    /// The format of a file, or of its first bytes; `None` if it is unknown. Cameras' RAW files that
    /// are TIFFs are only recognized as such in a whole file.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let starts = |magic: &[u8]| bytes.starts_with(magic);
        Some(match bytes {
            [0xFF, 0xD8, ..] => Self::Jpeg,
            [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Self::Png,
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Self::WebP,
            [b'B', b'M', ..] if is_bmp(bytes) => Self::Bmp,
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Self::Gif,
            [b'I', b'I', b'*' | b'+', 0, ..] | [b'M', b'M', 0, b'*' | b'+', ..] => {
                raw_in_tiff(bytes).map_or(Self::Tiff, Self::Other)
            }
            [_, _, _, _, b'f', b't', b'y', b'p', ..] => Self::Other(brand(bytes)?),
            [b'P', b'1'..=b'6', b' ' | b'\n' | b'\r' | b'\t', ..] => Self::Other(&NETPBM),
            _ if starts(b"IIRO") || starts(b"IIRS") || starts(b"MMOR") => Self::Other(&RAW),
            _ if starts(b"IIU\0") || starts(b"FUJIFILMCCD-RAW") => Self::Other(&RAW),
            _ if starts(b"\0\0\0\x0CjP  ") || starts(b"\xFF\x4F\xFF\x51") => {
                Self::Other(&JPEG_2000)
            }
            _ if starts(b"\0\0\0\x0CJXL ") || starts(b"\xFF\x0A") => Self::Other(&JPEG_XL),
            _ if starts(b"8BPS") => Self::Other(&PSD),
            _ if starts(b"\x76\x2F\x31\x01") => Self::Other(&EXR),
            _ if starts(b"qoif") => Self::Other(&QOI),
            _ if starts(b"%PDF-") => Self::Other(&PDF),
            _ if bytes.get(128..132) == Some(b"DICM") => Self::Other(&DICOM),
            _ if is_svg(bytes) => Self::Other(&SVG),
            _ => return None,
        })
    }

    /// The format of a file that can be decoded.
    ///
    /// # Errors
    /// If the file is empty, or of another format; the error says how to convert a known one.
    pub(super) fn decodable(bytes: &[u8]) -> Result<Self> {
        match Self::of(bytes) {
            Some(Self::Other(other)) => bail!(
                "expected a JPEG, PNG, WebP, BMP, TIFF or GIF, found {}; try converting it, for example with: {}",
                other.name,
                other.remedy
            ),
            Some(format) => Ok(format),
            None => bail!("expected a picture, found {}", describe(bytes)),
        }
    }
}

/// Whether a file beginning with `start`, its first 64 bytes or more, is a picture: of a format that
/// is decoded, or of a known one that is not.
pub fn is_picture(start: &[u8]) -> bool {
    Format::of(start).is_some()
}

/// Whether the size of the second header is a known one: `BM` alone may begin a text.
fn is_bmp(bytes: &[u8]) -> bool {
    bytes
        .get(14..18)
        .is_some_and(|size| matches!(size, [12 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]))
}

/// The format of a file of the ISO base media file format: its major brand, or a compatible one.
fn brand(bytes: &[u8]) -> Option<&'static Other> {
    let length = u32::from_be_bytes(*bytes.first_chunk()?) as usize;
    let brands = &bytes[8..length.clamp(8, bytes.len())];
    brands.chunks_exact(4).find_map(|brand| match brand {
        b"avif" | b"avis" => Some(&AVIF),
        b"heic" | b"heix" | b"hevc" | b"hevx" | b"heim" | b"heis" | b"hevm" | b"hevs" => {
            Some(&HEIC)
        }
        b"crx " => Some(&RAW),
        _ => None,
    })
}

/// A camera's RAW file in the form of a TIFF, whose first picture is a thumbnail.
fn raw_in_tiff(bytes: &[u8]) -> Option<&'static Other> {
    const NEW_SUBFILE_TYPE: u16 = 254;
    const PHOTOMETRIC: u16 = 262;
    const MAKE: u16 = 271;
    const SUB_DIRECTORIES: u16 = 330;
    const DNG_VERSION: u16 = 50706;
    if bytes.get(8..10) == Some(b"CR") {
        return Some(&RAW);
    }
    let directories = Directories::new(bytes)?;
    let first = directories.read(directories.first()?)?;
    if first.has(DNG_VERSION) {
        return Some(&DNG);
    }
    let is_thumbnail = first.number(NEW_SUBFILE_TYPE).is_some_and(|kind| kind & 1 == 1);
    let has_others = first.has(SUB_DIRECTORIES);
    // Samples of a color filter array, or the linear ones of a sensor.
    let is_sensor = matches!(first.number(PHOTOMETRIC), Some(32_803 | 34_892));
    (is_sensor || first.has(MAKE) && has_others && is_thumbnail).then_some(&RAW)
}

fn is_svg(bytes: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]);
    let start = start.trim_start_matches('\u{FEFF}').trim_start();
    start.starts_with("<svg") || start.starts_with("<?xml") && start.contains("<svg")
}
