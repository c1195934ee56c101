//! Recognizes picture files.

/// Extensions of files that are used as pictures whatever their first bytes are, in lower case.
pub const EXTENSIONS: &[&str] =
    &["jpg", "jpeg", "jpe", "png", "bmp", "ppm", "tif", "tiff", "gif", "webp"];

/// Whether a file with the first bytes `start` is a picture.
pub fn is_picture(start: &[u8]) -> bool {
    start.starts_with(&[0xFF, 0xD8])
}
