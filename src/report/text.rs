//! Text in bitmaps: the built-in font's letters, and for those that it lacks a font of the system.

use crate::text::numbers::cut;
use ab_glyph::{Font, FontArc, FontVec, GlyphId, OutlinedGlyph, PxScale, ScaleFont, point};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};
use unicode_normalization::UnicodeNormalization;

/// What a plot shows in place of letters that no font has.
const MISSING: char = '…';
/// Font files that are looked through at most, and the size in bytes up to which one is read.
const FILES: usize = 2000;
const LARGEST: u64 = 64 << 20;
/// Depth of folders inside a font folder.
const DEPTH: usize = 6;
/// Classes that [`key`] names.
const NAMED: usize = 5;

/// Whether plots can write `text`: some font has its letters, and they stand beside each other.
pub fn is_writable(text: &str) -> bool {
    let mut fonts = FONTS.lock().unwrap_or_else(PoisonError::into_inner);
    text.nfc().all(|letter| is_silent(letter) || fonts.with(letter).is_some())
}

/// The name of a class for a plot, shortened; if no font can write it, the class's number, from 1.
pub fn name(class: &str, label: usize) -> String {
    if is_writable(class) { cut(class) } else { format!("class {}", label + 1) }
}

/// A sentence that says which of `classes` are numbers in plots; `None` if none is.
pub fn key(classes: &[String]) -> Option<String> {
    let numbered: Vec<(usize, &String)> =
        classes.iter().enumerate().filter(|(_, class)| !is_writable(class)).collect();
    let shown = numbered.iter().take(NAMED);
    let shown = shown.map(|(label, class)| format!("class {} is {}", label + 1, cut(class)));
    let shown = shown.collect::<Vec<_>>().join(", ");
    let (count, of) = (numbered.len(), classes.len());
    let more = if count > NAMED { ", …" } else { "" };
    (count > 0).then(|| format!(
        "the plots number {count} of {of} classes, whose names they cannot write (no font here has all letters, or the script joins them): {shown}{more}; petite report shows the names"
    ))
}

/// A line of text: the outlines of its letters, from the origin of the baseline to the right, and its
/// width, in pixels. `size` is in pixels per em, as everywhere.
pub fn line(text: &str, size: f32) -> (Vec<OutlinedGlyph>, f32) {
    let mut fonts = FONTS.lock().unwrap_or_else(PoisonError::into_inner);
    let (mut outlines, mut x) = (Vec::new(), 0.0);
    let mut last: Option<(usize, GlyphId)> = None;
    let mut was_missing = false;
    for letter in text.nfc().filter(|&letter| !is_silent(letter)) {
        let index = fonts.with(letter);
        // A name in another script is one mark, not one for each letter.
        if index.is_none() && std::mem::replace(&mut was_missing, true) {
            continue;
        }
        was_missing = index.is_none();
        let letter = if was_missing { MISSING } else { letter };
        let index = index.unwrap_or(0);
        let font = &fonts.loaded[index];
        let scale = PxScale::from(size * per_em(font));
        let (scaled, id) = (font.as_scaled(scale), font.glyph_id(letter));
        if let Some((_, before)) = last.filter(|(before, _)| *before == index) {
            x += scaled.kern(before, id);
        }
        outlines.extend(font.outline_glyph(id.with_scale_and_position(scale, point(x, 0.0))));
        x += scaled.h_advance(id);
        last = Some((index, id));
    }
    (outlines, x)
}

/// Height of a font as a multiple of its em.
fn per_em(font: &FontArc) -> f32 {
    font.units_per_em().map_or(1.0, |units| font.height_unscaled() / units)
}

static FONTS: LazyLock<Mutex<Fonts>> = LazyLock::new(|| Mutex::new(Fonts::new(&folders())));

/// The built-in font, and those of the system that were needed.
struct Fonts {
    /// The built-in font is the first.
    loaded: Vec<FontArc>,
    /// Files of the system's fonts, those that are likely to fit first.
    files: Vec<PathBuf>,
    /// Blocks of 256 characters for which the files have been looked through.
    searched: HashSet<u32>,
}

impl Fonts {
    fn new(folders: &[PathBuf]) -> Self {
        let own = FontArc::try_from_slice(dejavu::sans::regular());
        let loaded = own.into_iter().collect();
        let mut files = Vec::new();
        folders.iter().for_each(|folder| find(folder, DEPTH, &mut files));
        files.sort_by_cached_key(|file| {
            let name = file.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
            (!name.contains("sans"), !name.contains("regular"), name.contains("mono"), file.clone())
        });
        Self { loaded, files, searched: HashSet::new() }
    }

    /// The font that has `letter`: an index into `loaded`.
    fn with(&mut self, letter: char) -> Option<usize> {
        let has = |font: &FontArc| {
            let glyph = font.glyph_id(letter);
            glyph.0 != 0 && (letter.is_whitespace() || font.outline(glyph).is_some())
        };
        if needs_shaping(letter) {
            return None;
        }
        if let Some(index) = self.loaded.iter().position(has) {
            return Some(index);
        }
        if !self.searched.insert(letter as u32 >> 8) {
            return None;
        }
        let found = self.files.iter().find_map(|file| {
            let font = FontVec::try_from_vec_and_index(std::fs::read(file).ok()?, 0).ok()?;
            Some(FontArc::new(font)).filter(has)
        })?;
        // The next letter of the block may be in another font.
        self.searched.remove(&(letter as u32 >> 8));
        self.loaded.push(found);
        Some(self.loaded.len() - 1)
    }
}

/// Where fontconfig looks for fonts without a configuration of one's own.
fn folders() -> Vec<PathBuf> {
    let of_user = |variable: &str, inside: &str| {
        std::env::var_os(variable).map(|folder| Path::new(&folder).join(inside))
    };
    let system = ["/usr/share/fonts", "/usr/local/share/fonts"].map(PathBuf::from);
    let users = [
        of_user("XDG_DATA_HOME", "fonts"),
        of_user("HOME", ".local/share/fonts"),
        of_user("HOME", ".fonts"),
    ];
    system.into_iter().chain(users.into_iter().flatten()).collect()
}

/// Adds the font files in `folder`.
fn find(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(metadata) = path.metadata() else { continue };
        if metadata.is_dir() && depth > 0 {
            find(&path, depth - 1, files);
        }
        let extension = path.extension().map(|extension| extension.to_ascii_lowercase());
        let is_font = extension.is_some_and(|end| end == "ttf" || end == "otf" || end == "ttc");
        // The font of last resort has a box for every letter.
        let is_last_resort = path.to_string_lossy().contains("LastResort");
        let is_small = metadata.is_file() && metadata.len() <= LARGEST;
        if is_font && is_small && !is_last_resort && files.len() < FILES {
            files.push(path);
        }
    }
}

/// Whether the letter's form or place depends on its neighbors, which needs more than a font: Hebrew,
/// Arabic, the scripts of India and its neighbors, Hangul in parts, and what joins emoji.
fn needs_shaping(letter: char) -> bool {
    matches!(u32::from(letter),
        0x0590..=0x109F | 0x1100..=0x11FF | 0x1700..=0x18AF | 0x1900..=0x1CFF | 0x200C..=0x200F
        | 0x202A..=0x202E | 0x2066..=0x2069 | 0xA800..=0xABFF | 0xD7B0..=0xD7FF | 0xFB1D..=0xFDFF
        | 0xFE70..=0xFEFF | 0x10800..=0x11FFF | 0x1E800..=0x1EFFF)
}

/// Whether a letter only says how the one before it is drawn.
fn is_silent(letter: char) -> bool {
    matches!(letter, '\u{FE00}'..='\u{FE0F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_that_join_their_letters_are_numbers() {
        for plain in
            ["cats", "кошка", "Ελλάδα", "Žluťoučký kůň", "a→b", "cafe\u{301}", "I ❤\u{FE0F} it"]
        {
            assert!(is_writable(plain), "{plain}");
        }
        for joined in ["แมว", "बिल्ली", "قطة", "חתול", "👩\u{200D}🚀", "a\u{202E}b", "a\nb"]
        {
            assert!(!is_writable(joined), "{joined}");
        }
        let classes = ["cat", "แมว", "قطة"].map(str::to_owned);
        let names: Vec<String> =
            classes.iter().enumerate().map(|(label, class)| name(class, label)).collect();
        assert_eq!(names, ["cat", "class 2", "class 3"]);
        let key = key(&classes).unwrap();
        assert!(
            key.contains("number 2 of 3 classes") && key.contains("class 2 is แมว, class 3"),
            "{key}"
        );
        assert_eq!(super::key(&classes[..1]), None);
    }

    #[test]
    fn without_fonts_of_the_system_letters_are_missing() {
        let mut fonts = Fonts::new(&[]);
        assert_eq!((fonts.with('ж'), fonts.with('猫'), fonts.with('猫')), (Some(0), None, None));
        // A file that is no font is passed over.
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("sans")).unwrap();
        std::fs::write(folder.path().join("sans/Broken-Regular.ttf"), b"no font").unwrap();
        let mut fonts = Fonts::new(&[folder.path().to_owned(), folder.path().join("nowhere")]);
        assert_eq!((fonts.files.len(), fonts.with('猫')), (1, None));
    }

    /// The built-in font stands for a system's: it lacks no letter that it has.
    #[test]
    fn a_font_of_the_system_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("Mono.TTF");
        std::fs::write(&file, dejavu::sans::regular()).unwrap();
        let mut fonts = Fonts::new(&[folder.path().to_owned()]);
        fonts.loaded.clear();
        assert_eq!((fonts.with('ж'), fonts.with('a'), fonts.with('猫')), (Some(0), Some(0), None));
        assert_eq!(fonts.loaded.len(), 1);
    }

    #[test]
    fn letters_stand_as_the_font_says() {
        let (outlines, width) = line("Tr dan", 80.0);
        assert_eq!(outlines.len(), 5);
        let edges: Vec<_> = outlines.iter().map(OutlinedGlyph::px_bounds).collect();
        // r moves under the roof of T, and a follows d as n follows a.
        assert!(edges[1].min.x - edges[0].max.x < 1.0, "{edges:?}");
        let gaps = [edges[3].min.x - edges[2].max.x, edges[4].min.x - edges[3].max.x];
        assert!((gaps[0] - gaps[1]).abs() < 5.0 && gaps[0] > 3.0, "{gaps:?}");
        assert!(width > edges[4].max.x && width < edges[4].max.x + 15.0, "{width}");
        // Letters that no font has are one mark.
        assert_eq!(line("a แมว b", 20.0).1, line("a … b", 20.0).1);
    }
}
