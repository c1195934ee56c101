//! What decoders say of a file, in plain words.

use super::format::Format;
use anyhow::{Error, anyhow};
use image::ImageError;
use tiff::TiffError;

/// The error of a file that cannot be decoded. petite's own are as they are; those of the decoders,
/// which show the insides of their types, become sentences like petite's.
pub(super) fn explained(error: Error, format: Format) -> Error {
    if error.to_string().starts_with("expected ") {
        return error;
    }
    let name = match format {
        Format::Png => "PNG",
        Format::WebP => "WebP",
        Format::Bmp => "BMP",
        Format::Gif => "GIF",
        Format::Tiff => "TIFF",
        _ => "JPEG",
    };
    let said = error.root_cause().to_string();
    let said = said.trim().trim_end_matches('.');
    let ends = ["failed to fill whole buffer", "unexpected end of file"];
    if ends.contains(&said.to_lowercase().as_str()) {
        return anyhow!("expected a complete {name}, found a truncated one");
    }
    let said = if is_sentence(said) { format!(" ({said})") } else { String::new() };
    let is_kind = matches!(error.downcast_ref(), Some(ImageError::Unsupported(_)))
        || matches!(error.downcast_ref(), Some(TiffError::UnsupportedError(_)));
    if is_kind {
        anyhow!(
            "expected a {name} of a kind that is decoded, found another{said}; try converting it, for example with: magick IN OUT.png"
        )
    } else {
        anyhow!("expected valid data in the {name}, found damaged data{said}")
    }
}

/// Whether a text is plain words and numbers, without the names of types and fields.
fn is_sentence(text: &str) -> bool {
    let is_plain =
        |character: char| character.is_ascii_alphanumeric() || " ,.'-".contains(character);
    let is_type = |word: &str| {
        let mut letters = word.chars();
        letters.next().is_some_and(char::is_uppercase)
            && word.chars().any(char::is_lowercase)
            && letters.any(char::is_uppercase)
    };
    !text.is_empty() && text.chars().all(is_plain) && !text.split(' ').any(is_type)
}
