//! The segments of a JPEG, found as libjpeg finds them.

use memchr::memchr;

/// A reader of segments, behind the start of the image.
pub(super) struct Segments<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Segments<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 2 }
    }

    /// The next marker; stray bytes and fill bytes before it are skipped. `None` at the end of the
    /// file.
    pub fn marker(&mut self) -> Option<u8> {
        loop {
            self.at += memchr(0xFF, self.bytes.get(self.at..)?)?;
            let code = self.code()?;
            if code != 0 {
                return Some(code);
            }
        }
    }

    /// The data of the segment whose marker was just read; `None` if the file ends in them, or if
    /// their length is impossible.
    pub fn data(&mut self) -> Option<&'a [u8]> {
        let length = u16::from_be_bytes(*self.bytes.get(self.at..)?.first_chunk()?);
        let data = self.bytes.get(self.at + 2..self.at + usize::from(length))?;
        self.at += usize::from(length);
        Some(data)
    }

    /// The data of the scan whose header was just read, with the restart markers inside: as many as
    /// follow in order, but at most `restarts`. Also returns their number.
    pub fn scan_data(&mut self, restarts: usize) -> (&'a [u8], usize) {
        let (start, mut found) = (self.at, 0);
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            self.at += memchr(0xFF, rest).unwrap_or(rest.len());
            let end = self.at;
            match self.code() {
                Some(0) => {}
                Some(code) if found < restarts && code == restart_marker(found) => found += 1,
                _ => {
                    self.at = end;
                    return (&self.bytes[start..end], found);
                }
            }
        }
    }

    /// The byte after one or more bytes FF.
    fn code(&mut self) -> Option<u8> {
        while *self.bytes.get(self.at)? == 0xFF {
            self.at += 1;
        }
        self.at += 1;
        Some(self.bytes[self.at - 1])
    }
}

/// The marker after the restart interval of this index.
pub(super) fn restart_marker(interval: usize) -> u8 {
    0xD0 + (interval % 8) as u8
}
