//! Titles as people wrote them, or cleaned for matching.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::html::strip_html;

/// Whether titles are cleaned when a catalogue is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TitleMode {
    /// Literal `\xNN` byte escapes decoded to UTF-8, HTML stripped, Unicode NFC.
    #[default]
    Clean,
    /// As in the file.
    Raw,
}

/// Decodes literal `\xNN` escapes, strips HTML tags and entities, normalises to NFC, collapses white space.
pub fn clean_title(raw: &str) -> String {
    cleaned(raw).into_owned()
}

/// As [`clean_title`], without a copy where nothing changes.
pub(super) fn cleaned(raw: &str) -> Cow<'_, str> {
    let decoded = decode_escapes(raw);
    let stripped = apply(decoded, strip_html);
    let normal = apply(stripped, |text| match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        _ => Cow::Owned(text.nfc().collect()),
    });
    apply(normal, collapse_space)
}

/// Runs a step that may keep its input, keeping the longest possible borrow.
fn apply<'t>(text: Cow<'t, str>, step: impl Fn(&str) -> Cow<'_, str>) -> Cow<'t, str> {
    match text {
        // The two arms differ in how long the result may live.
        Cow::Borrowed(text) => step(text),
        Cow::Owned(text) => match step(&text) {
            Cow::Owned(changed) => Cow::Owned(changed),
            Cow::Borrowed(part) if part.len() == text.len() => Cow::Owned(text),
            Cow::Borrowed(part) => Cow::Owned(part.to_owned()),
        },
    }
}

/// Runs of `\xNN` become the UTF-8 they spell; bytes that spell none stay as they are written.
fn decode_escapes(text: &str) -> Cow<'_, str> {
    if !text.contains("\\x") {
        return Cow::Borrowed(text);
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\\x") {
        let (before, from) = rest.split_at(at);
        decoded.push_str(before);
        let (run, n_read) = escaped_run(from);
        if n_read == 0 {
            decoded.push_str("\\x");
            rest = from.get(2..).unwrap_or("");
            continue;
        }
        for chunk in run.utf8_chunks() {
            decoded.push_str(chunk.valid());
            for byte in chunk.invalid() {
                decoded.push_str(&format!("\\x{byte:02x}"));
            }
        }
        rest = from.get(n_read..).unwrap_or("");
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

/// The bytes spelled by the escapes at the start of `text`, and how much of it they take.
fn escaped_run(text: &str) -> (Vec<u8>, usize) {
    let mut run = Vec::new();
    let mut n_read = 0;
    while let Some([b'\\', b'x', high, low]) = text.as_bytes().get(n_read..n_read + 4) {
        let digit = |byte: &u8| char::from(*byte).to_digit(16);
        let (Some(high), Some(low)) = (digit(high), digit(low)) else {
            break;
        };
        run.push((high * 16 + low) as u8);
        n_read += 4;
    }
    (run, n_read)
}

/// White space and control characters between words become one space; none at the ends.
fn collapse_space(text: &str) -> Cow<'_, str> {
    let is_gap = |letter: char| letter.is_whitespace() || letter.is_control() || letter == '\u{feff}';
    let mut last_was_gap = true;
    let is_clean = text.chars().all(|letter| {
        let gap = is_gap(letter);
        let fits = !gap || (letter == ' ' && !last_was_gap);
        last_was_gap = gap;
        fits
    });
    if text.is_empty() || (is_clean && !last_was_gap) {
        return Cow::Borrowed(text);
    }
    let mut collapsed = String::with_capacity(text.len());
    for word in text.split(is_gap).filter(|word| !word.is_empty()) {
        if !collapsed.is_empty() {
            collapsed.push(' ');
        }
        collapsed.push_str(word);
    }
    Cow::Owned(collapsed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::{clean_title, cleaned};

    fn check(raw: &str, expected: &str) {
        assert_eq!(clean_title(raw), expected, "{raw:?}");
    }

    #[test]
    fn escapes_become_the_letters_they_spell() {
        check(r"Nescafe \xc3\x89clair Latte", "Nescafe Éclair Latte");
        check(r"\xF0\x9F\x94\xA5HOT\xe2\x80\x93SALE", "🔥HOT–SALE");
        check(r"50\xcm \xc3 \xc3\xa9\xff \x4", r"50\xcm \xc3 é\xff \x4");
        check(r"C:\xyz\x", r"C:\xyz\x");
        check(r"a\x0ab\x00c", "a b c");
    }

    #[test]
    fn titles_are_put_in_one_form() {
        check("e\u{301}clair", "éclair");
        check("  two\t\nwords\u{a0} here ", "two words here");
        check("", "");
        check(" \n", "");
        check("<b>Zoe</b> Tank &amp; Top<br/>new", "Zoe Tank & Top new");
        check(r"<p>Cr\xc3\xa8me</p>", "Crème");
        check("Tea 500ml (3 < 5) <3", "Tea 500ml (3 < 5) <3");
    }

    #[test]
    fn a_clean_title_is_not_copied() {
        for title in ["Maling TTS Canned Pork 397 gr", "Crème brûlée", "R&B 3<5"] {
            assert!(matches!(cleaned(title), std::borrow::Cow::Borrowed(_)), "{title}");
        }
    }

    proptest! {
        #[test]
        fn no_title_panics_and_white_space_is_single(raw in "(\\\\x[0-9a-f]{0,2}|<[a-z/!-]{0,4}>?|&#?[a-z0-9]{0,5};?|\\PC| |\\t){0,20}") {
            let clean = clean_title(&raw);
            assert_eq!(clean.trim(), clean);
            assert!(!clean.contains("  ") && !clean.contains('\t'), "{clean:?}");
        }
    }
}
