//! From a file's bytes to text: UTF-8 with or without a byte-order mark, UTF-16 with one, else Windows-1252 (of
//! which Latin-1 is a part). Bytes that fit nowhere become U+FFFD; nothing is refused here but binary files.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// How the bytes were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// As UTF-8 or UTF-16, without a doubt.
    Unicode,
    /// As Unicode, but some bytes were damaged and stand as U+FFFD.
    Damaged,
    /// As Windows-1252, because it is not UTF-8.
    Latin,
}

/// Text and how it was read. A byte-order mark is not part of the text.
#[derive(Debug)]
pub(super) struct DecodedText {
    /// The text.
    pub text: String,
    /// How the bytes were read.
    pub reading: Reading,
}

/// Decodes a whole file.
pub(super) fn decode_text(bytes: Vec<u8>) -> DecodedText {
    match Encoding::for_bom(&bytes) {
        Some((encoding, mark_len)) if encoding != UTF_8 => {
            let (text, is_damaged) =
                encoding.decode_without_bom_handling(bytes.get(mark_len..).unwrap_or(&[]));
            let reading = if is_damaged { Reading::Damaged } else { Reading::Unicode };
            DecodedText { text: text.into_owned(), reading }
        }
        _ => decode_without_mark(bytes),
    }
}

fn decode_without_mark(bytes: Vec<u8>) -> DecodedText {
    match String::from_utf8(bytes) {
        Ok(mut text) => {
            if text.starts_with('\u{feff}') {
                text.drain(..'\u{feff}'.len_utf8());
            }
            DecodedText { text, reading: Reading::Unicode }
        }
        Err(error) => {
            let bytes = error.as_bytes();
            if is_mostly_utf8(bytes) {
                let text = String::from_utf8_lossy(bytes);
                let text = text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned();
                return DecodedText { text, reading: Reading::Damaged };
            }
            let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
            DecodedText { text: text.into_owned(), reading: Reading::Latin }
        }
    }
}

/// Whether sound multi-byte characters outnumber unsound bytes by far: then a few rows are damaged. Text in
/// Windows-1252 has hardly any sound multi-byte character.
fn is_mostly_utf8(bytes: &[u8]) -> bool {
    let (mut n_sound, mut n_unsound) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        n_sound += chunk.valid().bytes().filter(|byte| *byte >= 0xc0).count();
        n_unsound += usize::from(!chunk.invalid().is_empty());
    }
    n_sound >= 4 * n_unsound
}

/// Why these bytes are no text, where they are not.
pub(super) fn binary_reason(bytes: &[u8]) -> Option<&'static str> {
    if bytes.is_empty() {
        return Some("the file is empty");
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Some("it is a spreadsheet or archive; save the table as CSV");
    }
    if bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        return Some("it is an old Office file; save the table as CSV");
    }
    if bytes.starts_with(b"%PDF") {
        return Some("it is a PDF");
    }
    let is_marked = matches!(Encoding::for_bom(bytes), Some((encoding, _)) if encoding != UTF_8);
    if is_marked {
        return None;
    }
    if bytes.starts_with(b"\xff\xd8\xff") || (image::guess_format(bytes).is_ok() && bytes.contains(&0)) {
        return Some("it is a picture; give the folder that holds it");
    }
    let head = bytes.get(..8192).unwrap_or(bytes);
    head.contains(&0).then_some("it holds zero bytes, so it is no text (UTF-16 needs a byte-order mark)")
}

#[cfg(test)]
mod tests {
    use super::{Reading, binary_reason, decode_text};

    fn check(bytes: &[u8], expected: &str, reading: Reading) {
        let decoded = decode_text(bytes.to_vec());
        assert_eq!((decoded.text.as_str(), decoded.reading), (expected, reading));
    }

    #[test]
    fn every_usual_encoding_is_read() {
        check(b"", "", Reading::Unicode);
        check("Crème".as_bytes(), "Crème", Reading::Unicode);
        check(b"\xef\xbb\xbfid,t", "id,t", Reading::Unicode);
        check(b"\xff\xfei\0d\0\xe9\0", "idé", Reading::Unicode);
        check(b"\xfe\xff\0i\0d\0\xe9", "idé", Reading::Unicode);
        check(b"\xff\xfe\0\xd8a\0", "\u{fffd}a", Reading::Damaged);
        check(b"Cr\xe8me br\xfbl\xe9e \x80 5", "Crème brûlée € 5", Reading::Latin);
        check(b"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 \xff", "éééé \u{fffd}", Reading::Damaged);
    }

    #[test]
    fn binary_files_are_named() {
        for (bytes, expected) in [
            (&b""[..], "empty"),
            (b"PK\x03\x04rest", "spreadsheet"),
            (b"\x89PNG\r\n\x1a\n\0", "picture"),
            (b"a\0b", "zero bytes"),
        ] {
            assert!(binary_reason(bytes).is_some_and(|reason| reason.contains(expected)), "{expected}");
        }
        assert_eq!(binary_reason(b"BMW,title\n"), None);
        assert_eq!(binary_reason(b"\xff\xfei\0"), None);
    }
}
